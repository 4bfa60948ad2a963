package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// ticksPerSecond is the unit of the times in /proc/PID/stat. The kernel promises 100 to programs (USER_HZ, time(7)).
const ticksPerSecond = 100

// dieWithParent has the kernel kill the process when this one dies.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// CPU is the time that the process has run on all CPUs so far, in user and in kernel mode, to 10 ms. It knows a process that
// runs only on Linux; of one that has ended, on every system.
func (p *Process) CPU() (time.Duration, error) {
	fields, over, err := p.stat()
	if err != nil || over != nil {
		return over.cpu(), err
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("process: /proc/PID/stat has the times %q and %q", fields[11], fields[12])
	}
	return time.Duration(user+system) * (time.Second / ticksPerSecond), nil
}

// RSS is the memory of the process that is in RAM now, in bytes. Only Linux can tell.
func (p *Process) RSS() (int64, error) {
	fields, over, err := p.stat()
	if err != nil {
		return 0, err
	}
	if over != nil {
		return 0, ErrNotRunning
	}
	pages, err := strconv.ParseInt(string(fields[21]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("process: /proc/PID/stat has the size %q", fields[21])
	}
	return pages * int64(os.Getpagesize()), nil
}

// stat are the fields of /proc/PID/stat from the third on (proc_pid_stat(5)), or the run if it has ended. The second is the
// program's name, which may have spaces in it.
func (p *Process) stat() (fields [][]byte, over *life, err error) {
	p.mu.Lock()
	l := p.life
	p.mu.Unlock()
	if l == nil {
		return nil, nil, ErrNotRunning
	}
	if l.over() {
		return nil, l, nil
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", l.cmd.Process.Pid))
	if err != nil {
		if l.over() {
			return nil, l, nil
		}
		return nil, nil, fmt.Errorf("process: %w", err)
	}
	fields = bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 22 {
		return nil, nil, fmt.Errorf("process: /proc/PID/stat has %d fields", len(fields)+2)
	}
	return fields, nil, nil
}

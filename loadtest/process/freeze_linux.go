package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	freezeEvery = time.Millisecond // between two looks at whether the program stands still
	freezeMax   = 30 * time.Second // for it to do so, on a machine that is overloaded
)

// Freeze halts the program with SIGSTOP, and returns when it does stand still: each of its threads. The signal alone does not
// mean that, a thread that runs on another CPU goes on for a moment. What it was sent meanwhile waits for Thaw; Kill ends it
// as it is. Only Linux can tell when a process stands still, so that Freeze works nowhere else.
func (p *Process) Freeze() error {
	if err := p.signal("freeze", syscall.SIGSTOP); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), freezeMax)
	defer cancel()
	tick := time.NewTicker(freezeEvery)
	defer tick.Stop()
	for {
		l := p.present()
		if l == nil {
			return fmt.Errorf("process: freeze: %w", ErrNotRunning)
		}
		still, err := stands(l.cmd.Process.Pid)
		if still {
			return nil
		}
		select {
		case <-tick.C:
		case <-l.done:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("process: freeze: it does not stand still: %w", ctx.Err()), err)
		}
	}
}

// Thaw lets the program go on after Freeze. It is no error if it was not frozen.
func (p *Process) Thaw() error { return p.signal("thaw", syscall.SIGCONT) }

func (p *Process) signal(what string, signal syscall.Signal) error {
	l := p.present()
	if l == nil {
		return fmt.Errorf("process: %s: %w", what, ErrNotRunning)
	}
	if err := l.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("process: %s: %w", what, err)
	}
	return nil
}

// stands tells whether every thread of a process is stopped (proc_pid_stat(5), state). New ones cannot come meanwhile: one that
// was started in the last moment is stopped with the others, and seen at the second look at the folder.
func stands(pid int) (bool, error) {
	for range 2 {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil || len(threads) == 0 {
			return false, err
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			switch {
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
				continue // it has ended
			case err != nil:
				return false, err
			}
			rest := bytes.TrimLeft(text[bytes.LastIndexByte(text, ')')+1:], " ")
			if len(rest) == 0 || !bytes.ContainsRune([]byte("TXZ"), rune(rest[0])) {
				return false, nil
			}
		}
	}
	return true, nil
}

//go:build !linux

package process

import (
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// dieWithParent can do nothing here: whoever starts processes has to end them.
func dieWithParent(*exec.Cmd) {}

// CPU is the time that the process has run on all CPUs so far, in user and in kernel mode. It knows a process that runs only
// on Linux; of one that has ended, on every system.
func (p *Process) CPU() (time.Duration, error) {
	p.mu.Lock()
	l := p.life
	p.mu.Unlock()
	switch {
	case l == nil:
		return 0, ErrNotRunning
	case !l.over():
		return 0, fmt.Errorf("process: the CPU time of a process that runs: %w", errors.ErrUnsupported)
	}
	return l.cpu(), nil
}

// RSS is the memory of the process that is in RAM now, in bytes. Only Linux can tell.
func (p *Process) RSS() (int64, error) {
	return 0, fmt.Errorf("process: the memory of a process that runs: %w", errors.ErrUnsupported)
}

// Freeze would halt the program and return when each of its threads stands still, which only Linux can tell.
func (p *Process) Freeze() error {
	return fmt.Errorf("process: freeze: %w", errors.ErrUnsupported)
}

// Thaw lets the program go on after Freeze.
func (p *Process) Thaw() error { return fmt.Errorf("process: thaw: %w", errors.ErrUnsupported) }

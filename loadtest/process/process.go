// Package process runs a plywire server in a process of its own: it is started, killed in the middle of anything, and started
// again on the same folder and port, and its use of the machine can be read.
//
// It must know of the server only the command line, the exit status and /readyz.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Config says what is run. Binary and Ready may be left out.
type Config struct {
	Binary string   // the program; empty: the one that is running
	Args   []string // its arguments, such as "serve", "--listen", address
	Env    []string // NAME=value, beside those of this process but for PLYWIRE_…, which are flags meant for this one
	Log    io.Writer
	// Ready says whether the server can be used; see ReadyAt. It is asked again and again. Nil: the server is ready when it
	// has been started.
	Ready func(ctx context.Context) error
}

// ErrNotRunning says that there is no process, or not any more.
var ErrNotRunning = errors.New("process: not running")

// readyMax bounds the wait for a server to be ready, where ctx does not.
const readyMax = time.Minute

// Process is a server in a process of its own. Its methods may be called by several goroutines at once.
type Process struct {
	config Config

	mu   sync.Mutex
	life *life // the present one, or the last; nil: none yet
}

// life is one run of the program, from its start to its end.
type life struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended, after err was set
	err  error         // how: nil for exit status 0
}

// Start starts the program and waits until it is ready. When it does not become so, it is killed, and the error says why.
func Start(ctx context.Context, config Config) (*Process, error) {
	p, err := New(config)
	if err != nil {
		return nil, err
	}
	if err := p.Launch(); err != nil {
		return nil, err
	}
	if err := p.WaitReady(ctx); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// New is a process that has not been started.
func New(config Config) (*Process, error) {
	if config.Binary == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("process: which program to run: %w", err)
		}
		config.Binary = self
	}
	return &Process{config: config}, nil
}

// Launch starts the program, for the first time or again, and does not wait until it is ready. It is an error if it runs.
//
// On Linux the program is killed when this process dies, however it does.
func (p *Process) Launch() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != nil && !p.life.over() {
		return fmt.Errorf("process: %s runs already, as %d", p.config.Binary, p.life.cmd.Process.Pid)
	}
	cmd := exec.Command(p.config.Binary, p.config.Args...)
	inherited := slices.DeleteFunc(os.Environ(), func(name string) bool { return strings.HasPrefix(name, "PLYWIRE_") })
	cmd.Env = slices.Concat(inherited, p.config.Env)
	cmd.Stdout, cmd.Stderr = p.config.Log, p.config.Log
	cmd.WaitDelay = time.Second // whoever inherited its output must not hold up those who wait for its end
	dieWithParent(cmd)
	l := &life{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go l.run(started)
	if err := <-started; err != nil {
		return fmt.Errorf("process: start: %w", err)
	}
	p.life = l
	return nil
}

// run starts the program and waits for its end, on one thread: Linux takes the death of the thread that started a process
// for the death of its parent.
func (l *life) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := l.cmd.Start()
	started <- err
	if err == nil {
		l.err = l.cmd.Wait()
	}
	close(l.done)
}

func (l *life) over() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// cpu is what a run that has ended has used. A run that is not there has used nothing.
func (l *life) cpu() time.Duration {
	if l == nil || l.cmd.ProcessState == nil {
		return 0
	}
	return l.cmd.ProcessState.UserTime() + l.cmd.ProcessState.SystemTime()
}

// present is the run that is under way, or nil.
func (p *Process) present() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == nil || p.life.over() {
		return nil
	}
	return p.life
}

// Kill ends the program with SIGKILL and returns when it is gone. It is no error if it does not run.
func (p *Process) Kill() error {
	l := p.present()
	if l == nil {
		return nil
	}
	if err := l.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("process: kill: %w", err)
	}
	<-l.done
	return nil
}

// Terminate ends the program with SIGTERM and returns how it ended: nil for exit status 0. When ctx ends first it is killed.
func (p *Process) Terminate(ctx context.Context) error {
	l := p.present()
	if l == nil {
		return ErrNotRunning
	}
	if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("process: terminate: %w", err)
	}
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("process: it did not end when it was told to: %w", context.Cause(ctx)), p.Kill())
	}
}

// Wait returns when the program has ended, with how it did: nil for exit status 0; or the error of ctx.
func (p *Process) Wait(ctx context.Context) error {
	p.mu.Lock()
	l := p.life
	p.mu.Unlock()
	if l == nil {
		return ErrNotRunning
	}
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Running says whether the program runs.
func (p *Process) Running() bool { return p.present() != nil }

// PID is the process's number; 0 if it does not run.
func (p *Process) PID() int {
	if l := p.present(); l != nil {
		return l.cmd.Process.Pid
	}
	return 0
}

// FreeAddress is an address on the loopback, "127.0.0.1:port", at which nobody listens now. It may be used again and again by
// a server that is started anew: the port is below those that systems give to connections that go out, one of which might
// take it while there is no server.
func FreeAddress() (string, error) {
	var err error
	for range addressTries {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", portMin+rand.IntN(portEnd-portMin))); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("process: find a free port from %d to %d: %w", portMin, portEnd-1, err)
}

// Linux gives outgoing connections ports from 32768 on, other systems from 49152 on (IANA's dynamic ports).
const (
	portMin      = 15000
	portEnd      = 32768
	addressTries = 100
)

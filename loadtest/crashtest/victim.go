package crashtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/plywire/plywire/loadtest/process"
)

// victim is a server with its lives: it is started, killed, started again, always on the same data and port.
type victim struct {
	name    string // of the node; empty where it is the only one
	server  Server
	process *process.Process // the same, of a node of a cluster; otherwise nil
	url     string
	log     *serverLog
	back    func() // is told that the server has become ready

	mu    sync.Mutex
	lives []Life
}

// launch begins a life.
func (v *victim) launch() error {
	v.mu.Lock()
	v.lives = append(v.lives, Life{Launched: time.Now()})
	v.mu.Unlock()
	return v.server.Launch()
}

// ready waits until the server serves, and tells whoever waits for that.
func (v *victim) ready(ctx context.Context) error {
	if err := v.server.WaitReady(ctx); err != nil {
		if v.crashed() {
			err = errors.Join(errCrashed, err)
		}
		return err
	}
	v.mu.Lock()
	v.lives[len(v.lives)-1].Ready = time.Now()
	v.mu.Unlock()
	v.back()
	return nil
}

// start begins a life and waits until the server serves.
func (v *victim) start(ctx context.Context) error { return errors.Join(v.launch(), v.ready(ctx)) }

// kill ends the present life. It is no error if the server is dead already, but see crashed.
func (v *victim) kill() error { return v.end(v.server.Kill()) }

// stop ends it in peace.
func (v *victim) stop(ctx context.Context) error { return v.end(v.server.Terminate(ctx)) }

func (v *victim) end(err error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := len(v.lives); n > 0 && v.lives[n-1].Dead.IsZero() {
		v.lives[n-1].Dead = time.Now()
	}
	return err
}

// crashed tells whether the server has ended by itself. Requires: nobody has ended it.
func (v *victim) crashed() bool { return !v.server.Running() }

// history is a copy of the lives so far.
func (v *victim) history() []Life {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Life(nil), v.lives...)
}

// close kills the server if it runs, and closes its log.
func (v *victim) close() error { return errors.Join(v.kill(), v.log.close()) }

// errCrashed says that the server has ended by itself.
var errCrashed = errors.New("the server has ended by itself")

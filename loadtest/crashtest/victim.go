package crashtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/plywire/plywire/loadtest/process"
)

// victim is the server with its lives: it is started, killed, started again, always on the same data and port.
type victim struct {
	server Server
	url    string
	key    []byte // with which users' tokens are signed
	log    *serverLog

	mu    sync.Mutex
	lives []Life
	reset chan struct{} // replaced whenever the server has become ready again
}

// newVictim prepares the server and does not start it.
func newVictim(config Config, folder string) (v *victim, err error) {
	v = &victim{key: newKey(), reset: make(chan struct{})}
	key := filepath.Join(folder, "token.b64")
	if err := os.WriteFile(key, encodeKey(v.key), 0o600); err != nil {
		return nil, err
	}
	if v.log, err = newServerLog(filepath.Join(folder, "server.log")); err != nil {
		return nil, err
	}
	if config.Server != nil {
		v.server, v.url, err = config.Server(key)
	} else {
		v.server, v.url, err = v.plywire(config.Binary, folder, key, config.Serve)
	}
	if err != nil {
		return nil, errors.Join(err, v.log.close())
	}
	return v, nil
}

// plywire is the server as a process of its own.
func (v *victim) plywire(binary, folder, key string, more []string) (Server, string, error) {
	address, err := process.FreeAddress()
	if err != nil {
		return nil, "", err
	}
	url := "http://" + address
	args := []string{
		"serve", "--listen", address, "--admin", "off", "--data", filepath.Join(folder, "served"), "--jwt-key", key,
		"--limits", "off", "--disk-free-min", "0", "--log-format", "json", "--log-level", "info", "--drain-within", "0s",
		// A few shards that snapshot and trim all the time: a kill finds them at it.
		"--shards", "16", "--snapshot-events", "4", "--snapshot-interval", "200ms", "--upkeep-interval", "50ms"}
	p, err := process.New(process.Config{Binary: binary, Log: v.log, Ready: process.ReadyAt(url), Args: append(args, more...)})
	return p, url, err
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
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lives[len(v.lives)-1].Ready = time.Now()
	close(v.reset)
	v.reset = make(chan struct{})
	return nil
}

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

// crashed tells whether the server has ended by itself.
func (v *victim) crashed() bool { return !v.server.Running() }

// reborn is closed when the server has become ready the next time.
func (v *victim) reborn() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reset
}

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

package crashtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/plywire/plywire/loadtest/process"
)

// victim is the server: it is started, killed, started again, always on the same folder and port.
type victim struct {
	process *process.Process
	url     string
	key     []byte // with which users' tokens are signed
	log     *serverLog

	mu    sync.Mutex
	lives []Life
	reset chan struct{} // replaced whenever the server has become ready again
}

// newVictim prepares the server and does not start it.
func newVictim(config Config, folder string) (*victim, error) {
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	v := &victim{url: "http://" + address, key: newKey(), reset: make(chan struct{})}
	key := filepath.Join(folder, "token.b64")
	if err := os.WriteFile(key, encodeKey(v.key), 0o600); err != nil {
		return nil, err
	}
	if v.log, err = newServerLog(filepath.Join(folder, "server.log")); err != nil {
		return nil, err
	}
	arguments := []string{"serve", "--listen", address, "--admin", "off", "--data", filepath.Join(folder, "served"), "--jwt-key", key,
		"--limits", "off", "--disk-free-min", "0", "--log-format", "json", "--log-level", "info", "--drain-within", "0s",
		// A few shards that snapshot and trim all the time: a kill finds them at it.
		"--shards", "16", "--snapshot-events", "4", "--snapshot-interval", "200ms", "--upkeep-interval", "50ms"}
	v.process, err = process.New(process.Config{Binary: config.Binary, Args: append(arguments, config.Arguments...), Log: v.log,
		Ready: process.ReadyAt(v.url)})
	return v, err
}

// launch begins a life.
func (v *victim) launch() error {
	v.mu.Lock()
	v.lives = append(v.lives, Life{Launched: time.Now()})
	v.mu.Unlock()
	return v.process.Launch()
}

// ready waits until the server serves, and tells whoever waits for that.
func (v *victim) ready(ctx context.Context) error {
	if err := v.process.WaitReady(ctx); err != nil {
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
func (v *victim) kill() error { return v.end(v.process.Kill()) }

// stop ends it in peace.
func (v *victim) stop(ctx context.Context) error { return v.end(v.process.Terminate(ctx)) }

func (v *victim) end(err error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := len(v.lives); n > 0 && v.lives[n-1].Dead.IsZero() {
		v.lives[n-1].Dead = time.Now()
	}
	return err
}

// crashed tells whether the server has ended by itself.
func (v *victim) crashed() bool { return !v.process.Running() }

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

// serverLog keeps what the server says in a file, and counts its errors. It belongs to one process at a time.
type serverLog struct {
	mu     sync.Mutex
	file   *os.File
	line   []byte // the last one, which is not complete
	errors int
	first  []string
}

func newServerLog(path string) (*serverLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &serverLog{file: file}, nil
}

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line, p...)
	for {
		line, rest, whole := bytes.Cut(l.line, []byte{'\n'})
		if !whole {
			break
		}
		// What does not begin like a line of the log is a panic, or what the server says before it logs.
		if bytes.Contains(line, []byte(`"level":"error"`)) || bytes.HasPrefix(line, []byte("panic:")) || bytes.HasPrefix(line, []byte("fatal error:")) {
			if l.errors++; len(l.first) < 10 {
				l.first = append(l.first, string(line))
			}
		}
		l.line = rest
	}
	l.line = bytes.Clone(l.line[:min(len(l.line), 64<<10)])
	return l.file.Write(p)
}

// failures are the number of errors, and the first of them.
func (l *serverLog) failures() (int, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errors, append([]string(nil), l.first...)
}

func (l *serverLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// errCrashed says that the server has ended by itself.
var errCrashed = fmt.Errorf("the server has ended by itself")

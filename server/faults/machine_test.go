// Package faults tests whole servers on disks that fail: games are in flight when it happens.
package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/loadtest/process"
	"github.com/plywire/plywire/server"
)

// machine is a server in this process, on a drive of its own and at the end of a cable. What kills it is a fault of the disk,
// or a loss of power.
type machine struct {
	t      *testing.T
	key    auth.KeyFile // of users' tokens
	cable  *cable
	folder string // of what is not on the drive: the key of resume tokens
	log    *process.Tail
	// die is how Kill begins. Then the cable is cut and the power goes; of what was not synced that many blocks of a hundred
	// are on the drive.
	die    func(m *machine, l *life) (percent int, err error)
	random *rand.Rand
	change func(c *server.Config) // nil: nothing is

	mu    sync.Mutex
	drive *drive
	life  *life
}

// life is one run of the server.
type life struct {
	stop context.CancelFunc
	done chan struct{}
	url  string // of the server itself; set before up is closed
	up   chan struct{}
	err  error // of the whole run; set before done is closed
}

// endMax is how long a server may take to end by itself after its disk has failed.
const endMax = 15 * time.Second

func newMachine(t *testing.T, seed uint64) *machine {
	return &machine{t: t, cable: newCable(t), folder: t.TempDir(), log: new(process.Tail), drive: newDrive(), random: rand.New(rand.NewPCG(seed, 1)),
		die: func(*machine, *life) (int, error) { return 0, nil }}
}

func (m *machine) config() server.Config {
	c := server.DefaultConfig(game.NewRegistry(chess.Rules{}), m.folder)
	c.Listen, c.Admin, c.Log = "127.0.0.1:0", "", zerolog.New(m.log)
	c.Gateway.Node, c.Gateway.Limits, c.Gateway.DrainWithin = "faulty", false, 10*time.Millisecond
	c.Store.Dir, c.Store.Shards, c.Store.FreeBytesMin, c.Store.MemTableBytes = "store", 8, 0, 1<<20
	m.mu.Lock()
	c.Store.FS = m.drive
	m.mu.Unlock()
	c.Shard.SnapshotEvents, c.Shard.SnapshotInterval, c.Shard.UpkeepInterval = 4, 200*time.Millisecond, 50*time.Millisecond
	if m.key.Path != "" {
		c.Auth.Keys = []auth.KeyFile{m.key}
	}
	if m.change != nil {
		m.change(&c)
	}
	return c
}

// Launch implements crashtest.Server.
func (m *machine) Launch() error {
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{stop: cancel, done: make(chan struct{}), up: make(chan struct{})}
	config := m.config()
	go func() {
		defer close(l.done)
		s, err := server.Start(ctx, config)
		if err != nil {
			l.err = err
			return
		}
		l.url = s.URL()
		m.cable.plug(l.url[len("http://"):])
		close(l.up)
		l.err = s.Run(ctx, endMax)
	}()
	m.mu.Lock()
	m.life = l
	m.mu.Unlock()
	return nil
}

// WaitReady implements crashtest.Server.
func (m *machine) WaitReady(ctx context.Context) error {
	l := m.present()
	select {
	case <-l.up:
	case <-l.done:
		return errors.Join(errEnded, l.err)
	case <-ctx.Done():
		return ctx.Err()
	}
	return process.ReadyAt(m.cable.url())(ctx)
}

var errEnded = errors.New("the server has ended before it was ready")

func (m *machine) present() *life {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.life
}

// Kill implements crashtest.Server.
func (m *machine) Kill() error {
	l := m.present()
	if l == nil {
		return nil
	}
	percent, died := m.die(m, l)
	m.cable.cut()
	m.mu.Lock()
	m.drive = m.drive.unplugged(percent, m.random)
	m.mu.Unlock()
	l.stop()
	<-l.done
	return died
}

// Terminate implements crashtest.Server.
func (m *machine) Terminate(ctx context.Context) error {
	l := m.present()
	l.stop()
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Running implements crashtest.Server.
func (m *machine) Running() bool {
	select {
	case <-m.present().done:
		return false
	default:
		return true
	}
}

// ended waits for the server to end by itself, and returns how.
func (l *life) ended() error {
	select {
	case <-l.done:
		return l.err
	case <-time.After(endMax):
		return errLives
	}
}

var errLives = errors.New("the server lives on a disk that has failed")

// status asks for a page of the server.
func status(url string) int {
	asker := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := asker.Get(url)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

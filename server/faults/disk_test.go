package faults

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/loadtest/crashtest"
)

// death is one way in which a machine ends.
type death struct {
	name string
	die  func(m *machine, l *life) (percent int, err error)
}

// failed wants that the server has ended by itself, and has said why.
func failed(l *life, cause error) error {
	if err := l.ended(); !errors.Is(err, cause) || !strings.Contains(err.Error(), "repair or free the disk") && l.isUp() {
		return fmt.Errorf("the disk failed with %q, and the server ended with %w", cause, err)
	}
	return nil
}

func (l *life) isUp() bool {
	select {
	case <-l.up:
		return true
	default:
		return false
	}
}

var deaths = []death{
	{"power lost", func(*machine, *life) (int, error) { return 0, nil }},
	{"power lost, writes torn", func(m *machine, _ *life) (int, error) { return 1 + m.random.IntN(99), nil }},
	{"sync failed", func(m *machine, l *life) (int, error) {
		m.drive.fail(syscall.EIO)
		return m.random.IntN(100), failed(l, syscall.EIO)
	}},
	{"disk full", func(m *machine, l *life) (int, error) {
		m.drive.fill(m.random.Int64N(32 << 10))
		return m.random.IntN(100), failed(l, syscall.ENOSPC)
	}},
}

// TestDisksFail plays games on a machine whose disk fails again and again, in the middle of everything, each time in another
// way. What was acknowledged is there, whatever happens.
func TestDisksFail(t *testing.T) {
	const seed = 1
	m := newMachine(t, seed)
	counts, died := map[string]int{}, 0
	m.die = func(m *machine, l *life) (int, error) {
		if !m.Running() {
			return 0, nil // it has ended in peace
		}
		d := deaths[died%len(deaths)] // each in its turn: the crash test draws the moments
		died++
		counts[d.name]++
		return d.die(m, l)
	}
	config := crashtest.DefaultConfig()
	config.Folder, config.Seed, config.Kills, config.Games, config.Rate = t.TempDir(), seed, 24, 16, 160
	config.Again, config.Timeout = 0.5, 5*time.Minute
	config.Server = func(key string) (crashtest.Server, string, error) {
		m.key = auth.KeyFile{Path: key}
		return m, m.cable.url(), nil
	}
	report, err := crashtest.Run(t.Context(), config)
	t.Logf("%v\n%s", counts, report)
	if err := errors.Join(err, report.Err()); err != nil {
		t.Fatalf("%v\nthe server said\n%s", err, m.log)
	}
	for _, d := range deaths {
		if counts[d.name] == 0 {
			t.Errorf("no death was of the kind %q", d.name)
		}
	}
}

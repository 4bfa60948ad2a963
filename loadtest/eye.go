package loadtest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// eye reads everything that one connection is told of a game.
type eye struct {
	name string
	game *client.Game
	done chan struct{}
	saw  func(wire.Message) // called for each message; may be nil

	mu     sync.Mutex
	events map[uint64]wire.Message
	bases  []uint64 // seqs of the whole states
	last   uint64
	ply    int
	ended  bool
	faults []error
	news   chan struct{} // replaced at each change, for those who wait
}

// open begins to read. It ends with ctx.
func open(ctx context.Context, name string, game *client.Game, saw func(wire.Message)) *eye {
	e := &eye{name: name, game: game, saw: saw, done: make(chan struct{}), events: make(map[uint64]wire.Message), news: make(chan struct{})}
	go e.read(ctx)
	return e
}

func (e *eye) read(ctx context.Context) {
	defer close(e.done)
	for {
		m, err := e.game.Next(ctx)
		if err != nil {
			e.mu.Lock()
			if ctx.Err() == nil {
				e.faults = append(e.faults, err)
			}
			e.wake()
			e.mu.Unlock()
			return
		}
		if e.saw != nil {
			e.saw(m)
		}
		e.take(m)
	}
}

func (e *eye) take(m wire.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.wake()
	if m.Type == wire.TypeGame {
		if m.Seq < e.last {
			e.faults = append(e.faults, fmt.Errorf("the server went back from seq %d to %d", e.last, m.Seq))
		}
		e.bases = append(e.bases, m.Seq)
		e.last, e.ply, e.ended = m.Seq, m.Plies(), m.Status == "ended"
		return
	}
	if m.Seq != e.last+1 {
		e.faults = append(e.faults, fmt.Errorf("event %s has seq %d after %d", m.Type, m.Seq, e.last))
	}
	e.last = m.Seq
	e.events[m.Seq] = m
	switch m.Type {
	case "moved", "taken_back":
		e.ply = m.Plies()
	case "ended":
		e.ended = true
	}
}

// wake lets all look again who wait. Requires: e.mu is held.
func (e *eye) wake() {
	close(e.news)
	e.news = make(chan struct{})
}

// until waits until the condition holds, which is asked with e.mu held.
func (e *eye) until(ctx context.Context, what string, holds func() bool) error {
	for {
		e.mu.Lock()
		ok, news, broken := holds(), e.news, len(e.faults) > 0
		last := e.last
		e.mu.Unlock()
		switch {
		case ok:
			return nil
		case broken:
			return fmt.Errorf("%s saw what must not be", e.name)
		}
		select {
		case <-news:
		case <-e.done:
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s waits for %s after seq %d: %w", e.name, what, last, context.Cause(ctx))
			default:
				return fmt.Errorf("%s is gone while waiting for %s", e.name, what)
			}
		case <-ctx.Done():
			return fmt.Errorf("%s waits for %s after seq %d: %w", e.name, what, last, context.Cause(ctx))
		}
	}
}

func (e *eye) untilPly(ctx context.Context, ply int) error {
	return e.until(ctx, fmt.Sprintf("ply %d", ply), func() bool { return e.ply >= ply || e.ended })
}

func (e *eye) untilSeq(ctx context.Context, seq uint64) error {
	return e.until(ctx, fmt.Sprintf("seq %d", seq), func() bool { return e.last >= seq })
}

func (e *eye) untilEnded(ctx context.Context) error {
	return e.until(ctx, "the end", func() bool { return e.ended })
}

// check compares what was seen with the server's own history: each event is there, and is the same. What came before a
// whole state need not have been seen.
func (e *eye) check(history []wire.Message) []error {
	e.mu.Lock()
	defer e.mu.Unlock()
	faults := e.faults
	for i := range history {
		seq := uint64(i + 1)
		seen, is := e.events[seq]
		if !is {
			if len(e.bases) == 0 || seq > e.bases[len(e.bases)-1] {
				faults = append(faults, fmt.Errorf("%s never saw event %d (%s)", e.name, seq, history[i].Type))
			}
			continue
		}
		if a, b := canonical(seen), canonical(history[i]); a != b {
			faults = append(faults, fmt.Errorf("%s saw event %d as %s, the server has %s", e.name, seq, a, b))
		}
	}
	if int(e.last) != len(history) {
		faults = append(faults, fmt.Errorf("%s is at seq %d, the server at %d", e.name, e.last, len(history)))
	}
	return faults
}

func canonical(m wire.Message) string {
	text, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// latencies collects durations of many games. It is safe for concurrent use.
type latencies struct {
	mu   sync.Mutex
	hist histogram
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.hist.RecordValue(min(max(d.Microseconds(), 1), latencyMost)) // in range, so it cannot fail
}

package crashtest

import (
	"context"
	"fmt"
	"sync"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// eye reads and keeps everything that one connection is told of a game. What is wrong with it is found when it is judged.
type eye struct {
	name   string
	game   *client.Game
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	saw   []wire.Message
	last  uint64
	ply   int
	ended bool
	fault error         // why there will be no more
	news  chan struct{} // replaced at each change, for those who wait
}

// open begins to read, until ctx ends or close is called.
func open(ctx context.Context, name string, game *client.Game) *eye {
	ctx, cancel := context.WithCancel(ctx)
	e := &eye{name: name, game: game, cancel: cancel, done: make(chan struct{}), news: make(chan struct{})}
	go e.read(ctx)
	return e
}

func (e *eye) read(ctx context.Context) {
	defer close(e.done)
	for {
		m, err := e.game.Next(ctx)
		e.mu.Lock()
		if err != nil {
			e.fault = fmt.Errorf("%s: %w", e.name, err)
		} else {
			e.take(m)
		}
		close(e.news)
		e.news = make(chan struct{})
		e.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take keeps a message. Requires: e.mu is held.
func (e *eye) take(m wire.Message) {
	e.saw = append(e.saw, m)
	e.last = m.Seq
	switch m.Type {
	case wire.TypeGame:
		e.ply, e.ended = m.Plies(), m.Status == "ended"
	case "moved":
		e.ply = m.Plies()
	case "ended":
		e.ended = true
	}
}

// until waits until the condition holds, which is asked with e.mu held. The error says for what it has waited in vain.
func (e *eye) until(ctx context.Context, what string, holds func() bool) error {
	for {
		e.mu.Lock()
		ok, news, fault, last := holds(), e.news, e.fault, e.last
		e.mu.Unlock()
		switch {
		case ok:
			return nil
		case fault != nil:
			return fault
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("%s waits for %s after event %d: %w", e.name, what, last, context.Cause(ctx))
		}
	}
}

func (e *eye) untilPly(ctx context.Context, ply int) error {
	return e.until(ctx, fmt.Sprintf("ply %d", ply), func() bool { return e.ply >= ply || e.ended })
}

func (e *eye) untilSeq(ctx context.Context, seq uint64) error {
	return e.until(ctx, fmt.Sprintf("event %d", seq), func() bool { return e.last >= seq })
}

func (e *eye) hasEnded() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ended
}

// close ends the reading, and returns what was seen.
func (e *eye) close() Witness {
	e.cancel()
	<-e.done
	return Witness{Name: e.name, Saw: e.saw}
}

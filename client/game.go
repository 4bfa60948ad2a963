package client

import (
	"context"
	"fmt"

	"github.com/plywire/plywire/wire"
)

// Game is one game's messages, in order. It is made by Follow, or by the Client itself when a game is created or joined, so
// that nothing is lost until Follow. Client.mu guards it, but for what never changes.
type Game struct {
	c     *Client
	id    string
	ready chan struct{} // holds a token when Next has something to do

	followed bool // by Follow
	guessed  bool // it may be the game of a create that is under way
	named    bool // the last hello named it

	queue []*wire.Message
	last  uint64 // seq of the last message that was queued, or, if lost, that came
	based bool   // what comes after last is what is wanted
	lost  bool   // the queue was full: only the whole state will do

	healing bool   // what is missing was asked for, or will be
	healed  uint64 // last when what was missing was asked for
	states  uint64 // whole states that came
	err     error  // the server does not give the game, or it was left
}

// Follow watches the game: Next hands out its messages from then on. Of a game that this Client created or joined it hands
// out everything since then; of any other the whole state comes first. The error is as of Do; ErrFollowed if this Client
// follows the game already.
//
// A game is followed until Leave, also when it has ended: a rematch may be offered. A player should
// follow his games: the server counts those as gone who do not watch.
func (c *Client) Follow(ctx context.Context, game string) (*Game, error) {
	c.mu.Lock()
	g := c.keep(game)
	if g.followed {
		c.mu.Unlock()
		return nil, fmt.Errorf("%w: %s", ErrFollowed, game)
	}
	c.follow(g)
	has := g.based || g.lost
	c.mu.Unlock()
	if has {
		return g, nil
	}
	if _, err := c.Do(ctx, wire.Request{Type: wire.TypeWatch, Game: game}); err != nil {
		c.mu.Lock()
		c.forget(g, err)
		c.mu.Unlock()
		return nil, err
	}
	return g, nil
}

// ID is the game's id.
func (g *Game) ID() string { return g.id }

// Next returns the game's next message, and waits for it until ctx ends. It is either an event, whose Seq is one more than
// that of the message before, or the whole state (type "game") as of its Seq, which replaces all that was known of the
// game. The first message is one of the two; later a whole state comes when the server does not have the missing events at
// hand any more, and when Config.QueueLen messages were waiting: then they are given up, nothing of the game is kept until
// Next is called again, and it goes on with the whole state. So one that nobody reads costs a bounded amount of memory, and
// whoever reads slowly skips.
//
// A whole state with a Seq less than that of the message before says that the server has lost what it had made known.
//
// The error is that of ctx; a *Refused if the server does not give the game any more; ErrLeft; or what Client.Err returns,
// once the queue is empty. Several goroutines may call Next; each message goes to one of them.
func (g *Game) Next(ctx context.Context) (wire.Message, error) {
	for {
		m, err := g.next()
		switch {
		case m != nil:
			return *m, nil
		case err != nil:
			return wire.Message{}, fmt.Errorf("game %s: %w", g.id, err)
		}
		select {
		case <-g.ready:
		case <-ctx.Done():
			return wire.Message{}, ctx.Err()
		case <-g.c.done: // next will say why
		}
	}
}

// next takes the next message out of the queue, or says why there is none, or has done what makes one come.
func (g *Game) next() (*wire.Message, error) {
	c := g.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(g.queue) > 0 {
		m := g.queue[0]
		// The queue is short; moving it keeps its array.
		n := copy(g.queue, g.queue[1:])
		g.queue[n] = nil
		g.queue = g.queue[:n]
		if n > 0 {
			g.signal()
		}
		return m, nil
	}
	switch {
	case g.err != nil:
		g.signal()
		return nil, g.err
	case c.err != nil:
		return nil, c.err
	case g.lost:
		c.heal(g)
	}
	return nil, nil
}

// Leave stops watching the game and ends this Game. A player keeps the seat. The error is as of Do; the Game has ended all
// the same.
func (g *Game) Leave(ctx context.Context) error {
	_, err := g.c.Do(ctx, wire.Request{Type: wire.TypeLeave, Game: g.id})
	return err
}

// signal wakes one Next.
func (g *Game) signal() {
	select {
	case g.ready <- struct{}{}:
	default:
	}
}

// take folds a message of the game into the queue of at most limit, and tells whether something is missing, and whether the
// queue was full.
func (g *Game) take(m *wire.Message, limit int) (missing, overflow bool) {
	whole := m.Type == wire.TypeGame
	switch {
	case whole:
		g.states++
		if g.based && m.Seq == g.last {
			return false, false // as known
		}
	case g.lost:
		g.last = max(g.last, m.Seq)
		return false, false
	case g.based && m.Seq <= g.last:
		return false, false // a repetition
	case !g.based && m.Seq != 1, g.based && m.Seq != g.last+1:
		return true, false
	}
	if overflow = len(g.queue) >= limit; overflow {
		g.queue = nil
	}
	g.based, g.lost, g.last = whole || !overflow, overflow && !whole, m.Seq
	if g.based {
		g.queue = append(g.queue, m)
	}
	g.signal()
	return false, overflow
}

package loadtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// match is one record being played: two players, and those who watch.
type match struct {
	run    *run
	record Record
	plan   plan
	chaos  *mischief // nil: none

	id      string
	clock   *wire.ClockTerms
	clients [2]*client.Client
	eyes    [2]*eye
	others  []*client.Client
	watch   []*eye
	cancel  context.CancelFunc

	mu   sync.Mutex
	sent map[int]time.Time // by ply: when the move was sent
	acks []ack
}

// ack is a command that the server has acknowledged.
type ack struct {
	seq  uint64
	ply  int // moves made by it
	move string
}

// play plays the record to its end and checks what was seen. The errors are all that was wrong.
func (m *match) play(ctx context.Context) (faults []error) {
	ctx, m.cancel = context.WithTimeoutCause(ctx, m.run.config.GameTimeout, errors.New("the game took too long"))
	defer m.close()
	if err := m.begin(ctx); err != nil {
		return []error{err}
	}
	for ply, move := range m.record.Moves {
		if err := m.move(ctx, ply, move); err != nil {
			return append(m.seen(), fmt.Errorf("ply %d, %s: %w", ply+1, move, err))
		}
	}
	if err := m.end(ctx); err != nil {
		return append(m.seen(), fmt.Errorf("the end by %s: %w", m.plan.reason, err))
	}
	if err := m.allEnded(ctx); err != nil {
		return append(m.seen(), err)
	}
	if m.chaos != nil {
		if err := m.chaos.all(ctx, m, over, len(m.record.Moves)); err != nil {
			return append(m.seen(), err)
		}
	}
	return m.verify(ctx)
}

func (m *match) begin(ctx context.Context) (err error) {
	for i := range m.clients {
		if m.clients[i], err = m.run.connect(ctx); err != nil {
			return err
		}
	}
	m.plan = planFor(m.record, m.clients[0].TestClock())
	m.clock = atLeast(m.record.Clock, m.run.config.ClockMin)
	if m.plan.how == endsAbandoned {
		m.clock = atLeast(m.clock, abandonClock)
	}
	white, black := m.clients[0], m.clients[1]
	created, err := m.do(ctx, white, wire.Request{Type: wire.TypeCreate, Rules: "chess", Seat: "white", Clock: m.clock})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	m.id = created.Game
	if m.eyes[0], err = m.follow(ctx, "white", white); err != nil {
		return err
	}
	if m.chaos != nil {
		if err = m.chaos.all(ctx, m, waiting, 0); err != nil {
			return err
		}
	}
	if _, err = m.do(ctx, black, wire.Request{Type: wire.TypeJoin, Game: m.id}); err != nil {
		return fmt.Errorf("join: %w", err)
	}
	if m.eyes[1], err = m.follow(ctx, "black", black); err != nil {
		return err
	}
	for i := range m.run.config.Watchers {
		c, err := m.run.connect(ctx)
		if err != nil {
			return err
		}
		m.others = append(m.others, c)
		e, err := m.follow(ctx, fmt.Sprintf("watcher %d", i+1), c)
		if err != nil {
			return err
		}
		m.watch = append(m.watch, e)
	}
	return nil
}

func (m *match) follow(ctx context.Context, name string, c *client.Client) (*eye, error) {
	g, err := c.Follow(ctx, m.id)
	if err != nil {
		return nil, fmt.Errorf("%s follows: %w", name, err)
	}
	seat := map[string]int{"white": 0, "black": 1}
	who, player := seat[name]
	return open(ctx, name, g, func(message wire.Message) {
		if message.Type != "moved" || !player || message.Plies()%2 == (who+1)%2 {
			return // only the opponent's moves are measured
		}
		m.mu.Lock()
		sent, known := m.sent[message.Plies()]
		m.mu.Unlock()
		if known {
			m.run.received.add(time.Since(sent))
		}
	}), nil
}

// move has the side whose turn it is play, when it has seen the move before.
func (m *match) move(ctx context.Context, ply int, move string) error {
	mover := ply % 2
	if err := m.eyes[mover].untilPly(ctx, ply); err != nil {
		return err
	}
	if err := m.run.pace(ctx); err != nil {
		return err
	}
	if m.chaos != nil {
		if err := m.chaos.before(ctx, m, ply, move); err != nil {
			return err
		}
	}
	sent := time.Now()
	m.mu.Lock()
	m.sent[ply+1] = sent
	m.mu.Unlock()
	answer, err := m.do(ctx, m.clients[mover], moveRequest(m, ply, move))
	if err != nil {
		return err
	}
	m.run.acknowledged.add(time.Since(sent))
	if total := m.run.moves.Add(1); m.run.config.Moved != nil {
		m.run.config.Moved(total)
	}
	m.acks = append(m.acks, ack{answer.Seq, ply + 1, move})
	return nil
}

// do sends a request that the server has to grant.
func (m *match) do(ctx context.Context, from *client.Client, request wire.Request) (wire.Message, error) {
	request.ID = uuid.NewString()
	if m.chaos != nil {
		return m.chaos.do(ctx, m, from, request)
	}
	return from.Do(ctx, request)
}

// end brings the game to the end that it had.
func (m *match) end(ctx context.Context) error {
	toMove := len(m.record.Moves) % 2
	var err error
	switch m.plan.how {
	case endsItself:
	case endsResigned:
		_, err = m.do(ctx, m.clients[m.plan.loser], wire.Request{Type: wire.TypeResign, Game: m.id})
	case endsAborted:
		_, err = m.do(ctx, m.clients[0], wire.Request{Type: wire.TypeAbort, Game: m.id})
	case endsClaimed:
		_, err = m.do(ctx, m.clients[toMove], wire.Request{Type: wire.TypeClaim, Game: m.id, What: m.plan.what})
	case endsAgreed:
		err = m.agree(ctx, m.clients[toMove], m.clients[1-toMove], m.eyes[1-toMove])
	case endsFlagged:
		err = m.clients[1-toMove].Advance(ctx, m.id, flagTime)
	case endsAbandoned:
		err = m.abandon(ctx)
	}
	return err
}

// agree has one player offer a draw, and the other accept it when he has seen the offer.
func (m *match) agree(ctx context.Context, one, other *client.Client, eye *eye) error {
	offer, err := m.do(ctx, one, wire.Request{Type: wire.TypeOffer, Game: m.id, What: "draw"})
	if err != nil {
		return err
	}
	if err := eye.untilSeq(ctx, offer.Seq); err != nil {
		return err
	}
	_, err = m.do(ctx, other, wire.Request{Type: wire.TypeAccept, Game: m.id, What: "draw"})
	return err
}

// abandon has the loser go away, and the winner claim the game.
func (m *match) abandon(ctx context.Context) error {
	winner := m.clients[1-m.plan.loser]
	if err := m.clients[m.plan.loser].Close(); err != nil {
		return err
	}
	<-m.eyes[m.plan.loser].done
	m.eyes[m.plan.loser] = nil
	for {
		// The server may not have noticed yet that the connection is gone: then the grace begins a little later.
		if err := winner.Advance(ctx, m.id, graceTime); err != nil {
			return err
		}
		_, err := winner.Claim(ctx, m.id, "abandonment")
		if client.CodeOf(err) != wire.CodeForbidden {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// all are the eyes that are open.
func (m *match) all() []*eye {
	var all []*eye
	for _, e := range append(m.eyes[:], m.watch...) {
		if e != nil {
			all = append(all, e)
		}
	}
	return all
}

// allEnded waits until all have seen the end.
func (m *match) allEnded(ctx context.Context) error {
	for _, e := range m.all() {
		if err := e.untilEnded(ctx); err != nil {
			return err
		}
	}
	return nil
}

// seen are the faults that the eyes have found so far.
func (m *match) seen() (faults []error) {
	for _, e := range m.all() {
		e.mu.Lock()
		for _, fault := range e.faults {
			faults = append(faults, fmt.Errorf("%s: %w", e.name, fault))
		}
		e.mu.Unlock()
	}
	return faults
}

func (m *match) close() {
	m.cancel()
	for _, c := range append(m.clients[:], m.others...) {
		if c == nil {
			continue
		}
		stats := c.Stats()
		m.run.reconnects.Add(int64(max(stats.Connects, 1) - 1))
		m.run.resent.Add(int64(stats.Resent))
		m.run.healed.Add(int64(stats.Healed))
		_ = c.Close()
	}
	for _, e := range m.all() {
		<-e.done
	}
}

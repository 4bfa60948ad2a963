package loadtest

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/google/uuid"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// mischief sends what is to be refused, and what is to count once, between the moves of a game. What it does follows from
// its seed.
type mischief struct {
	rand     *rand.Rand
	stranger *client.Client // has no seat in the game
}

// prank is one thing to be refused.
type prank struct {
	name    string
	from    func(m *match, mover int) *client.Client
	request func(m *match, ply int, move string) wire.Request
	want    wire.Code
}

func fromMover(m *match, mover int) *client.Client { return m.clients[mover] }
func fromOther(m *match, mover int) *client.Client { return m.clients[1-mover] }
func fromStranger(m *match, _ int) *client.Client  { return m.chaos.stranger }

func moveRequest(m *match, ply int, move string) wire.Request {
	return wire.Request{Type: wire.TypeMove, Game: m.id, Ply: &ply, Move: &move}
}

var pranks = []prank{
	{"a move that is none", fromMover, func(m *match, ply int, _ string) wire.Request { return moveRequest(m, ply, "e2m3") }, wire.CodeIllegalMove},
	{"a move of no piece", fromMover, func(m *match, ply int, _ string) wire.Request { return moveRequest(m, ply, "e5e5") }, wire.CodeIllegalMove},
	{"an empty move", fromMover, func(m *match, ply int, _ string) wire.Request { return moveRequest(m, ply, "") }, wire.CodeIllegalMove},
	{"a move out of turn", fromOther, moveRequest, wire.CodeNotYourTurn},
	{"a move of a ply to come", fromMover, func(m *match, ply int, move string) wire.Request { return moveRequest(m, ply+2, move) }, wire.CodeStalePly},
	{"a move of a ply gone by", fromMover, func(m *match, ply int, move string) wire.Request { return moveRequest(m, ply-1, move) }, wire.CodeStalePly},
	{"a stranger's move", fromStranger, moveRequest, wire.CodeNotSeated},
	{"a stranger's resignation", fromStranger, func(m *match, _ int, _ string) wire.Request {
		return wire.Request{Type: wire.TypeResign, Game: m.id}
	}, wire.CodeNotSeated},
	{"a third player", fromStranger, func(m *match, _ int, _ string) wire.Request {
		return wire.Request{Type: wire.TypeJoin, Game: m.id}
	}, wire.CodeSeatTaken},
	{"an unknown type", fromMover, func(m *match, _ int, _ string) wire.Request {
		return wire.Request{Type: "checkmate", Game: m.id}
	}, wire.CodeUnknownType},
	{"a game that is not there", fromMover, func(_ *match, ply int, move string) wire.Request {
		return wire.Request{Type: wire.TypeMove, Game: uuid.NewString(), Ply: &ply, Move: &move}
	}, wire.CodeNotFound},
	{"acceptance of no offer", fromMover, func(m *match, _ int, _ string) wire.Request {
		return wire.Request{Type: wire.TypeAccept, Game: m.id, What: "draw"}
	}, wire.CodeNoSuchOffer},
	{"a claim that does not hold", fromOther, func(m *match, _ int, _ string) wire.Request {
		return wire.Request{Type: wire.TypeClaim, Game: m.id, What: "checkmate"}
	}, wire.CodeIllegalMove},
	{"a move without a ply", fromMover, func(m *match, _ int, move string) wire.Request {
		return wire.Request{Type: wire.TypeMove, Game: m.id, Move: &move}
	}, wire.CodeBadMessage},
}

// before does something that is to be refused, before about every third move.
func (c *mischief) before(ctx context.Context, m *match, ply int, move string) error {
	if c.rand.IntN(3) != 0 {
		return nil
	}
	p := pranks[c.rand.IntN(len(pranks))]
	_, err := p.from(m, ply%2).Do(ctx, p.request(m, ply, move))
	m.run.pranks.Add(1)
	if got := client.CodeOf(err); got != p.want {
		return fmt.Errorf("mischief: %s was answered with %q (%v), want %q", p.name, got, err, p.want)
	}
	return nil
}

// after sends the same move again, after about every fourth: it has to be answered as before. That it has had no second
// effect shows in the history.
func (c *mischief) after(ctx context.Context, m *match, request wire.Request, seq uint64) error {
	if c.rand.IntN(4) != 0 {
		return nil
	}
	answer, err := m.clients[(*request.Ply)%2].Do(ctx, request)
	m.run.pranks.Add(1)
	if err != nil || answer.Seq != seq {
		return fmt.Errorf("mischief: the move sent twice was answered with seq %d (%v), want %d", answer.Seq, err, seq)
	}
	return nil
}

package game

import (
	"fmt"
	"time"
)

// madeMove is the memory of a move that is allowed, taken at once.
type madeMove struct {
	events [1]Event
	clocks [2]time.Duration // where there are more seats, the clocks find room elsewhere
}

// move decides on a move: its freshness, its legality, and what it costs on the clock.
func (g *Game) move(s Seat, cmd Command, at time.Time) ([]Event, error) {
	ply, oldest := g.Ply(), g.Ply()
	awaited := g.Turn().Has(s)
	if awaited {
		// Where seats move at the same time, what the others did since the turn began does not make a move stale.
		oldest = g.seats[s].turnPly
	}
	switch {
	case cmd.Ply < oldest || cmd.Ply > ply:
		return nil, fmt.Errorf("%w: ply is %d and not %d", ErrStalePly, ply, cmd.Ply)
	case !awaited:
		return nil, ErrNotYourTurn
	case len(cmd.Move) > MoveBytesMax:
		return nil, fmt.Errorf("%w: a move of %d bytes, want at most %d", ErrIllegal, len(cmd.Move), MoveBytesMax)
	}
	made := new(madeMove)
	ev := &made.events[0]
	ev.Kind, ev.Seat, ev.Ply = EventMoved, s, ply+1
	if g.running() {
		elapsed, lag := g.charge(s, at, cmd.Lag)
		// A clock that shows 0 has not run out before the delay has.
		if elapsed > 0 && elapsed >= g.track.left[s] {
			return []Event{g.ended(g.flagged(s), at)}, fmt.Errorf("%w: your time has run out", ErrGameOver)
		}
		ev.Elapsed, ev.Lag, ev.Clocks = elapsed, lag, append(made.clocks[:0], g.track.left...)
		ev.Clocks[s] += g.terms.Clock.Increment - elapsed
	}
	move, err := g.pos.Decide(s, cmd.Move)
	if err != nil {
		return nil, err
	}
	ev.Move = move
	if move.End == nil {
		return made.events[:], nil
	}
	return append(made.events[:], Event{Kind: EventEnded, Result: move.End, Clocks: ev.Clocks}), nil
}

// claim decides on an ending that a player asks for.
func (g *Game) claim(s Seat, cmd Command, at time.Time) ([]Event, error) {
	if cmd.What == ClaimAbandonment {
		if !cmd.Absent {
			return nil, fmt.Errorf("%w: your opponent is here, or has not been gone for long enough", ErrForbidden)
		}
		return []Event{g.ended(Won(s, ReasonAbandonment), at)}, nil
	}
	claimer, ok := g.pos.(Claimer)
	if !ok {
		return nil, fmt.Errorf("%w: %s knows no claim but %q", ErrIllegal, g.terms.Rules, ClaimAbandonment)
	}
	result, err := claimer.Claim(s, cmd.What)
	if err != nil {
		return nil, err
	}
	return []Event{g.ended(result, at)}, nil
}

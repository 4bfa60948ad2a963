package game

import (
	"fmt"
	"time"
)

// move decides on a move: its freshness, its legality, and what it costs on the clock.
func (g *Game) move(s Seat, cmd Command, at time.Time) ([]Event, error) {
	turn := g.pos.Turn()
	if cmd.Ply > g.ply || cmd.Ply < 0 {
		return nil, fmt.Errorf("%w: ply is %d and not %d", ErrStalePly, g.ply, cmd.Ply)
	}
	if !turn.Has(s) {
		if cmd.Ply < g.ply {
			return nil, fmt.Errorf("%w: ply is %d and not %d", ErrStalePly, g.ply, cmd.Ply)
		}
		return nil, ErrNotYourTurn
	}
	// Where seats move at the same time, what the others did since the turn began does not make a move stale.
	if cmd.Ply < g.seats[s].turnPly {
		return nil, fmt.Errorf("%w: ply is %d and not %d", ErrStalePly, g.ply, cmd.Ply)
	}
	if len(cmd.Move) > MoveBytesMax {
		return nil, fmt.Errorf("%w: a move of %d bytes, want at most %d", ErrIllegal, len(cmd.Move), MoveBytesMax)
	}
	ev := Event{Kind: EventMoved, Seat: s, Ply: g.ply + 1}
	if g.terms.Clock.Clocked() {
		elapsed, lag := g.charge(s, at, cmd.Lag)
		left := g.seats[s].left - elapsed
		if left <= 0 {
			return []Event{g.ended(g.flagged(s))}, fmt.Errorf("%w: your time has run out", ErrGameOver)
		}
		ev.Elapsed, ev.Lag, ev.Clocks = elapsed, lag, g.clocks()
		ev.Clocks[s] = left + g.terms.Clock.Increment
	}
	move, err := g.pos.Decide(s, cmd.Move)
	if err != nil {
		return nil, err
	}
	ev.Move = move
	events := []Event{ev}
	switch {
	case move.End != nil:
		events = append(events, Event{Kind: EventEnded, Result: move.End, Clocks: ev.Clocks})
	case g.Seq()+2 >= EventsMax:
		result := Drawn(ReasonAborted)
		events = append(events, Event{Kind: EventEnded, Result: &result, Clocks: ev.Clocks})
	}
	return events, nil
}

// claim decides on an ending that a player asks for.
func (g *Game) claim(s Seat, cmd Command) ([]Event, error) {
	if cmd.What == ClaimAbandonment {
		if !cmd.Absent {
			return nil, fmt.Errorf("%w: your opponent is here, or has not been gone for long enough", ErrForbidden)
		}
		return []Event{g.ended(Won(s, ReasonAbandonment))}, nil
	}
	claimer, ok := g.pos.(Claimer)
	if !ok {
		return nil, fmt.Errorf("%w: %s knows no claim but %q", ErrIllegal, g.terms.Rules, ClaimAbandonment)
	}
	result, err := claimer.Claim(s, cmd.What)
	if err != nil {
		return nil, err
	}
	return []Event{g.ended(result)}, nil
}

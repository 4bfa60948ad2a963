package game

import (
	"fmt"
	"time"
)

// EventsMax bounds a game: from half of it on, offers are refused; a game that reaches it is aborted.
const EventsMax = 1 << 14

// IDBytesMax is the longest command id and user id, in bytes.
const IDBytesMax = 256

// Decide says what would happen if cmd came at time at: events to be journaled and then applied in order, or a refusal that
// wraps one of this package's errors. It changes nothing. A command can be refused and yet have events: a move that comes
// after the player's flag has fallen ends the game.
//
// Requires: no answer for the command's id is known; see Answer.
func (g *Game) Decide(cmd Command, at time.Time) ([]Event, error) {
	if len(cmd.ID) > IDBytesMax || len(cmd.User.ID) > IDBytesMax {
		return nil, fmt.Errorf("%w: a command id or user id of more than %d bytes", ErrForbidden, IDBytesMax)
	}
	if g.status == StatusNone && cmd.Kind != CommandCreate {
		return nil, ErrNotFound
	}
	events, err := g.decide(cmd, at)
	for i := range events {
		events[i].Seq = g.Seq() + 1 + uint64(i)
		events[i].At = at
	}
	if len(events) > 0 {
		events[0].Cause = Cause{User: cmd.User.ID, Command: cmd.ID}
	}
	return events, err
}

func (g *Game) decide(cmd Command, at time.Time) ([]Event, error) {
	switch cmd.Kind {
	case CommandCreate:
		return g.create(cmd)
	case CommandTick:
		return g.tick(at), nil
	case CommandThaw:
		return g.thaw(cmd), nil
	case CommandJoin:
		return g.join(cmd)
	}
	s := g.SeatOf(cmd.User.ID)
	if s == NoSeat {
		return nil, ErrNotSeated
	}
	switch cmd.Kind {
	case CommandOffer, CommandAccept, CommandDecline:
		return g.negotiate(s, cmd)
	case CommandAbort:
		return g.abort()
	}
	switch {
	case g.status == StatusEnded:
		return nil, ErrGameOver
	case g.status == StatusWaiting:
		return nil, ErrGameNotStarted
	}
	switch cmd.Kind {
	case CommandMove:
		return g.move(s, cmd, at)
	case CommandResign:
		return []Event{g.ended(g.lost(s, ReasonResignation))}, nil
	case CommandClaim:
		return g.claim(s, cmd)
	}
	return nil, fmt.Errorf("%w: command of kind %d", ErrForbidden, cmd.Kind)
}

// Deadline is when the game wants CommandTick, or zero if it waits for nobody's time to run out.
func (g *Game) Deadline() time.Time {
	switch {
	case g.status == StatusWaiting:
		return g.madeAt.Add(WaitingMax)
	case g.status == StatusPlaying && g.terms.Clock.Clocked():
		_, deadline := g.nextFlag()
		return deadline
	}
	return time.Time{}
}

// tick ends what has run out of time by at.
func (g *Game) tick(at time.Time) []Event {
	deadline := g.Deadline()
	if deadline.IsZero() || at.Before(deadline) {
		return nil
	}
	if g.status == StatusWaiting {
		return []Event{g.ended(Drawn(ReasonAborted))}
	}
	s, _ := g.nextFlag()
	return []Event{g.ended(g.flagged(s))}
}

func (g *Game) abort() ([]Event, error) {
	switch {
	case g.status == StatusEnded:
		return nil, ErrGameOver
	case g.status == StatusPlaying && g.ply >= len(g.seats):
		return nil, fmt.Errorf("%w: every side has moved; resign instead", ErrCannotAbort)
	}
	return []Event{g.ended(Drawn(ReasonAborted))}, nil
}

func (g *Game) ended(result Result) Event {
	return Event{Kind: EventEnded, Result: &result, Clocks: g.clocks()}
}

// lost is the result when a seat gives up or goes: with two seats the other one wins, with more nobody does.
func (g *Game) lost(s Seat, reason Reason) Result { return Won(g.other(s), reason) }

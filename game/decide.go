package game

import (
	"fmt"
	"time"
)

// EventsMax bounds a game: from half of it on, offers are refused; a game that is about to reach it is aborted.
const EventsMax = 1 << 14

// IDBytesMax is the longest command id, user id and user name, in bytes.
const IDBytesMax = 256

// Decide says what would happen if cmd came at time at: events to be journaled and then applied in order, or a refusal that
// wraps one of this package's errors. It changes nothing. A command can be refused and yet have events: a move that comes
// after the player's flag has fallen ends the game.
//
// at may carry a monotonic clock reading, and may be earlier than at the command before: what came first need not be
// decided on first. Clocks are charged by it as it is; the events tell it in whole milliseconds, and never go back.
//
// Requires: no answer for the command's id is known; see Answer. If Deadline is not after at, CommandTick was decided on.
func (g *Game) Decide(cmd Command, at time.Time) ([]Event, error) {
	if len(cmd.ID) > IDBytesMax {
		return nil, fmt.Errorf("%w: a command id of %d bytes, want at most %d", ErrForbidden, len(cmd.ID), IDBytesMax)
	}
	if err := cmd.User.validate(); err != nil {
		return nil, err
	}
	if g.status == StatusNone && cmd.Kind != CommandCreate {
		return nil, ErrNotFound
	}
	events, err := g.decide(cmd, at)
	if len(events) == 0 {
		return nil, err
	}
	events = g.bound(events)
	stamp := time.UnixMilli(max(at.UnixMilli(), g.track.at)).UTC()
	for i := range events {
		events[i].Seq, events[i].At = g.Seq()+1+uint64(i), stamp
		if !hasSeat(events[i].Kind) {
			events[i].Seat = NoSeat // as it is read from the journal
		}
	}
	events[0].Cause.User = cmd.User.ID
	if err == nil {
		events[0].Cause.Command = cmd.ID
	}
	return events, err
}

// bound ends a game that otherwise might have more than EventsMax events. Where it does, a command has one event.
func (g *Game) bound(events []Event) []Event {
	last := events[len(events)-1]
	if g.status != StatusPlaying || last.Kind == EventEnded || g.Seq()+uint64(len(events)) < EventsMax-1 {
		return events
	}
	result := Drawn(ReasonAborted)
	return append(events, Event{Kind: EventEnded, Result: &result, Clocks: last.Clocks})
}

func (g *Game) decide(cmd Command, at time.Time) ([]Event, error) {
	switch cmd.Kind {
	case CommandCreate:
		return g.create(cmd)
	case CommandTick:
		return g.tick(at), nil
	case CommandThaw:
		return g.thaw(cmd.Alive), nil
	case CommandJoin:
		return g.join(cmd)
	}
	s := g.SeatOf(cmd.User.ID)
	if s == NoSeat {
		return nil, ErrNotSeated
	}
	switch cmd.Kind {
	case CommandOffer, CommandAccept, CommandDecline:
		return g.negotiate(s, cmd, at)
	case CommandAbort:
		return g.abort(at)
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
		return []Event{g.ended(g.lost(s, ReasonResignation), at)}, nil
	case CommandClaim:
		return g.claim(s, cmd, at)
	}
	return nil, fmt.Errorf("%w: command of kind %d", ErrForbidden, cmd.Kind)
}

// Deadline is when the game wants CommandTick, or zero if it waits for nobody's time to run out.
func (g *Game) Deadline() time.Time {
	switch {
	case g.status == StatusWaiting:
		return g.madeAt.Add(WaitingMax)
	case g.running():
		_, deadline := g.nextFlag()
		return deadline
	}
	return time.Time{}
}

func (g *Game) abort(at time.Time) ([]Event, error) {
	switch {
	case g.status == StatusEnded:
		return nil, ErrGameOver
	case g.allMoved():
		return nil, fmt.Errorf("%w: every side has moved; resign instead", ErrCannotAbort)
	}
	return []Event{g.ended(Drawn(ReasonAborted), at)}, nil
}

// allMoved tells whether there is a move of every seat that was not taken back.
func (g *Game) allMoved() bool {
	if g.Ply() < len(g.seats) {
		return false
	}
	var moved SeatSet
	for _, each := range g.Moves() {
		moved = moved.With(each.Seat)
	}
	return moved == FirstSeats(len(g.seats))
}

func (g *Game) ended(result Result, at time.Time) Event {
	return Event{Kind: EventEnded, Result: &result, Clocks: g.clocks(at)}
}

// lost is the result when a seat gives up or goes: with two seats the other one wins, with more nobody does.
func (g *Game) lost(s Seat, reason Reason) Result { return Won(g.other(s), reason) }

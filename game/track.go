package game

import (
	"slices"
	"time"
)

// track is the part of the fold that is about numbers: when, how many moves, how much time. Most moves follow from it, so
// that the log of a game leaves out what it foretells.
type track struct {
	at        int64           // of the last event, in Unix milliseconds
	ply       int             // moves made and not taken back
	left      []time.Duration // on each seat's clock as of the last event that told it; nil: no clock
	increment time.Duration
}

// follow folds an event. It keeps nothing of it.
func (t *track) follow(ev *Event) {
	t.at = ev.At.UnixMilli()
	switch ev.Kind {
	case EventCreated:
		t.increment = ev.Terms.Clock.Increment
	case EventMoved, EventTakenBack:
		t.ply = ev.Ply
	}
	if ev.Clocks != nil {
		t.left = append(t.left[:0], ev.Clocks...)
	}
}

// shorten returns what has to be written of the next event: its time as the difference to that of the event before it, and
// of a move neither the ply nor the clocks if they are what is foretold. How they are foretold is part of the snapshot's
// format.
func (t *track) shorten(ev Event) Event {
	ev.At = time.UnixMilli(ev.At.UnixMilli() - t.at)
	if ev.Kind == EventMoved {
		if ev.Ply == t.ply+1 {
			ev.Ply = 0
		}
		if t.foretells(&ev) {
			ev.Clocks = nil
		}
	}
	return ev
}

// lengthen undoes shorten.
func (t *track) lengthen(ev Event) Event {
	ev.At = time.UnixMilli(ev.At.UnixMilli() + t.at).UTC()
	if ev.Kind == EventMoved {
		if ev.Ply == 0 {
			ev.Ply = t.ply + 1
		}
		if ev.Clocks == nil && int(ev.Seat) < len(t.left) {
			ev.Clocks = slices.Clone(t.left)
			ev.Clocks[ev.Seat] += t.increment - ev.Elapsed
		}
	}
	return ev
}

// foretells tells whether the clocks after the move are those before it, the mover's less what he has used and more by the
// increment.
func (t *track) foretells(ev *Event) bool {
	if len(ev.Clocks) != len(t.left) {
		return false
	}
	for i, left := range t.left {
		if Seat(i) == ev.Seat {
			left += t.increment - ev.Elapsed
		}
		if ev.Clocks[i] != left {
			return false
		}
	}
	return true
}

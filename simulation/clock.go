package simulation

import (
	"time"

	"github.com/plywire/plywire/game"
)

// thawLeft is the least that a player comes back to after a time in which nobody was served, if he had it before.
const thawLeft = 10 * time.Second

// lagMax is the most of a player's time that is ever taken for the network's.
const lagMax = time.Second

// clockModel is what the simulation knows of a game's clocks by itself: when each turn could be seen, and how long the
// players were served since.
type clockModel struct {
	left  []time.Duration // as of the last durable event that told it
	turns [game.SeatsMax]turnClock
	loads int // how often the game was brought into memory

	stopped mark   // when the game was quarantined last
	known   uint64 // its events by then
}

// turnClock is the turn of one seat.
type turnClock struct {
	began   uint64 // the event with which it began, or began anew
	loads   int    // of the game, when it began or was seen
	seen    bool
	since   mark // when it was seen
	settled bool
	surely  mark // when the game was told so: from then on its clock has to run
}

// begin notes that the turns of some seats begin with an event.
func (c *clockModel) begin(set game.SeatSet, seq uint64) {
	for s := range set.All() {
		c.turns[s] = turnClock{began: seq, loads: c.loads}
	}
}

// published notes that the events up to last have left the server.
func (c *clockModel) published(r *record, last uint64) {
	now := r.sim.mark()
	for s := range c.turns {
		t := &c.turns[s]
		if t.began == 0 || t.began > last {
			continue
		}
		if !t.seen {
			t.seen, t.since, t.loads = true, now, c.loads
		}
	}
}

// visible notes that the game was told that all its events have left the server. That is later than published where a
// snapshot is on its way behind them.
func (c *clockModel) visible(now mark) {
	for s := range c.turns {
		if t := &c.turns[s]; t.began != 0 && !t.settled {
			t.settled, t.surely = true, now
		}
	}
}

// served is for how long the seat was served in its turn until then, which is the most that its clock may pay. A game that
// was loaded since the turn began counts from the time of the event: it is all that the journal knows.
func (r *record) served(s game.Seat, until mark) time.Duration {
	t := r.clock.turns[s]
	if until.last {
		until.served += besideMax // it was accepted in time, and waited for its turn
	}
	if c := &r.clock; t.began <= c.known && until.served > c.stopped.served {
		until.served = c.stopped.served
	}
	switch {
	case t.began == 0:
		return 0
	case t.loads != r.clock.loads:
		return max(until.served-r.emitted[t.began-1].asOf, 0)
	case !t.seen:
		return 0
	}
	return max(until.served-t.since.served, 0)
}

// quarantined notes that nobody serves the game until the next process.
func (r *record) quarantined() {
	if c, now := &r.clock, r.sim.mark(); c.stopped.life != now.life {
		c.stopped, c.known = now, uint64(len(r.emitted))
	}
}

// charge checks what a durable event says about the clocks, and notes whose turn begins with it. before is whose turn it was,
// and at is when it was decided on.
func (r *record) charge(ev game.Event, at mark, before game.SeatSet) {
	clock := r.model.Terms().Clock
	if ev.Clocks != nil {
		r.checkClocks(ev, clock, at, before)
		r.clock.left = ev.Clocks
	}
	switch after := r.model.Turn(); ev.Kind {
	case game.EventStarted, game.EventTakenBack, game.EventClockAdjusted:
		r.clock.begin(after, ev.Seq)
	case game.EventMoved:
		r.clock.begin(after&^before.Without(ev.Seat), ev.Seq)
	}
}

func (r *record) checkClocks(ev game.Event, clock game.Clock, at mark, before game.SeatSet) {
	s := r.sim
	for i, left := range ev.Clocks {
		seat := game.Seat(i)
		if left < 0 {
			s.fail("%s: event %d leaves %v to seat %d", r, ev.Seq, left, seat)
		}
		if ev.Kind == game.EventStarted {
			continue
		}
		had, used := r.clock.left[i], time.Duration(0)
		if ev.Kind == game.EventMoved && seat == ev.Seat {
			used = ev.Elapsed
			if left != had-used+clock.Increment {
				s.fail("%s: event %d: seat %d had %v, uses %v, gets %v and has %v", r, ev.Seq, seat, had, used, clock.Increment, left)
			}
			r.checkMove(ev, clock)
		} else {
			used = had - left
		}
		switch served := r.served(seat, at); {
		case used < 0:
			s.fail("%s: event %d, %s, gives seat %d %v", r, ev.Seq, ev.Kind, seat, -used)
		case used > 0 && !before.Has(seat):
			s.fail("%s: event %d, %s, charges seat %d %v, and it is not to move", r, ev.Seq, ev.Kind, seat, used)
		case used > served:
			s.fail("%s: event %d, %s, charges seat %d %v, and it was served for %v", r, ev.Seq, ev.Kind, seat, used, served)
		case ev.Kind == game.EventClockAdjusted && left < min(had, thawLeft):
			s.fail("%s: event %d: seat %d had %v and comes back to %v", r, ev.Seq, seat, had, left)
		}
	}
	if ev.Result != nil && endings(ev.Result.Reason) == Flags {
		r.checkFlag(ev, clock, at, before)
	}
}

// checkMove checks that a move pays for the time that was used, but for what the network had.
func (r *record) checkMove(ev game.Event, clock game.Clock) {
	s, t := r.sim, r.clock.turns[ev.Seat]
	cmd := s.commands[commandKey{r.id, ev.Cause}]
	if cmd == nil {
		return
	}
	if most := min(cmd.lag, lagMax); ev.Lag > most {
		s.fail("%s: event %d: %v are taken for the network's, which had %v", r, ev.Seq, ev.Lag, most)
	}
	if !t.settled || t.loads != r.clock.loads {
		return
	}
	if least := cmd.arrived.at.Sub(t.surely.at) - ev.Lag - clock.Delay - time.Millisecond; ev.Elapsed < least {
		s.fail("%s: event %d: seat %d pays %v for a turn of at least %v", r, ev.Seq, ev.Seat, ev.Elapsed, least)
	}
}

// checkFlag checks that somebody has used up his time himself.
func (r *record) checkFlag(ev game.Event, clock game.Clock, at mark, before game.SeatSet) {
	for s := range before.All() {
		if r.served(s, at)+time.Millisecond >= r.clock.left[s]+clock.Delay {
			return
		}
	}
	for s := range before.All() {
		r.sim.fail("%s: event %d: a flag falls after seat %d was served for %v of %v", r, ev.Seq, s, r.served(s, at), r.clock.left[s]+clock.Delay)
	}
}

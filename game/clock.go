package game

import (
	"slices"
	"time"
)

// A seat's lag is forgiven out of a quota that refills with every move, so that nobody gains by pretending to lag.
const (
	lagQuotaMax  = time.Second            // what a seat begins with, and never exceeds
	lagQuotaGain = 200 * time.Millisecond // added after each of its moves
	lagSpare     = 200 * time.Millisecond // by which a seat's lag may exceed its last before its flag is called
)

// thawLeft is the least that a freeze leaves on a clock which had more: nobody finds his flag fallen on coming back.
const thawLeft = 10 * time.Second

// unseenMax is for how long after its time would have run out a turn that nobody could see is left alone. Its clock stands
// still; this is only how often the game looks.
const unseenMax = time.Hour

// clockMax is more than any clock can come to.
const clockMax = ClockInitialMax + EventsMax*ClockIncrementMax

// Visible says that all events so far are durable and leave the server at time at: the clocks of the seats that they call
// on to move begin to run now, and not while the journal was written.
func (g *Game) Visible(at time.Time) {
	for s := range g.Turn().All() {
		if seat := &g.seats[s]; !seat.seen {
			seat.since, seat.seen = at, true
		}
	}
}

// charge is what the clock of s pays for a move that arrived at time at, and how much of the wait was the network's; both
// in whole milliseconds, which is what the journal keeps. A turn that nobody could see costs nothing.
func (g *Game) charge(s Seat, at time.Time, measured time.Duration) (elapsed, lag time.Duration) {
	seat := &g.seats[s]
	if !seat.seen {
		return 0, 0
	}
	wait := max(at.Sub(seat.since), 0)
	lag = max(min(measured, seat.quota, wait), 0).Truncate(time.Millisecond)
	return max(wait-lag-g.terms.Clock.Delay, 0).Truncate(time.Millisecond), lag
}

// running tells whether the game has clocks, and they have begun to run.
func (g *Game) running() bool { return g.terms.Clock.Clocked() && g.status == StatusPlaying }

// Left is what seat s has left on its clock at time at; the clock of an awaited seat runs. It is 0 without clocks.
func (g *Game) Left(s Seat, at time.Time) time.Duration {
	if int(s) >= len(g.track.left) {
		return 0
	}
	left := g.track.left[s]
	if g.Turn().Has(s) {
		elapsed, _ := g.charge(s, at, 0)
		left -= elapsed
	}
	return max(left, 0)
}

// clocks is what each seat has left at time at, or nil if no clock runs.
func (g *Game) clocks(at time.Time) []time.Duration {
	if !g.running() {
		return nil
	}
	left := make([]time.Duration, len(g.seats))
	for i := range left {
		left[i] = g.Left(Seat(i), at)
	}
	return left
}

// nextFlag is the seat whose flag falls first if nobody moves, and when it is called: as late as the seat's lag may make a
// move that was played in time.
func (g *Game) nextFlag() (Seat, time.Time) {
	first, deadline := NoSeat, time.Time{}
	for s := range g.Turn().All() {
		seat := &g.seats[s]
		falls := seat.since.Add(g.terms.Clock.Delay + g.track.left[s] + min(seat.quota, seat.lag+lagSpare))
		if !seat.seen {
			falls = falls.Add(unseenMax)
		}
		if first == NoSeat || falls.Before(deadline) {
			first, deadline = s, falls
		}
	}
	return first, deadline
}

// tick ends what has run out of time by at.
func (g *Game) tick(at time.Time) []Event {
	deadline := g.Deadline()
	if deadline.IsZero() || at.Before(deadline) {
		return nil
	}
	if g.status == StatusWaiting {
		return []Event{g.ended(Drawn(ReasonAborted), at)}
	}
	s, _ := g.nextFlag()
	if !g.seats[s].seen {
		return g.thaw(at)
	}
	return []Event{g.ended(g.flagged(s), at)}
}

// flagged is the result when the time of s has run out.
func (g *Game) flagged(s Seat) Result {
	if flagger, ok := g.pos.(Flagger); ok {
		return flagger.Flagged(s)
	}
	return g.lost(s, ReasonTimeout)
}

// thaw adjusts the clocks after a time in which nobody served the game: what the awaited seats have used is counted up to
// the last instant at which the server is known to have been alive, and starts again from now.
func (g *Game) thaw(alive time.Time) []Event {
	if !g.running() {
		return nil
	}
	left := slices.Clone(g.track.left)
	for s := range g.Turn().All() {
		if !alive.IsZero() {
			used, _ := g.charge(s, alive, g.seats[s].lag)
			left[s] = max(left[s]-used, min(left[s], thawLeft))
		}
	}
	return []Event{{Kind: EventClockAdjusted, Clocks: left}}
}

// beginTurn notes that the turn of the seats of awaited began with the event at time at.
func (g *Game) beginTurn(awaited SeatSet, at time.Time) {
	for s := range awaited.All() {
		g.seats[s].turnPly = g.track.ply
	}
	g.startClocks(awaited, at)
}

// startClocks lets the clocks of the seats of awaited begin anew, when the event at time at becomes visible.
func (g *Game) startClocks(awaited SeatSet, at time.Time) {
	for s := range awaited.All() {
		seat := &g.seats[s]
		seat.turnAt, seat.since, seat.seen = at.UnixMilli(), at, false
	}
}

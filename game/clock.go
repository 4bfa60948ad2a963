package game

import "time"

// A seat's lag is forgiven out of a quota that refills with every move, so that nobody gains by pretending to lag.
const (
	lagQuotaMax  = time.Second            // what a seat begins with, and never exceeds
	lagQuotaGain = 200 * time.Millisecond // added after each of its moves
	lagSpare     = 200 * time.Millisecond // by which a seat's lag may exceed its last before its flag is called
)

// thawLeft is the least that a freeze leaves on a clock which had more: nobody finds his flag fallen on coming back.
const thawLeft = 10 * time.Second

// charge is what the clock of s pays for a move that arrived at time at, and how much of the wait was the network's; both
// in whole milliseconds, which is what the journal keeps.
func (g *Game) charge(s Seat, at time.Time, measured time.Duration) (elapsed, lag time.Duration) {
	wait := max(at.Sub(g.seats[s].since), 0)
	lag = max(min(measured, g.seats[s].quota, wait), 0).Truncate(time.Millisecond)
	return max(wait-lag-g.terms.Clock.Delay, 0).Truncate(time.Millisecond), lag
}

// clocks is what each seat has left as of its last move, or nil if the game has no clock.
func (g *Game) clocks() []time.Duration {
	if !g.terms.Clock.Clocked() || g.status == StatusWaiting {
		return nil
	}
	left := make([]time.Duration, len(g.seats))
	for i := range g.seats {
		left[i] = g.seats[i].left
	}
	return left
}

// Left is what seat s has left on its clock at time at; the clock of an awaited seat runs.
func (g *Game) Left(s Seat, at time.Time) time.Duration {
	left := g.seats[s].left
	if g.Turn().Has(s) {
		elapsed, _ := g.charge(s, at, 0)
		left -= elapsed
	}
	return max(left, 0)
}

// nextFlag is the seat whose flag falls first if nobody moves, and when it is called: as late as the seat's lag may make a
// move that was played in time.
func (g *Game) nextFlag() (Seat, time.Time) {
	first, deadline := NoSeat, time.Time{}
	for s := range g.Turn().All() {
		seat := &g.seats[s]
		grace := min(seat.quota, seat.lag+lagSpare)
		falls := seat.since.Add(g.terms.Clock.Delay + seat.left + grace)
		if first == NoSeat || falls.Before(deadline) {
			first, deadline = s, falls
		}
	}
	return first, deadline
}

// flagged is the result when the time of s has run out.
func (g *Game) flagged(s Seat) Result {
	if flagger, ok := g.pos.(Flagger); ok {
		return flagger.Flagged(s)
	}
	return g.lost(s, ReasonTimeout)
}

// Visible says that all events so far are durable and leave the server at time at: the clocks of the seats that they call
// on to move begin to run now, and not while the journal was written.
func (g *Game) Visible(at time.Time) {
	for s := range g.Turn().All() {
		if seat := &g.seats[s]; !seat.seen {
			seat.since, seat.seen = at, true
		}
	}
}

// thaw adjusts the clocks after a time in which nobody served the game: what the awaited seats have used is counted up to
// the last instant at which the server is known to have been alive, and starts again from now.
func (g *Game) thaw(cmd Command) []Event {
	if g.status != StatusPlaying || !g.terms.Clock.Clocked() {
		return nil
	}
	left := g.clocks()
	for s := range g.Turn().All() {
		if cmd.Alive.IsZero() {
			continue
		}
		used, _ := g.charge(s, cmd.Alive, g.seats[s].lag)
		left[s] = max(left[s]-used, min(left[s], thawLeft))
	}
	return []Event{{Kind: EventClockAdjusted, Clocks: left}}
}

// beginTurn notes that the turn of the seats of awaited began with the event at time at.
func (g *Game) beginTurn(awaited SeatSet, at time.Time) {
	for s := range awaited.All() {
		seat := &g.seats[s]
		seat.turnPly, seat.turnAt, seat.since, seat.seen = g.ply, at, at, false
	}
}

func (g *Game) setClocks(left []time.Duration) {
	for i := range min(len(left), len(g.seats)) {
		g.seats[i].left = left[i]
	}
}

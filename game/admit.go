package game

import (
	"fmt"

	"github.com/google/uuid"
)

// admit refuses an event that cannot follow those so far. With the first one, the game gets its rules, and from position the
// board and the seats.
func (g *Game) admit(ev *Event, position func(Rules, Terms) (Position, error)) error {
	if g.status == StatusNone {
		if ev.Kind != EventCreated || ev.Terms == nil {
			return fmt.Errorf("%w: the first event has no terms", ErrDamaged)
		}
		rules, err := g.registry.Rules(ev.Terms.Rules)
		if err != nil {
			return err
		}
		pos, err := position(rules, *ev.Terms)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrDamaged, ev.Terms.Rules, err)
		}
		g.rules, g.pos, g.seats = rules, pos, make([]seat, len(pos.Seats()))
	}
	if misfit := g.misfit(ev); misfit != "" {
		return fmt.Errorf("%w: %s", ErrDamaged, misfit)
	}
	return nil
}

// misfit is why the event cannot follow those so far, or empty. It needs no position.
func (g *Game) misfit(ev *Event) string {
	seats := len(g.seats)
	if hasSeat(ev.Kind) && int(ev.Seat) >= seats {
		return fmt.Sprintf("seat %d of %d", ev.Seat, seats)
	}
	if misfit := g.misfitClocks(ev); misfit != "" {
		return misfit
	}
	fits := false
	switch ev.Kind {
	case EventCreated:
		fits = g.status == StatusNone
	case EventJoined:
		fits = g.status == StatusWaiting && g.seats[ev.Seat].user.ID == "" && ev.Player.ID != "" && g.SeatOf(ev.Player.ID) == NoSeat
	case EventStarted:
		fits = g.status == StatusWaiting && g.vacant() == 0
	case EventMoved:
		fits = g.status == StatusPlaying && ev.Ply == g.Ply()+1
	case EventOffered:
		fits = offerIndex(ev.Offer) >= 0 && g.pending(ev.Offer) == nil && (g.status == StatusEnded) == (ev.Offer == OfferRematch)
	case EventAccepted:
		_, err := uuid.Parse(ev.Next)
		fits = offerIndex(ev.Offer) >= 0 && (seats == 1 || g.pending(ev.Offer) != nil) && (ev.Next == "" || err == nil)
	case EventDeclined:
		fits = g.pending(ev.Offer) != nil
	case EventTakenBack:
		fits = g.status == StatusPlaying && ev.Ply >= 0 && ev.Ply < g.Ply()
	case EventClockAdjusted:
		fits = g.running()
	case EventEnded:
		fits = (g.status == StatusWaiting || g.status == StatusPlaying) && ev.Result != nil &&
			(ev.Result.Winner == NoSeat || int(ev.Result.Winner) < seats)
	}
	if !fits {
		return fmt.Sprintf("it cannot follow event %d: the game is %s, %d of %d seats are free, ply is %d", g.Seq(), g.status, g.vacant(),
			seats, g.Ply())
	}
	return ""
}

// misfitClocks is what is wrong with the event's clocks, or empty.
func (g *Game) misfitClocks(ev *Event) string {
	told := false
	switch ev.Kind {
	case EventStarted, EventMoved, EventTakenBack, EventClockAdjusted:
		told = g.terms.Clock.Clocked()
	case EventEnded:
		told = g.running()
	}
	if told != (ev.Clocks != nil) || told && len(ev.Clocks) != len(g.seats) {
		return fmt.Sprintf("%d clocks for %d seats", len(ev.Clocks), len(g.seats))
	}
	for _, left := range ev.Clocks {
		if left < 0 || left > clockMax {
			return fmt.Sprintf("a clock of %v", left)
		}
	}
	return ""
}

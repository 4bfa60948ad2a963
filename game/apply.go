package game

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Apply folds one event into the state. The event was returned by Decide, here or on another node, and is the next one by
// its Seq. An error wraps ErrDamaged, or ErrUnknownRules where the registry has no rules for the game: the game must not be
// served then, nor used in any way. Rules may panic on a move that they never decided on.
func (g *Game) Apply(ev Event) error {
	if err := g.apply(ev); err != nil {
		return fmt.Errorf("apply event %d, %s: %w", g.Seq()+1, ev.Kind, err)
	}
	return nil
}

func (g *Game) apply(ev Event) error {
	if ev.Seq != g.Seq()+1 {
		return fmt.Errorf("%w: it has seq %d", ErrDamaged, ev.Seq)
	}
	if err := g.admit(ev, firstPosition); err != nil {
		return err
	}
	before := g.Turn()
	if ev.Kind == EventMoved && !before.Has(ev.Seat) {
		return fmt.Errorf("%w: seat %d is not to move", ErrDamaged, ev.Seat)
	}
	if err := g.applyToBoard(ev); err != nil {
		return err
	}
	g.log.add(g.track.shorten(ev))
	g.fold(ev)
	g.turnAfter(ev, before)
	return nil
}

// admit refuses an event that cannot follow those so far. With the first one, the game gets its rules, and from position the
// board and the seats.
func (g *Game) admit(ev Event, position func(Rules, Terms) (Position, error)) error {
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

// firstPosition is the position before the first move.
func firstPosition(rules Rules, terms Terms) (Position, error) {
	return rules.Setup([]byte(terms.Options), terms.Seed)
}

// misfit is why the event cannot follow those so far, or empty. It needs no position.
func (g *Game) misfit(ev Event) string {
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
func (g *Game) misfitClocks(ev Event) string {
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

func hasSeat(kind EventKind) bool {
	switch kind {
	case EventJoined, EventMoved, EventOffered, EventAccepted, EventDeclined, EventTakenBack:
		return true
	}
	return false
}

// applyToBoard does what the event does to the position.
func (g *Game) applyToBoard(ev Event) error {
	switch ev.Kind {
	case EventMoved:
		g.pos.Apply(ev.Seat, ev.Move)
	case EventTakenBack:
		pos, err := firstPosition(g.rules, g.terms)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrDamaged, g.terms.Rules, err)
		}
		for _, moved := range g.Moves()[:ev.Ply] {
			pos.Apply(moved.Seat, moved.Move)
		}
		g.pos = pos
	}
	return nil
}

// fold does what the event does to everything but the position and the turns. It needs no position, so that a snapshot can
// be read without playing the moves again.
func (g *Game) fold(ev Event) {
	g.track.follow(ev)
	switch ev.Kind {
	case EventCreated:
		g.terms, g.status, g.madeAt = *ev.Terms, StatusWaiting, ev.At
	case EventJoined:
		g.seats[ev.Seat].user = ev.Player
	case EventStarted:
		g.status = StatusPlaying
		for i := range g.seats {
			g.seats[i].quota = lagQuotaMax
		}
	case EventMoved:
		s := &g.seats[ev.Seat]
		s.lag = ev.Lag
		s.quota = max(min(s.quota-ev.Lag+lagQuotaGain, lagQuotaMax), 0)
		g.lapse(ev.Seat)
	case EventOffered:
		g.seats[ev.Seat].offered[offerIndex(ev.Offer)] = 1 + g.Ply()
		g.offers = append(g.offers, Pending{Seat: ev.Seat, Offer: ev.Offer})
	case EventAccepted:
		g.accepted(ev)
	case EventDeclined:
		g.dropOffer(ev.Offer)
	case EventTakenBack:
		g.offers = nil
		for i := range g.seats {
			g.seats[i].offered = [3]int{} // the moves to come have numbers that were there before
		}
	case EventEnded:
		result := *ev.Result
		g.status, g.result, g.endedAt, g.offers = StatusEnded, &result, ev.At, nil
	}
}

// lapse drops the offers that end with a move of s: those of the others, which he has answered with no, and that to take
// back what was another move.
func (g *Game) lapse(s Seat) {
	g.offers = slices.DeleteFunc(g.offers, func(p Pending) bool { return p.Seat != s || p.Offer == OfferTakeback })
}

func (g *Game) accepted(ev Event) {
	if open := g.pending(ev.Offer); open != nil {
		open.Accepted = open.Accepted.With(ev.Seat)
		if open.Accepted.Len() >= len(g.seats)-1 {
			g.dropOffer(ev.Offer)
		}
	}
	if ev.Next != "" {
		g.next = uuid.MustParse(ev.Next) // admit has parsed it
	}
}

func (g *Game) dropOffer(what Offer) {
	g.offers = slices.DeleteFunc(g.offers, func(p Pending) bool { return p.Offer == what })
}

// turnAfter begins the turns that the event gave.
func (g *Game) turnAfter(ev Event, before SeatSet) {
	now := g.Turn()
	switch ev.Kind {
	case EventStarted, EventTakenBack:
		g.beginTurn(now, ev.At)
	case EventMoved:
		g.beginTurn(now&^before.Without(ev.Seat), ev.At)
	case EventClockAdjusted:
		g.startClocks(now, ev.At)
	}
}

// Moved is a move as it was played.
type Moved struct {
	Seat    Seat
	Move    Move            // Text and Outcome
	At      time.Time       // wall clock
	Elapsed time.Duration   // charged
	Clocks  []time.Duration // left by seat after it; nil without clock
}

// Moves lists the moves that were made and not taken back.
func (g *Game) Moves() []Moved {
	moves := make([]Moved, 0, g.Ply())
	for ev := range g.EventsAfter(0) {
		switch ev.Kind {
		case EventMoved:
			moves = append(moves, Moved{Seat: ev.Seat, Move: ev.Move, At: ev.At, Elapsed: ev.Elapsed, Clocks: ev.Clocks})
		case EventTakenBack:
			moves = moves[:ev.Ply]
		}
	}
	return moves
}

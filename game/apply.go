package game

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// Apply folds one event into the state. The event was returned by Decide, here or on another node, and is the next one by
// its Seq. An error wraps ErrDamaged, or ErrUnknownRules where the registry has no rules for the game: the game must not be
// served then, nor used in any way. Rules may panic on a move that they never decided on.
func (g *Game) Apply(ev Event) error {
	if err := g.apply(&ev); err != nil {
		return fmt.Errorf("apply event %d, %s: %w", g.Seq()+1, ev.Kind, err)
	}
	return nil
}

func (g *Game) apply(ev *Event) error {
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
	short := g.track.shorten(*ev)
	g.log.add(&short)
	g.fold(ev)
	g.turnAfter(ev, before)
	return nil
}

// firstPosition is the position before the first move.
func firstPosition(rules Rules, terms Terms) (Position, error) {
	return rules.Setup([]byte(terms.Options), terms.Seed)
}

// applyToBoard does what the event does to the position.
func (g *Game) applyToBoard(ev *Event) error {
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
func (g *Game) fold(ev *Event) {
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
	if len(g.offers) == 0 {
		return
	}
	g.offers = slices.DeleteFunc(g.offers, func(p Pending) bool { return p.Seat != s || p.Offer == OfferTakeback })
}

func (g *Game) accepted(ev *Event) {
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
func (g *Game) turnAfter(ev *Event, before SeatSet) {
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

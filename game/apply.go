package game

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Apply folds one event into the state. The event was returned by Decide, here or on another node, and is the next one by
// its Seq. An error means that the journal is damaged or was written by a newer version: the game must not be served.
func (g *Game) Apply(ev Event) error {
	if ev.Seq != g.Seq()+1 {
		return fmt.Errorf("event %s has seq %d, want %d", ev.Kind, ev.Seq, g.Seq()+1)
	}
	if g.status == StatusNone {
		if err := g.setUp(ev); err != nil {
			return err
		}
	}
	if int(ev.Seat) >= len(g.seats) && hasSeat(ev.Kind) {
		return fmt.Errorf("event %s of seat %d of %d", ev.Kind, ev.Seat, len(g.seats))
	}
	before := g.Turn()
	if err := g.applyToBoard(ev); err != nil {
		return err
	}
	g.fold(ev)
	g.turnAfter(ev, before)
	g.answers.add(ev.Cause, ev.Seq)
	g.log.add(ev)
	return nil
}

func hasSeat(kind EventKind) bool {
	switch kind {
	case EventJoined, EventMoved, EventOffered, EventAccepted, EventDeclined, EventTakenBack:
		return true
	}
	return false
}

func (g *Game) setUp(ev Event) error {
	if ev.Kind != EventCreated || ev.Terms == nil {
		return fmt.Errorf("first event is %s, want created", ev.Kind)
	}
	rules, err := g.registry.Rules(ev.Terms.Rules)
	if err != nil {
		return err
	}
	pos, err := rules.Setup([]byte(ev.Terms.Options), ev.Terms.Seed)
	if err != nil {
		return fmt.Errorf("set up %s: %w", ev.Terms.Rules, err)
	}
	g.rules, g.pos = rules, pos
	g.seats = make([]seat, len(pos.Seats()))
	return nil
}

// applyToBoard does what the event does to the position.
func (g *Game) applyToBoard(ev Event) error {
	switch ev.Kind {
	case EventMoved:
		g.pos.Apply(ev.Seat, ev.Move)
	case EventTakenBack:
		moves := g.Moves()
		if ev.Ply < 0 || ev.Ply > len(moves) {
			return fmt.Errorf("taken back to ply %d of %d", ev.Ply, len(moves))
		}
		pos, err := g.rules.Setup([]byte(g.terms.Options), g.terms.Seed)
		if err != nil {
			return fmt.Errorf("set up %s: %w", g.terms.Rules, err)
		}
		for _, moved := range moves[:ev.Ply] {
			pos.Apply(moved.Seat, moved.Move)
		}
		g.pos = pos
	}
	return nil
}

// fold does what the event does to everything but the position and the turns. It needs no position, so that a snapshot can
// be read without playing the moves again.
func (g *Game) fold(ev Event) {
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
		s.quota = min(s.quota-ev.Lag+lagQuotaGain, lagQuotaMax)
		g.ply = ev.Ply
		// A move answers what the others have offered with no.
		g.offers = slices.DeleteFunc(g.offers, func(p Pending) bool { return p.Seat != ev.Seat })
	case EventOffered:
		g.seats[ev.Seat].offered[offerIndex(ev.Offer)] = 1 + g.ply
		g.offers = append(g.offers, Pending{Seat: ev.Seat, Offer: ev.Offer})
	case EventAccepted:
		g.accepted(ev)
	case EventDeclined:
		g.dropOffer(ev.Offer)
	case EventTakenBack:
		g.ply = ev.Ply
		g.offers = nil
	case EventEnded:
		g.status, g.result, g.endedAt, g.offers = StatusEnded, ev.Result, ev.At, nil
	}
	g.setClocks(ev.Clocks)
}

func (g *Game) accepted(ev Event) {
	if open := g.pending(ev.Offer); open != nil {
		open.Accepted = open.Accepted.With(ev.Seat)
		if open.Accepted.Len() >= len(g.seats)-1 {
			g.dropOffer(ev.Offer)
		}
	}
	if ev.Next != "" {
		// An id that cannot be read counts as none: the journal's checksum has already said that it is what was written.
		g.next, _ = uuid.Parse(ev.Next)
	}
}

func (g *Game) dropOffer(what Offer) {
	g.offers = slices.DeleteFunc(g.offers, func(p Pending) bool { return p.Offer == what })
}

// turnAfter begins the turns that the event gave.
func (g *Game) turnAfter(ev Event, before SeatSet) {
	now := g.Turn()
	switch ev.Kind {
	case EventStarted, EventTakenBack, EventClockAdjusted:
		g.beginTurn(now, ev.At)
	case EventMoved:
		g.beginTurn(now&^before.Without(ev.Seat), ev.At)
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
	moves := make([]Moved, 0, g.ply)
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

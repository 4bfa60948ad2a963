package game

import (
	"fmt"
	"slices"
	"time"
)

// offerIndex numbers the offers for seat.offered.
func offerIndex(o Offer) int { return slices.Index([]Offer{OfferDraw, OfferTakeback, OfferRematch}, o) }

// negotiate decides on an offer and on the answers to one. To offer what another seat has offered is to accept it; to
// decline one's own offer is to withdraw it.
func (g *Game) negotiate(s Seat, cmd Command, at time.Time) ([]Event, error) {
	what := Offer(cmd.What)
	if offerIndex(what) < 0 {
		return nil, fmt.Errorf("%w: nobody can offer %.40q; there are draw, takeback and rematch", ErrNoSuchOffer, cmd.What)
	}
	if err := g.mayNegotiate(what); err != nil {
		return nil, err
	}
	open := g.pending(what)
	switch {
	case cmd.Kind == CommandOffer && open == nil:
		return g.offer(s, what, at)
	case open == nil:
		return nil, fmt.Errorf("%w: %s", ErrNoSuchOffer, what)
	case cmd.Kind == CommandDecline:
		return []Event{{Kind: EventDeclined, Seat: s, Offer: what}}, nil
	case cmd.Kind == CommandOffer && open.Seat == s:
		return nil, fmt.Errorf("%w: your offer of a %s awaits an answer", ErrTooMany, what)
	case open.Seat == s || open.Accepted.Has(s):
		return nil, fmt.Errorf("%w: it is for the others to answer", ErrNoSuchOffer)
	}
	return g.accept(s, *open, at)
}

func (g *Game) mayNegotiate(what Offer) error {
	switch {
	case g.Seq() >= EventsMax/2:
		return fmt.Errorf("%w: this game has had %d events; nothing can be offered any more", ErrTooMany, g.Seq())
	case what == OfferRematch && g.status != StatusEnded:
		return fmt.Errorf("%w: a rematch can be offered when the game is over", ErrNoSuchOffer)
	case what == OfferRematch && g.vacant() > 0:
		return fmt.Errorf("%w: a seat was never taken", ErrNoSuchOffer)
	case what == OfferRematch && g.next != (ID{}):
		return fmt.Errorf("%w: the rematch was made", ErrNoSuchOffer)
	case what == OfferRematch:
		return nil
	case g.status == StatusEnded:
		return ErrGameOver
	case g.status == StatusWaiting:
		return ErrGameNotStarted
	}
	return nil
}

func (g *Game) offer(s Seat, what Offer, at time.Time) ([]Event, error) {
	if g.seats[s].offered[offerIndex(what)] == 1+g.Ply() {
		return nil, fmt.Errorf("%w: one %s offer a move", ErrTooMany, what)
	}
	if what == OfferTakeback {
		if _, err := g.takebackPly(s); err != nil {
			return nil, err
		}
	}
	if len(g.seats) == 1 {
		return g.accept(s, Pending{Seat: s, Offer: what}, at)
	}
	return []Event{{Kind: EventOffered, Seat: s, Offer: what}}, nil
}

// accept is what comes of it that s accepts the offer.
func (g *Game) accept(s Seat, open Pending, at time.Time) ([]Event, error) {
	events := []Event{{Kind: EventAccepted, Seat: s, Offer: open.Offer}}
	if open.Accepted.With(s).Len() < len(g.seats)-1 {
		return events, nil
	}
	switch open.Offer {
	case OfferDraw:
		events = append(events, g.ended(Drawn(ReasonAgreement), at))
	case OfferTakeback:
		ply, err := g.takebackPly(open.Seat)
		if err != nil {
			return nil, err
		}
		events = append(events, Event{Kind: EventTakenBack, Seat: open.Seat, Ply: ply, Clocks: g.clocksTakenBack(open.Seat, at)})
	case OfferRematch:
		events[0].Next = g.RematchID().String()
	}
	return events, nil
}

// clocksTakenBack is what the clocks show after a takeback. No move gives back the time it took; and of the turns that are
// cut short, it is who asked that pays for his, and not who was so kind.
func (g *Game) clocksTakenBack(asked Seat, at time.Time) []time.Duration {
	left := slices.Clone(g.track.left)
	if left != nil {
		left[asked] = g.Left(asked, at)
	}
	return left
}

// takebackPly is the number of moves that are left when the last move of s, and all after it, are undone.
func (g *Game) takebackPly(s Seat) (int, error) {
	if g.Hides() {
		return 0, fmt.Errorf("%w: in %s nothing can be taken back, because it would tell what was hidden", ErrForbidden, g.terms.Rules)
	}
	moves := g.Moves()
	for i := len(moves) - 1; i >= 0; i-- {
		if moves[i].Move.Outcome != "" {
			return 0, fmt.Errorf("%w: what chance has decided cannot be taken back", ErrForbidden)
		}
		if moves[i].Seat == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w: you have not moved", ErrNoSuchOffer)
}

func (g *Game) pending(what Offer) *Pending {
	for i := range g.offers {
		if g.offers[i].Offer == what {
			return &g.offers[i]
		}
	}
	return nil
}

// RematchID is the id that a rematch of this game has.
func (g *Game) RematchID() ID { return DeriveID("rematch", g.id.String()) }

// Rematch is the command that creates the rematch, to be given to the game that is named RematchID: the same terms, every
// player one seat further on. Giving it twice does nothing more.
//
// Requires: Next is not zero.
func (g *Game) Rematch() Command {
	terms := g.terms
	terms.Source, terms.Opponent = SourceRematch, ""
	terms.Seed = nextSeed(terms.Seed, g.id)
	players := make([]User, len(g.seats))
	for i := range g.seats {
		players[(i+1)%len(g.seats)] = g.seats[i].user
	}
	return Command{Kind: CommandCreate, ID: "rematch " + g.id.String(), Create: &Create{Terms: terms, Players: players}}
}

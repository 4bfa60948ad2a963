package game

import (
	"fmt"
	"slices"
	"strings"
)

// offerIndex numbers the offers for seat.offered.
func offerIndex(o Offer) int { return slices.Index([]Offer{OfferDraw, OfferTakeback, OfferRematch}, o) }

// negotiate decides on an offer and on the answers to one. To offer what another seat has offered is to accept it; to
// decline one's own offer is to withdraw it.
func (g *Game) negotiate(s Seat, cmd Command) ([]Event, error) {
	what := Offer(cmd.What)
	if offerIndex(what) < 0 {
		return nil, fmt.Errorf("%w: nobody can offer %q; there are draw, takeback and rematch", ErrNoSuchOffer, cmd.What)
	}
	if err := g.mayNegotiate(what); err != nil {
		return nil, err
	}
	open := g.pending(what)
	switch {
	case cmd.Kind == CommandOffer && open == nil:
		return g.offer(s, what)
	case open == nil:
		return nil, fmt.Errorf("%w: %s", ErrNoSuchOffer, what)
	case cmd.Kind == CommandDecline:
		return []Event{{Kind: EventDeclined, Seat: s, Offer: what}}, nil
	case open.Seat == s || open.Accepted.Has(s):
		return nil, fmt.Errorf("%w: it is for the others to answer", ErrNoSuchOffer)
	}
	return g.accept(s, open)
}

func (g *Game) mayNegotiate(what Offer) error {
	switch {
	case g.Seq() >= EventsMax/2:
		return fmt.Errorf("%w: this game has had %d events; only moves and resignation are left", ErrTooMany, g.Seq())
	case what == OfferRematch && g.status != StatusEnded:
		return fmt.Errorf("%w: a rematch can be offered when the game is over", ErrNoSuchOffer)
	case what == OfferRematch && !g.full():
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

func (g *Game) offer(s Seat, what Offer) ([]Event, error) {
	if g.seats[s].offered[offerIndex(what)] == 1+g.ply {
		return nil, fmt.Errorf("%w: one %s offer a move", ErrTooMany, what)
	}
	if what == OfferTakeback {
		if _, err := g.takebackPly(s); err != nil {
			return nil, err
		}
	}
	ev := Event{Kind: EventOffered, Seat: s, Offer: what}
	if len(g.seats) > 1 {
		return []Event{ev}, nil
	}
	events, err := g.agreed(Pending{Seat: s, Offer: what})
	return append([]Event{ev}, events...), err
}

func (g *Game) accept(s Seat, open *Pending) ([]Event, error) {
	events := []Event{{Kind: EventAccepted, Seat: s, Offer: open.Offer}}
	if open.Accepted.With(s).Len() < len(g.seats)-1 {
		return events, nil
	}
	if open.Offer == OfferRematch {
		events[0].Next = g.RematchID().String()
	}
	then, err := g.agreed(*open)
	if err != nil {
		return nil, err
	}
	return append(events, then...), nil
}

// agreed is what follows when every other seat has accepted the offer.
func (g *Game) agreed(offer Pending) ([]Event, error) {
	switch offer.Offer {
	case OfferDraw:
		return []Event{g.ended(Drawn(ReasonAgreement))}, nil
	case OfferTakeback:
		ply, err := g.takebackPly(offer.Seat)
		if err != nil {
			return nil, err
		}
		return []Event{{Kind: EventTakenBack, Seat: offer.Seat, Ply: ply, Clocks: g.clocks()}}, nil
	}
	return nil, nil
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
	return Command{Kind: CommandCreate, ID: strings.Join([]string{"rematch", g.id.String()}, " "),
		Create: &Create{Terms: terms, Players: players}}
}

package game

import (
	"fmt"
	"slices"
	"time"
)

// WaitingMax is how long a game waits for its seats to be taken before it is aborted.
const WaitingMax = time.Hour

// SeatRandom asks for a seat by chance.
const SeatRandom = "random"

func (g *Game) create(cmd Command) ([]Event, error) {
	if g.status != StatusNone {
		return nil, ErrExists
	}
	c := cmd.Create
	if c == nil {
		return nil, fmt.Errorf("%w: no terms", ErrBadTerms)
	}
	if err := c.Terms.validate(); err != nil {
		return nil, err
	}
	rules, err := g.registry.Rules(c.Terms.Rules)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadTerms, err)
	}
	pos, err := firstPosition(rules, c.Terms)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadTerms, err)
	}
	names := pos.Seats()
	terms := c.Terms
	events := []Event{{Kind: EventCreated, Terms: &terms}}
	if c.Players != nil {
		return seatAll(events, names, c.Players)
	}
	switch {
	case cmd.User.ID == "":
		return nil, fmt.Errorf("%w: nobody takes a seat", ErrForbidden)
	case c.Terms.Opponent == cmd.User.ID:
		return nil, fmt.Errorf("%w: the opponent is the creator", ErrBadTerms)
	case c.Terms.Opponent != "" && len(names) != 2:
		return nil, fmt.Errorf("%w: an opponent, in a game of %d seats", ErrBadTerms, len(names))
	}
	s, err := chooseSeat(names, c.Seat, c.Terms.Seed)
	if err != nil {
		return nil, err
	}
	events = append(events, Event{Kind: EventJoined, Seat: s, Player: cmd.User})
	if len(names) == 1 {
		events = append(events, started(terms.Clock, 1))
	}
	return events, nil
}

// seatAll adds to the event created those that seat the players and start the game.
func seatAll(events []Event, names []string, players []User) ([]Event, error) {
	if len(players) != len(names) {
		return nil, fmt.Errorf("%w: %d players for %d seats", ErrBadTerms, len(players), len(names))
	}
	for i, player := range players {
		if player.ID == "" || slices.ContainsFunc(players[:i], func(u User) bool { return u.ID == player.ID }) {
			return nil, fmt.Errorf("%w: player %d, %.40q, is nobody, or has two seats", ErrBadTerms, i+1, player.ID)
		}
		if err := player.validate(); err != nil {
			return nil, fmt.Errorf("%w: player %d: %w", ErrBadTerms, i+1, err)
		}
		events = append(events, Event{Kind: EventJoined, Seat: Seat(i), Player: player})
	}
	return append(events, started(events[0].Terms.Clock, len(names))), nil
}

func chooseSeat(names []string, wanted string, seed uint64) (Seat, error) {
	if wanted == "" || wanted == SeatRandom {
		// The seed's lowest bits may be used by the rules, too: take the highest.
		return Seat(seed >> 32 % uint64(len(names))), nil
	}
	i := slices.Index(names, wanted)
	if i < 0 {
		return NoSeat, fmt.Errorf("%w: no seat is named %.40q; there are %q", ErrBadTerms, wanted, names)
	}
	return Seat(i), nil
}

func (g *Game) join(cmd Command) ([]Event, error) {
	switch {
	case g.SeatOf(cmd.User.ID) != NoSeat:
		return nil, ErrAlreadySeated
	case g.status == StatusEnded:
		return nil, ErrGameOver
	case g.status != StatusWaiting:
		return nil, ErrSeatTaken
	case cmd.User.ID == "":
		return nil, fmt.Errorf("%w: nobody takes a seat", ErrForbidden)
	case g.terms.Opponent != "" && cmd.User.ID != g.terms.Opponent:
		return nil, fmt.Errorf("%w: the seat is kept for somebody else", ErrForbidden)
	}
	s, err := g.freeSeat(cmd.Seat)
	if err != nil {
		return nil, err
	}
	events := []Event{{Kind: EventJoined, Seat: s, Player: cmd.User}}
	if g.vacant() == 1 {
		events = append(events, started(g.terms.Clock, len(g.seats)))
	}
	return events, nil
}

func (g *Game) freeSeat(wanted string) (Seat, error) {
	if wanted == "" || wanted == SeatRandom {
		for i := range g.seats {
			if g.seats[i].user.ID == "" {
				return Seat(i), nil
			}
		}
		return NoSeat, ErrSeatTaken
	}
	i := slices.Index(g.pos.Seats(), wanted)
	switch {
	case i < 0:
		return NoSeat, fmt.Errorf("%w: no seat is named %.40q; there are %q", ErrSeatTaken, wanted, g.pos.Seats())
	case g.seats[i].user.ID != "":
		return NoSeat, ErrSeatTaken
	}
	return Seat(i), nil
}

// started is the event with which play begins.
func started(clock Clock, seats int) Event {
	ev := Event{Kind: EventStarted}
	if clock.Clocked() {
		ev.Clocks = make([]time.Duration, seats)
		for i := range ev.Clocks {
			ev.Clocks[i] = clock.start()
		}
	}
	return ev
}

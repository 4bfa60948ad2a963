// Package game is what a game is: seats, turns, clocks, offers and results, and the contract (Rules) that a kind of game
// fulfils. Commands go in with the time at which they came; events or a refusal come out; the state is the fold of the
// events. The same commands at the same times give the same bytes on every machine.
//
// It must never read a clock, draw chance, do input or output, start a goroutine, or log.
package game

import "time"

// Status is the stage that a game is in.
type Status uint8

// The stages of a game.
const (
	StatusNone    Status = iota // no event yet: the game does not exist
	StatusWaiting               // for players to take its seats
	StatusPlaying
	StatusEnded
)

// String is the status' name on the wire.
func (s Status) String() string {
	return [...]string{StatusNone: "none", StatusWaiting: "waiting", StatusPlaying: "playing", StatusEnded: "ended"}[s]
}

// Game is one running instance of some rules. Use it from one goroutine at a time. Decide says what a command would do;
// Apply does it.
type Game struct {
	id       ID
	registry *Registry

	// The fold of the events.
	rules   Rules
	pos     Position
	terms   Terms
	status  Status
	track   track
	seats   []seat
	offers  []Pending
	result  *Result
	next    ID // the rematch
	madeAt  time.Time
	endedAt time.Time
	log     eventLog
}

// seat is one player's place and what is counted for it.
type seat struct {
	user    User
	quota   time.Duration // lag that may still be forgiven
	lag     time.Duration // forgiven at the last move
	turnPly int           // plies made when the seat's turn began
	turnAt  int64         // when its clock began to run: the event's time, in Unix milliseconds
	offered [3]int        // by offer: 1 + plies made when the seat last proposed it

	// Not part of the fold; see Visible.
	since time.Time // when the seat could know that its clock runs; if it was not seen, the event's time
	seen  bool      // it could know
}

// Pending is an offer that awaits an answer.
type Pending struct {
	Seat  Seat
	Offer Offer
	// Accepted are the seats that have said yes; with two seats, nobody.
	Accepted SeatSet
}

// New returns the game before its first event, playing by the rules of the registry.
func New(id ID, registry *Registry) *Game {
	return &Game{id: id, registry: registry}
}

// ID is the game's name.
func (g *Game) ID() ID { return g.id }

// Status is the stage the game is in.
func (g *Game) Status() Status { return g.status }

// Seq is the number of events so far.
func (g *Game) Seq() uint64 { return g.log.seq }

// Ply is the number of moves made and not taken back.
func (g *Game) Ply() int { return g.track.ply }

// Terms are what the game was created with.
func (g *Game) Terms() Terms { return g.terms }

// CreatedAt is when the game was created, by wall clock.
func (g *Game) CreatedAt() time.Time { return g.madeAt }

// EndedAt is when the game ended, by wall clock, or zero.
func (g *Game) EndedAt() time.Time { return g.endedAt }

// Rules are the game's rules; nil before the first event.
func (g *Game) Rules() Rules { return g.rules }

// Result is how the game ended, or nil.
func (g *Game) Result() *Result { return g.result }

// Offers lists what awaits an answer. It is valid until the next Apply, and the caller must not change it.
func (g *Game) Offers() []Pending { return g.offers }

// Next is the id of the rematch that was agreed, or zero.
func (g *Game) Next() ID { return g.next }

// SeatNames are the rules' names of the seats in turn order; nil before the first event.
func (g *Game) SeatNames() []string {
	if g.pos == nil {
		return nil
	}
	return g.pos.Seats()
}

// Player is who has the seat; the zero User if nobody has.
func (g *Game) Player(s Seat) User {
	if int(s) >= len(g.seats) {
		return User{}
	}
	return g.seats[s].user
}

// SeatOf is the seat of the user with that id, or NoSeat.
func (g *Game) SeatOf(user string) Seat {
	if user == "" {
		return NoSeat
	}
	for i := range g.seats {
		if g.seats[i].user.ID == user {
			return Seat(i)
		}
	}
	return NoSeat
}

// Turn is the set of seats whose move is awaited; empty unless the game is being played.
func (g *Game) Turn() SeatSet {
	if g.status != StatusPlaying {
		return 0
	}
	return g.pos.Turn()
}

// Show is the position in the rules' notation as viewer may see it.
func (g *Game) Show(viewer Seat) string {
	if g.pos == nil {
		return ""
	}
	return g.pos.Show(viewer)
}

// Redact returns the event as viewer may see it. Nobody may see the seed.
func (g *Game) Redact(ev Event, viewer Seat) Event {
	if hider, hides := g.rules.(Hider); hides && ev.Kind == EventMoved {
		ev.Move = hider.Redact(ev.Move, ev.Seat, viewer)
	}
	if ev.Kind == EventCreated {
		terms := *ev.Terms
		terms.Seed = 0
		ev.Terms = &terms
	}
	return ev
}

// Hides tells whether different viewers see different things of this game.
func (g *Game) Hides() bool {
	_, hides := g.rules.(Hider)
	return hides
}

// vacant is the number of seats that nobody has.
func (g *Game) vacant() int {
	n := 0
	for i := range g.seats {
		if g.seats[i].user.ID == "" {
			n++
		}
	}
	return n
}

// other is the opponent where there are two seats, else NoSeat.
func (g *Game) other(s Seat) Seat {
	if len(g.seats) != 2 {
		return NoSeat
	}
	return 1 - s
}

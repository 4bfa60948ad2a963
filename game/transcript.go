package game

import (
	"io"
	"time"
)

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

// Transcript is a game from its first to its last move, for those who write records. Until the game has ended it tells what
// a watcher may see: not the seed, and of moves that are hidden what Hider.Redact shows to NoSeat.
type Transcript struct {
	ID        ID
	Rules     Rules
	Terms     Terms
	Players   []User // by seat; the zero User where nobody sits
	Moves     []Moved
	Result    *Result // nil: not over
	CreatedAt time.Time
}

// Scribe is implemented by Rules that have a form of record of their own, such as PGN.
type Scribe interface {
	// Extension is that of the form's files, without the dot.
	Extension() string
	// MediaType is that of the form, for HTTP.
	MediaType() string
	// WriteTranscript writes the record.
	WriteTranscript(w io.Writer, t Transcript) error
}

// Transcript returns the game so far.
func (g *Game) Transcript() Transcript {
	t := Transcript{ID: g.id, Rules: g.rules, Terms: g.terms, Moves: g.Moves(), Result: g.result, CreatedAt: g.madeAt}
	for i := range g.seats {
		t.Players = append(t.Players, g.seats[i].user)
	}
	if g.status != StatusEnded {
		t.Terms.Seed = 0
		if hider, hides := g.rules.(Hider); hides {
			for i, moved := range t.Moves {
				t.Moves[i].Move = hider.Redact(moved.Move, moved.Seat, NoSeat)
			}
		}
	}
	return t
}

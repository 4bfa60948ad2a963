package game

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Rules is one kind of game: chess, Connect Four, rock-paper-scissors. It holds no state of any game and is safe for
// concurrent use. What a game of this kind looks like in the middle of play is a Position.
type Rules interface {
	// Name is the kind's name on the wire and in the journal: lower-case letters and digits, never changed once
	// games of it exist.
	Name() string

	// Setup returns the position before the first move. options is the creator's JSON object, or empty for the
	// defaults; an option that the rules do not understand is an error that says what is allowed. seed is the only
	// source of chance: two positions set up with the same options and seed, and given the same moves, are equal.
	Setup(options []byte, seed uint64) (Position, error)

	// Restore returns the position that AppendState wrote, in this or any earlier version of the rules.
	Restore(state []byte) (Position, error)
}

// Position is the board of one game: whose move it is, which moves are legal, and what comes of them. It belongs to one
// goroutine at a time, knows no clock and no user, and never draws chance from anywhere but the seed of Setup.
type Position interface {
	// Seats names the places in turn order; at least one, at most SeatsMax, the same throughout a game. The caller
	// must not change the slice.
	Seats() []string

	// Turn is the set of seats whose move is awaited: one in most games, several where they move at the same time,
	// none when the rules have ended the game.
	Turn() SeatSet

	// Decide tells what the move, in the rules' own notation, would be and do if seat played it now. It must not
	// change the position in any way that can be seen. seat is in Turn. A move that the rules refuse is an error
	// that wraps ErrIllegal and says why in words a player understands. move is a client's text of any content, at
	// most MoveBytesMax long.
	Decide(seat Seat, move string) (Move, error)

	// Apply plays a move that Decide returned, here or on another node, now or years ago. It cannot fail, because the
	// move has already happened. It goes by the move's Text and Outcome; Notation and Position may be missing.
	Apply(seat Seat, move Move)

	// Show is the position in the rules' own notation (chess: FEN) as viewer may see it. NoSeat is a watcher.
	Show(viewer Seat) string

	// AppendState appends everything that Restore needs, in a form that says its version.
	AppendState(dst []byte) []byte
}

// MoveBytesMax is the longest move, in bytes, that is passed to a Position.
const MoveBytesMax = 256

// Move is a move that was found legal, together with what came of it. All of it is journaled: reading it back never
// asks the rules to decide again.
type Move struct {
	// Text is the move in the rules' notation, in its canonical form. Hidden games show it as Redact says.
	Text string
	// Outcome is a JSON object, or empty: what came of the move beyond what Text says, such as dice or what a pair of
	// simultaneous moves decided. Everybody sees it.
	Outcome string
	// Notation is the move as people write it (chess: SAN). It is for records; it may be empty.
	Notation string
	// Position is the position after the move in the rules' notation, complete (chess: FEN). It is for records; it
	// may be empty.
	Position string
	// End is how the game ended by this move, or nil.
	End *Result
}

// Hider is implemented by Rules whose moves are not for everybody's eyes.
type Hider interface {
	// Redact returns mover's move as viewer may see it. It depends on its arguments alone, so that whoever asks
	// again, on any node, is shown the same; what is revealed later is revealed by the Outcome of a later move.
	Redact(move Move, mover, viewer Seat) Move
}

// Claimer is implemented by Positions in which a player may claim an ending that does not come by itself.
type Claimer interface {
	// Claim returns the result if seat may now claim what (chess: "threefold", "fifty_moves"), or an error that wraps
	// ErrIllegal and says what is missing.
	Claim(seat Seat, what string) (Result, error)
}

// Flagger is implemented by Positions for which running out of time is not always a loss.
type Flagger interface {
	// Flagged returns the result if the time of seat runs out now.
	Flagged(seat Seat) Result
}

// Registry is the set of rules that a server plays. It is immutable once built and safe for concurrent use.
type Registry struct {
	byName map[string]Rules
}

// NewRegistry returns a registry of the given rules. It panics if two have one name or a name is not allowed, because
// that is a mistake in the program.
func NewRegistry(rules ...Rules) *Registry {
	registry := &Registry{byName: make(map[string]Rules, len(rules))}
	for _, r := range rules {
		name := r.Name()
		if !validName(name) {
			panic(fmt.Sprintf("game: rules name %q: want lower-case letters and digits, 1 to 32", name))
		}
		if _, twice := registry.byName[name]; twice {
			panic(fmt.Sprintf("game: two rules are named %q", name))
		}
		registry.byName[name] = r
	}
	return registry
}

// Rules returns the rules of that name, or an error that wraps ErrUnknownRules and lists those there are.
func (registry *Registry) Rules(name string) (Rules, error) {
	if r, ok := registry.byName[name]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("%w %.40q: this server plays %v", ErrUnknownRules, name, registry.Names())
}

// Names lists the names of the rules in alphabetical order.
func (registry *Registry) Names() []string {
	return slices.Sorted(maps.Keys(registry.byName))
}

// ErrUnknownRules means that no rules of that name are in the registry.
var ErrUnknownRules = errors.New("unknown rules")

func validName(name string) bool {
	if name == "" || len(name) > 32 {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Package chess is orthodox chess by the FIDE Laws of Chess of January 2023: legal moves, the endings that come by
// themselves (checkmate, stalemate, dead position, fivefold repetition, 75 moves), those that a player claims
// (threefold repetition, 50 moves), and what becomes of a game when a flag falls. It also writes PGN.
//
// What a move may do is found here, on sets of squares: a server asks of each move whether that one is legal, whether it
// gives check, and whether it leaves the opponent any answer, and no library for Go tells that without listing every move
// there is, which took twenty times as long. github.com/corentings/chess/v2, which did it before, is the referee of the
// tests: see referee_test.go.
//
// It never takes a position from a client, and never looks at a clock.
package chess

import (
	"fmt"

	"github.com/plywire/plywire/game"
)

// White and Black are the seats, in the order in which they move.
const (
	White game.Seat = 0
	Black game.Seat = 1
)

// seatNames is what Seats returns. It is never changed.
var seatNames = []string{"white", "black"}

// Rules is chess. Its zero value is ready for use.
type Rules struct{}

var _ game.Rules = Rules{}

// Name returns "chess".
func (Rules) Name() string { return "chess" }

// Setup returns the usual starting position. There are no options: anything but none or {} is an error. There is no
// chance in chess either: seed is not used.
func (Rules) Setup(options []byte, _ uint64) (game.Position, error) {
	if err := game.ReadOptions(options, &struct{}{}); err != nil {
		return nil, fmt.Errorf("%w; chess has no options: leave them out, or give {}", err)
	}
	return newPosition(newBoard(startingLayout())), nil
}

// Restore returns the position that AppendState wrote. State that is cut off, damaged or of a later version is an
// error; it never panics.
func (Rules) Restore(state []byte) (game.Position, error) {
	p, err := decodeState(state)
	if err != nil {
		return nil, fmt.Errorf("restore chess position: %w", err)
	}
	return p, nil
}

package chess

import (
	"math/bits"

	"github.com/plywire/plywire/game"
)

// squareSet is a set of squares, one bit each, a1 the lowest: what chess programs call a bitboard.
type squareSet uint64

const (
	rank1        squareSet = 0xff
	rank8        squareSet = rank1 << 56
	lightSquares squareSet = 0x55aa55aa55aa55aa // h1 is one
)

// only is the set of one square.
func only(s square) squareSet { return 1 << (s & 63) }

func (set squareSet) has(s square) bool { return set&only(s) != 0 }
func (set squareSet) len() int          { return bits.OnesCount64(uint64(set)) }

// first is the lowest square of a set that is not empty.
func (set squareSet) first() square { return square(bits.TrailingZeros64(uint64(set))) }

// pop takes the lowest square out of a set that is not empty.
func (set *squareSet) pop() square {
	s := set.first()
	*set &= *set - 1
	return s
}

// men is where everybody stands, by seat and by kind: the same as a layout's squares, the other way round.
type men struct {
	of    [2]squareSet         // by seat
	kinds [kinds + 1]squareSet // by kind
}

// put places a piece on an empty square.
func (m *men) put(p piece, s square) {
	m.of[p.seat()] |= only(s)
	m.kinds[p.kind()] |= only(s)
}

// take removes a piece from its square.
func (m *men) take(p piece, s square) {
	m.of[p.seat()] &^= only(s)
	m.kinds[p.kind()] &^= only(s)
}

func (m *men) occupied() squareSet { return m.of[White] | m.of[Black] }

// those are the seat's men of that kind.
func (m *men) those(kind piece, seat game.Seat) squareSet { return m.kinds[kind] & m.of[seat] }

// menOf is where the pieces of a layout stand.
func menOf(l *layout) men {
	var m men
	for s, p := range l.squares {
		if p != none {
			m.put(p, square(s))
		}
	}
	return m
}

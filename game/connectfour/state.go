package connectfour

import (
	"fmt"
	"math/bits"

	"github.com/plywire/plywire/game"
)

// The state is a version, then a byte a column: a bit a disc from the bottom up, set where it is the second seat's, and
// above them a 1 that ends the column. Each byte from 1 to 127 is a column, so that no disc can float.
const (
	stateVersion = 1
	stateLen     = 1 + columns
)

func (p *position) AppendState(dst []byte) []byte {
	dst = append(dst, stateVersion)
	for column := range columns {
		second := p.board[1] >> (column * stride) & (1<<rows - 1)
		dst = append(dst, byte(1<<p.board.height(column)|second))
	}
	return dst
}

// Restore returns the position that AppendState wrote. A board that no game can come to is an error.
func (Rules) Restore(state []byte) (game.Position, error) {
	if len(state) != stateLen {
		return nil, fmt.Errorf("restore connectfour: %d bytes, want %d", len(state), stateLen)
	}
	if state[0] != stateVersion {
		return nil, fmt.Errorf("restore connectfour: version %d, want %d", state[0], stateVersion)
	}
	var b board
	for column, discs := range state[1:] {
		if discs == 0 || discs >= 1<<stride {
			return nil, fmt.Errorf("restore connectfour: %#x is not column %c", discs, 'a'+column)
		}
		height := bits.Len8(discs) - 1
		second := uint64(discs) &^ (1 << height)
		b[0] |= (1<<height - 1 - second) << (column * stride)
		b[1] |= second << (column * stride)
	}
	first, second := bits.OnesCount64(b[0]), bits.OnesCount64(b[1])
	if first != second && first != second+1 {
		return nil, fmt.Errorf("restore connectfour: %d discs of the first seat and %d of the second", first, second)
	}
	if !b.reachable(make(map[uint64]bool)) {
		return nil, fmt.Errorf("restore connectfour: no game comes to %q", b)
	}
	return &position{b}, nil
}

// reachable tells whether a game can come to b, by taking discs off it in turn until it is empty. dead has the boards
// that were found not to be reachable on the way; their filled cells are name enough, because all of them are parts of
// one board.
//
// The check is exact, and not only a count: a snapshot that was damaged should be noticed when it is read.
func (b board) reachable(dead map[uint64]bool) bool {
	if b.filled() == 0 {
		return true
	}
	toMove := b.turn()
	if dead[b.filled()] || four(b[toMove]) { // four: that disc ended the game, and another one lies on the board
		return false
	}
	last := 1 - toMove
	for column := range columns {
		top := cell(column, b.height(column)) >> 1 // of an empty column: no cell, so nobody's
		if b[last]&top == 0 {
			continue
		}
		before := b
		before[last] &^= top
		if before.reachable(dead) {
			return true
		}
	}
	dead[b.filled()] = true
	return false
}

package chess

import (
	"fmt"

	"github.com/plywire/plywire/game"
)

// refuse says why m, which is not legal, cannot be played. The error wraps game.ErrIllegal.
func (b *board) refuse(m packed) error {
	from, to := m.from(), m.to()
	mover := b.squares[from]
	name := kindNames[mover.kind()]
	switch {
	case mover == none:
		return illegal("there is no piece on %v", from)
	case mover.seat() != b.turn:
		return illegal("the %s on %v is not yours", name, from)
	case m.promotion() == none && b.legal(pack(from, to, whiteQueen)):
		return illegal("say what the pawn becomes: %[1]vq, %[1]vr, %[1]vb or %[1]vn", m)
	case m.promotion() != none && b.legal(m.plain()):
		return illegal("%v is not a promotion: write %v", m, m.plain())
	case mover.kind() == whiteKing && b.squares[to] == whiteRook.of(b.turn) && from.rank() == to.rank():
		return illegal("castling is written as the king's move of two squares: %v", towards(from, to))
	case mover.kind() == whiteKing && from.file() == 4 && m.plain() == towards(from, to):
		return illegal("the king cannot castle now: king and rook must not have moved, the squares between them must" +
			" be empty, and the king must not be, pass through or arrive in check")
	case b.targets(from).has(to):
		return illegal("after %v your king would be in check", m)
	default:
		return illegal("the %s on %v cannot go to %v", name, from, to)
	}
}

// towards is the king's move of two squares in the direction of the square to, on the same rank.
func towards(from, to square) packed {
	if to > from {
		return pack(from, from+2, none)
	}
	return pack(from, from-2, none)
}

func illegal(format string, args ...any) error {
	return fmt.Errorf("%w: %s", game.ErrIllegal, fmt.Sprintf(format, args...))
}

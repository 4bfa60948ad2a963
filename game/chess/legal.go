package chess

import "github.com/plywire/plywire/game"

// attacked tells whether one of the seat's men, those in spared left out, attacks the square when the squares of occupied
// are taken.
func (b *board) attacked(s square, by game.Seat, spared, occupied squareSet) bool {
	enemies := b.of[by] &^ spared
	// A man attacks s from where s, as the same man of the other side, would attack him.
	if enemies&(knightReach[s]&b.kinds[whiteKnight]|kingReach[s]&b.kinds[whiteKing]|pawnTakes[1-by][s]&b.kinds[whitePawn]) != 0 {
		return true
	}
	queens := b.kinds[whiteQueen]
	if straight := enemies & (b.kinds[whiteRook] | queens); straight != 0 && rookReach(s, occupied)&straight != 0 {
		return true
	}
	diagonal := enemies & (b.kinds[whiteBishop] | queens)
	return diagonal != 0 && bishopReach(s, occupied)&diagonal != 0
}

// exposed tells whether the seat's king is in check.
func (b *board) exposed(seat game.Seat) bool {
	return b.attacked(b.those(whiteKing, seat).first(), opponent(seat), 0, b.occupied())
}

// legal tells whether the player whose turn it is may play m.
func (b *board) legal(m packed) bool { return b.possible(m) && b.safe(m) }

// possible tells whether m is a move of such a man, leaving aside that the own king must not be in check after it.
func (b *board) possible(m packed) bool {
	mover := b.squares[m.from()]
	promotes := mover.kind() == whitePawn && (rank1 | rank8).has(m.to())
	return mover.seat() == b.turn && promotes == (m.promotion() != none) && b.targets(m.from()).has(m.to())
}

// safe tells whether the mover's king is not in check after m, which must be possible.
func (b *board) safe(m packed) bool {
	from, to := m.from(), m.to()
	king, taken := b.those(whiteKing, b.turn).first(), only(to)
	switch {
	case from == king:
		king = to
	case to == b.enPassant && b.squares[from].kind() == whitePawn:
		taken = only(passed(to))
	}
	return !b.attacked(king, opponent(b.turn), taken, b.occupied()&^only(from)&^taken|only(to))
}

// targets are the squares that the man on s, who is of the player whose turn it is, may go to, as possible understands it.
func (b *board) targets(s square) squareSet {
	occupied := b.occupied()
	switch kind := b.squares[s].kind(); kind {
	case whitePawn:
		return b.pawnTargets(s, occupied)
	case whiteKing:
		return kingReach[s]&^b.of[b.turn] | b.castlingTargets(s, occupied)
	default:
		return reach(kind, s, occupied) &^ b.of[b.turn]
	}
}

func (b *board) pawnTargets(s square, occupied squareSet) squareSet {
	prey := b.of[opponent(b.turn)]
	if b.enPassant != noSquare {
		prey |= only(b.enPassant)
	}
	takes := pawnTakes[b.turn][s] & prey
	if b.turn == White {
		one := only(s) << 8 &^ occupied
		return takes | one | one&(rank1<<16)<<8&^occupied
	}
	one := only(s) >> 8 &^ occupied
	return takes | one | one&(rank8>>16)>>8&^occupied
}

// castlingWay is one of the four ways to castle.
type castlingWay struct {
	right      castling
	king, to   square // of the king
	rook, over square // of the rook; over is also the square that the king passes
	between    squareSet
}

// castlingWays are by seat, the short one first.
var castlingWays = [2][2]castlingWay{
	{{whiteShort, 4, 6, 7, 5, 0x60}, {whiteLong, 4, 2, 0, 3, 0x0e}},
	{{blackShort, 60, 62, 63, 61, 0x60 << 56}, {blackLong, 60, 58, 56, 59, 0x0e << 56}},
}

// castlingTargets are where the king on s may castle to: both men have never moved, nothing stands between them, and the
// king is not in check and does not pass through it (FIDE 3.8.2). Whether he arrives in check is for safe to tell.
func (b *board) castlingTargets(s square, occupied squareSet) squareSet {
	if b.castling == 0 || b.checked {
		return 0
	}
	var to squareSet
	for i := range castlingWays[b.turn] {
		way := &castlingWays[b.turn][i]
		if b.castling&way.right != 0 && s == way.king && occupied&way.between == 0 &&
			!b.attacked(way.over, opponent(b.turn), 0, occupied) {
			to |= only(way.to)
		}
	}
	return to
}

// mobile tells whether the player whose turn it is has any legal move. Nearly always the first one that is tried is.
func (b *board) mobile() bool {
	for men := b.of[b.turn]; men != 0; {
		from := men.pop()
		for targets := b.targets(from); targets != 0; {
			if b.safe(pack(from, targets.pop(), none)) { // whatever a pawn becomes, its king is as safe
				return true
			}
		}
	}
	return false
}

// opponent is the other seat.
func opponent(seat game.Seat) game.Seat { return 1 - seat&1 }

// passed is where the pawn stands that has just passed over s.
func passed(s square) square { return s ^ 8 }

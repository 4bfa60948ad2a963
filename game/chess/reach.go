package chess

import "math/bits"

// Where a man on a square can go on an otherwise empty board. The tables are fixed once made, and take 10 KiB.
var (
	knightReach = stepReach([]step{{1, 2}, {2, 1}, {2, -1}, {1, -2}, {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}})
	kingReach   = stepReach(append(forwards[:], backwards[:]...))
	pawnTakes   = [2][squares]squareSet{stepReach([]step{{-1, 1}, {1, 1}}), stepReach([]step{{-1, -1}, {1, -1}})} // by seat
	forwardRay  = rayReach(forwards)
	backwardRay = rayReach(backwards)
)

// step is a move on the board: files to the right, ranks up.
type step struct{ file, rank int }

// The eight directions: those in which squares grow, and those in which they shrink. Rooks go in the first two of each.
var (
	forwards  = [4]step{{1, 0}, {0, 1}, {1, 1}, {-1, 1}}
	backwards = [4]step{{-1, 0}, {0, -1}, {-1, -1}, {1, -1}}
)

// from is where the step leads to; ok tells whether that is on the board.
func (d step) from(s square) (to square, ok bool) {
	file, rank := s.file()+d.file, s.rank()+d.rank
	return square(8*rank + file), file >= 0 && file < 8 && rank >= 0 && rank < 8
}

// stepReach is where one of the steps leads to, by square.
func stepReach(steps []step) (reach [squares]squareSet) {
	for s := range reach {
		for _, d := range steps {
			if to, ok := d.from(square(s)); ok {
				reach[s] |= only(to)
			}
		}
	}
	return reach
}

// rayReach is where steps in each direction lead to, by direction and square.
func rayReach(directions [4]step) (rays [4][squares]squareSet) {
	for i, d := range directions {
		for s := range rays[i] {
			for to, ok := d.from(square(s)); ok; to, ok = d.from(to) {
				rays[i][s] |= only(to)
			}
		}
	}
	return rays
}

// along is where a man on s gets to in one pair of opposite directions: up to the first men that stand in its way, and
// them. A ray behind the first of these is what it does not get to. Where nobody stands in the way, the last square of
// the board is taken for him, behind which there is nothing.
//
// This is the classical way to find them (chessprogramming.org/Classical_Approach). Magic multiplication is a few
// nanoseconds faster and needs tables a hundred times as large, which a server has better use for the cache for.
func along(direction int, s square, occupied squareSet) squareSet {
	up, down := &forwardRay[direction], &backwardRay[direction]
	above, below := up[s], down[s]
	first := bits.TrailingZeros64(uint64(above&occupied) | 1<<63)
	last := 63 - bits.LeadingZeros64(uint64(below&occupied)|1)
	return above&^up[first] | below&^down[last]
}

func rookReach(s square, occupied squareSet) squareSet {
	return along(0, s, occupied) | along(1, s, occupied)
}

func bishopReach(s square, occupied squareSet) squareSet {
	return along(2, s, occupied) | along(3, s, occupied)
}

// reach is where a man of that kind, which is no pawn, gets to.
func reach(kind piece, s square, occupied squareSet) squareSet {
	switch kind {
	case whiteKnight:
		return knightReach[s]
	case whiteBishop:
		return bishopReach(s, occupied)
	case whiteRook:
		return rookReach(s, occupied)
	case whiteQueen:
		return rookReach(s, occupied) | bishopReach(s, occupied)
	default:
		return kingReach[s]
	}
}

package chess

// board is one position, and what follows from it that is asked all the time.
type board struct {
	layout
	men
	hash    uint64 // key()
	checked bool   // the player whose turn it is is in check
}

// startingLayout is the position in which every game begins.
func startingLayout() layout {
	l := layout{castling: castlingAll, enPassant: noSquare, number: 1}
	officers := [8]piece{whiteRook, whiteKnight, whiteBishop, whiteQueen, whiteKing, whiteBishop, whiteKnight, whiteRook}
	for file, officer := range officers {
		l.squares[file], l.squares[8+file] = officer, whitePawn
		l.squares[48+file], l.squares[56+file] = blackPawn, officer.of(Black)
	}
	return l
}

// newBoard returns the board of a layout, in which each side has one king. Its square for a capture in passing may be any
// that a pawn has just passed over: it is kept if such a capture is legal.
func newBoard(l layout) *board {
	b := &board{layout: l, men: menOf(&l)}
	b.checked = b.exposed(b.turn)
	if b.enPassant != noSquare && !b.passable() {
		b.enPassant = noSquare
	}
	b.hash = b.key()
	return b
}

// passable tells whether the pawn that has just passed over the en-passant square can be taken by a legal move.
func (b *board) passable() bool {
	// Who can take there stands where a pawn of the other side, from there, would take.
	takers := pawnTakes[opponent(b.turn)][b.enPassant] & b.those(whitePawn, b.turn)
	for takers != 0 {
		if b.safe(pack(takers.pop(), b.enPassant, none)) {
			return true
		}
	}
	return false
}

// play makes next the board after m, which must be legal.
func (b *board) play(m packed, next *board) {
	*next = *b
	from, to := m.from(), m.to()
	mover := b.squares[from]
	kind := mover.kind()
	next.lift(from)
	if b.squares[to] != none {
		next.lift(to)
	}
	next.enPassant = noSquare
	next.quiet++
	switch {
	case kind == whitePawn:
		next.playPawn(m, b.enPassant)
		if m.promotion() != none {
			mover = m.promotion().of(b.turn)
		}
	case b.squares[to] != none:
		next.quiet = 0
	case kind == whiteKing && (to == from+2 || from == to+2):
		next.moveRook(to)
	}
	next.drop(mover, to)
	next.castling &^= castlingLost(from) | castlingLost(to)
	next.hash ^= keys.castling[b.castling] ^ keys.castling[next.castling]
	if b.turn == Black {
		next.number++
	}
	next.turn = opponent(b.turn)
	next.hash ^= keys.black
	if b.enPassant != noSquare {
		next.hash ^= keys.file[b.enPassant.file()]
	}
	next.checked = next.exposed(next.turn)
	if next.enPassant != noSquare {
		if next.passable() {
			next.hash ^= keys.file[next.enPassant.file()]
		} else {
			next.enPassant = noSquare
		}
	}
}

// playPawn does what else a pawn's move does.
func (b *board) playPawn(m packed, enPassant square) {
	from, to := m.from(), m.to()
	b.quiet = 0
	switch {
	case to == enPassant:
		b.lift(passed(to))
	case to == from+16 || from == to+16:
		b.enPassant = (from + to) / 2
	}
}

// moveRook moves the rook of a king who castles to that square.
func (b *board) moveRook(to square) {
	for _, way := range castlingWays[b.turn] {
		if way.to == to {
			b.lift(way.rook)
			b.drop(whiteRook.of(b.turn), way.over)
		}
	}
}

// lift takes the piece off a square.
func (b *board) lift(s square) {
	p := b.squares[s]
	b.squares[s] = none
	b.take(p, s)
	b.hash ^= keys.piece[p][s]
}

// drop places a piece on a square.
func (b *board) drop(p piece, s square) {
	b.squares[s] = p
	b.put(p, s)
	b.hash ^= keys.piece[p][s]
}

// castlingLost are the rights that end when a man leaves the square, or another comes to it.
func castlingLost(s square) castling {
	switch s {
	case 0:
		return whiteLong
	case 4:
		return whiteShort | whiteLong
	case 7:
		return whiteShort
	case 56:
		return blackLong
	case 60:
		return blackShort | blackLong
	case 63:
		return blackShort
	}
	return 0
}

package chess

import "github.com/plywire/plywire/game"

// piece is what stands on a square. The values are part of the format of AppendState: they are never changed.
type piece uint8

const (
	none piece = iota
	whitePawn
	whiteKnight
	whiteBishop
	whiteRook
	whiteQueen
	whiteKing
	blackPawn
	blackKnight
	blackBishop
	blackRook
	blackQueen
	blackKing

	pieceCount // of the values above, none included
)

const (
	pieceLetters = " PNBRQKpnbrqk" // as FEN writes them, by piece
	kindLetters  = " PNBRQK"       // as SAN writes them, by kind
	kinds        = blackPawn - whitePawn
)

// Kinds are pieces without their colour: the white ones stand for both.
var kindNames = [...]string{"", "pawn", "knight", "bishop", "rook", "queen", "king"}

// kind is the piece as if it were white; none stays none.
func (p piece) kind() piece {
	if p > whiteKing {
		return p - kinds
	}
	return p
}

// seat is whose piece it is: NoSeat on an empty square.
func (p piece) seat() game.Seat {
	switch {
	case p == none:
		return game.NoSeat
	case p <= whiteKing:
		return White
	default:
		return Black
	}
}

// of is the piece of that kind in the seat's colour.
func (p piece) of(seat game.Seat) piece {
	if seat == Black {
		return p + kinds
	}
	return p
}

// square counts a1, b1, … h8 from 0. The numbers are part of the format of AppendState.
type square uint8

const (
	squares         = 64
	noSquare square = 255
)

func (s square) file() int { return int(s % 8) }
func (s square) rank() int { return int(s / 8) }

// String is the square as in "e4", or "-" for noSquare.
func (s square) String() string {
	if s == noSquare {
		return "-"
	}
	return string(s.appendTo(nil))
}

// appendTo appends the square, which is one of the board's.
func (s square) appendTo(text []byte) []byte {
	return append(text, 'a'+byte(s.file()), '1'+byte(s.rank()))
}

// castling is the set of castling rights that are left. The bits are part of the format of AppendState.
type castling uint8

const (
	whiteShort castling = 1 << iota
	whiteLong
	blackShort
	blackLong

	castlingAll = whiteShort | whiteLong | blackShort | blackLong
)

const castlingLetters = "KQkq" // by bit

// layout is a position as plain values: everything that FEN says. All that is asked of a position between two moves
// is answered from here.
type layout struct {
	squares   [squares]piece
	turn      game.Seat
	castling  castling
	enPassant square // where a pawn may be taken in passing; noSquare if no such capture is legal (FIDE 9.2.3.1)
	quiet     uint16 // plies since the last capture or pawn move
	number    uint16 // of the move, as players count them, from 1
}

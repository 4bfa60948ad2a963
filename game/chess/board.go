package chess

import (
	"encoding/binary"
	"fmt"
	"slices"

	corentings "github.com/corentings/chess/v2"
)

// board is one position and what was worked out about it. Everything but the list of moves is fixed when it is made.
//
// It is the only place that touches the library. The library's Position works out its moves when it is first asked and
// writes them down in itself, so a board belongs to one goroutine at a time.
type board struct {
	layout
	hash uint64 // key(), kept because repetitions are looked for at every move

	pos *corentings.Position // never asked for its moves: see search

	searched bool
	moves    []packed // the legal ones, once searched
	mated    bool     // once searched: no legal move, and in check
}

func startingBoard() *board { return newBoard(corentings.StartingPosition()) }

// boardOf returns the board of a layout that check has found in order. It goes by way of the library's binary form
// rather than FEN, which takes six times as long: a node that takes over a shard restores thousands of games at once.
// decodeState compares what comes out with what went in.
func boardOf(l *layout) (*board, error) {
	form := make([]byte, 0, libraryBytes)
	for _, p := range libraryOrder {
		var squares uint64 // a1 is the highest bit
		for _, on := range l.squares {
			squares <<= 1
			if on == p {
				squares |= 1
			}
		}
		form = binary.BigEndian.AppendUint64(form, squares)
	}
	form = append(form, byte(l.quiet))
	form = binary.BigEndian.AppendUint16(form, l.number)
	form = append(form, byte(l.enPassant))
	flags := byte(l.castling) // KQkq from the lowest bit, as here
	if l.turn == Black {
		flags |= libraryBlack
	}
	if l.enPassant != noSquare {
		flags |= libraryEnPassant
	}
	pos := &corentings.Position{}
	if err := pos.UnmarshalBinary(append(form, flags)); err != nil {
		return nil, err
	}
	return newBoard(pos), nil
}

// The library's binary form, as its Position.MarshalBinary and Board.MarshalBinary write it.
const (
	libraryBytes     = 101
	libraryBlack     = 1 << 4
	libraryEnPassant = 1 << 5
)

var libraryOrder = [...]piece{
	whiteKing, whiteQueen, whiteRook, whiteBishop, whiteKnight, whitePawn,
	blackKing, blackQueen, blackRook, blackBishop, blackKnight, blackPawn,
}

func newBoard(pos *corentings.Position) *board {
	b := &board{pos: pos}
	mailbox := pos.Board()
	for s := range b.squares {
		b.squares[s] = pieceOf[mailbox.Piece(corentings.Square(s))]
	}
	if pos.Turn() == corentings.Black {
		b.turn = Black
	}
	b.castling = castlingOf(pos.CastleRights().String())
	b.quiet = uint16(pos.HalfMoveClock())
	b.number = uint16((pos.Ply() + 1) / 2)
	b.enPassant = b.legalEnPassant()
	b.hash = b.key()
	return b
}

// pieceOf translates the library's pieces, whose numbers may change with its version.
var pieceOf = [...]piece{
	corentings.NoPiece:     none,
	corentings.WhitePawn:   whitePawn,
	corentings.WhiteKnight: whiteKnight,
	corentings.WhiteBishop: whiteBishop,
	corentings.WhiteRook:   whiteRook,
	corentings.WhiteQueen:  whiteQueen,
	corentings.WhiteKing:   whiteKing,
	corentings.BlackPawn:   blackPawn,
	corentings.BlackKnight: blackKnight,
	corentings.BlackBishop: blackBishop,
	corentings.BlackRook:   blackRook,
	corentings.BlackQueen:  blackQueen,
	corentings.BlackKing:   blackKing,
}

var kindOf = [...]piece{
	corentings.NoPieceType: none,
	corentings.Pawn:        whitePawn,
	corentings.Knight:      whiteKnight,
	corentings.Bishop:      whiteBishop,
	corentings.Rook:        whiteRook,
	corentings.Queen:       whiteQueen,
	corentings.King:        whiteKing,
}

// legalEnPassant is the square where a pawn may be taken in passing by a legal move, or noSquare. Moves are searched
// only when a pawn stands where it could take: that is rare, and replaying a long game asks at every ply.
func (b *board) legalEnPassant() square {
	if b.pos.EnPassantSquare() == corentings.NoSquare {
		return noSquare
	}
	target := square(b.pos.EnPassantSquare())
	taker := whitePawn.of(b.turn)
	rank := 4 // the fifth, where White's takers stand
	if b.turn == Black {
		rank = 3
	}
	for _, file := range [...]int{target.file() - 1, target.file() + 1} {
		if file < 0 || file > 7 {
			continue
		}
		from := square(rank*8 + file)
		if b.squares[from] == taker && b.legal(pack(from, target, none)) {
			return target
		}
	}
	return noSquare
}

// search lists the legal moves, once.
func (b *board) search() {
	if b.searched {
		return
	}
	// The library keeps its list, about 5 KiB, in the Position that was asked. A copy is asked, which goes at once.
	scratch := *b.pos
	found := scratch.ValidMovesUnsafe()
	b.moves = packAll(found)
	b.mated = len(found) == 0 && scratch.Status() == corentings.Checkmate
	b.searched = true
}

func packAll(moves []corentings.Move) []packed {
	all := make([]packed, len(moves))
	for i := range moves {
		m := &moves[i]
		all[i] = pack(square(m.S1()), square(m.S2()), kindOf[m.Promo()])
	}
	return all
}

func (b *board) legal(m packed) bool {
	b.search()
	return slices.Contains(b.moves, m)
}

// exposing lists the moves that would be legal if they did not leave the mover's king in check.
func (b *board) exposing() []packed { return packAll(b.pos.UnsafeMoves()) }

// play returns the board after m, which must be legal, and whether m gives check. It does not search for moves.
func (b *board) play(m packed) (next *board, check bool) {
	// The library has no other way to make a Move than to read one. What it is given here was written by packed, so
	// its lax reading (see parseMove) does no harm.
	move, err := corentings.UCINotation{}.Decode(b.pos, m.String())
	if err != nil {
		panic(fmt.Sprintf("chess: library refuses to read %v: %v", m, err)) // every packed move is good UCI
	}
	return newBoard(move.Position()), move.HasTag(corentings.Check)
}

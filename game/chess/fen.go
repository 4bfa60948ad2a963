package chess

import (
	"math/bits"
	"strconv"
)

// fenBytesMax is more than any position needs: 71 for the board, 2 for the turn, 5 for the castling rights, 3 for the
// en-passant square, and 12 for the counters.
const fenBytesMax = 96

// fen is what appendFEN appends.
func (b *board) fen() string {
	var room [fenBytesMax]byte
	return string(b.appendFEN(room[:0]))
}

// appendFEN appends the position in Forsyth-Edwards Notation, as chapter 16.1 of the PGN standard defines it, but with an
// en-passant square only where such a capture is legal. So equal positions have equal FEN, but for the two counters.
func (b *board) appendFEN(text []byte) []byte {
	for rank := 7; rank >= 0; rank-- {
		text = b.appendRank(text, rank)
		if rank > 0 {
			text = append(text, '/')
		}
	}
	if b.turn == White {
		text = append(text, " w "...)
	} else {
		text = append(text, " b "...)
	}
	if b.castling == 0 {
		text = append(text, '-')
	}
	for i := range len(castlingLetters) {
		if b.castling&(1<<i) != 0 {
			text = append(text, castlingLetters[i])
		}
	}
	text = append(text, ' ')
	if b.enPassant == noSquare {
		text = append(text, '-')
	} else {
		text = b.enPassant.appendTo(text)
	}
	text = append(text, ' ')
	text = strconv.AppendUint(text, uint64(b.quiet), 10)
	text = append(text, ' ')
	return strconv.AppendUint(text, uint64(b.number), 10)
}

func (b *board) appendRank(text []byte, rank int) []byte {
	squares := b.squares[rank*8 : rank*8+8]
	file := 0 // of the first square that is not written
	for men := uint8(b.occupied() >> (8 * rank)); men != 0; men &= men - 1 {
		next := bits.TrailingZeros8(men)
		if next > file {
			text = append(text, '0'+byte(next-file))
		}
		text = append(text, pieceLetters[squares[next]])
		file = next + 1
	}
	if file < 8 {
		text = append(text, '0'+byte(8-file))
	}
	return text
}

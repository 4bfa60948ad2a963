package chess

import "strconv"

// fenBytesMax is more than any position needs: 71 for the board, 2 for the turn, 5 for the castling rights, 3 for the
// en-passant square, and 12 for the counters.
const fenBytesMax = 96

// fen is what appendFEN appends.
func (l *layout) fen() string {
	var room [fenBytesMax]byte
	return string(l.appendFEN(room[:0]))
}

// appendFEN appends the position in Forsyth-Edwards Notation, as chapter 16.1 of the PGN standard defines it, but with an
// en-passant square only where such a capture is legal. So equal positions have equal FEN, but for the two counters.
func (l *layout) appendFEN(text []byte) []byte {
	for rank := 7; rank >= 0; rank-- {
		text = l.appendRank(text, rank)
		if rank > 0 {
			text = append(text, '/')
		}
	}
	if l.turn == White {
		text = append(text, " w "...)
	} else {
		text = append(text, " b "...)
	}
	if l.castling == 0 {
		text = append(text, '-')
	}
	for i := range len(castlingLetters) {
		if l.castling&(1<<i) != 0 {
			text = append(text, castlingLetters[i])
		}
	}
	text = append(text, ' ')
	if l.enPassant == noSquare {
		text = append(text, '-')
	} else {
		text = l.enPassant.appendTo(text)
	}
	text = append(text, ' ')
	text = strconv.AppendUint(text, uint64(l.quiet), 10)
	text = append(text, ' ')
	return strconv.AppendUint(text, uint64(l.number), 10)
}

func (l *layout) appendRank(text []byte, rank int) []byte {
	empty := byte(0)
	for _, p := range l.squares[rank*8 : rank*8+8] {
		if p == none {
			empty++
			continue
		}
		if empty > 0 {
			text = append(text, '0'+empty)
			empty = 0
		}
		text = append(text, pieceLetters[p])
	}
	if empty > 0 {
		text = append(text, '0'+empty)
	}
	return text
}

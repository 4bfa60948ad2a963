package chess

// sanBytesMax is more than any move needs, as in "Qa1xb2#".
const sanBytesMax = 8

// appendSAN appends the move, which must be legal, in Standard Algebraic Notation as chapter 8.2.3 of the PGN standard
// wants it; check and mate say what it does.
func (b *board) appendSAN(text []byte, m packed, check, mate bool) []byte {
	from, to := m.from(), m.to()
	kind := b.squares[from].kind()
	captures := b.squares[to] != none || kind == whitePawn && from.file() != to.file()
	switch {
	case kind == whiteKing && to == from+2:
		text = append(text, "O-O"...)
	case kind == whiteKing && from == to+2:
		text = append(text, "O-O-O"...)
	case kind == whitePawn:
		if captures {
			text = append(text, 'a'+byte(from.file()), 'x')
		}
		text = to.appendTo(text)
		if m.promotion() != none {
			text = append(text, '=', kindLetters[m.promotion()])
		}
	default:
		text = append(text, kindLetters[kind])
		text = b.appendOrigin(text, m)
		if captures {
			text = append(text, 'x')
		}
		text = to.appendTo(text)
	}
	switch {
	case mate:
		return append(text, '#')
	case check:
		return append(text, '+')
	}
	return text
}

// appendOrigin appends as much of the square that m comes from as tells it from the other legal moves of such pieces to
// the same square: nothing, the file, else the rank, else both.
func (b *board) appendOrigin(text []byte, m packed) []byte {
	from, to := m.from(), m.to()
	kind := b.squares[from].kind()
	var rivals, sameFile, sameRank bool
	// Who can go to a square stands where such a man on it could go.
	for others := reach(kind, to, b.occupied()) & b.those(kind, b.turn) &^ only(from); others != 0; {
		other := others.pop()
		if !b.safe(pack(other, to, none)) {
			continue
		}
		rivals = true
		sameFile = sameFile || other.file() == from.file()
		sameRank = sameRank || other.rank() == from.rank()
	}
	if rivals && (!sameFile || sameRank) {
		text = append(text, 'a'+byte(from.file()))
	}
	if sameFile {
		text = append(text, '1'+byte(from.rank()))
	}
	return text
}

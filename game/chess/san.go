package chess

// san is the move, which must be legal, in Standard Algebraic Notation as chapter 8.2.3 of the PGN standard wants it.
// next is the board after it, and check what play said of it.
func (b *board) san(m packed, next *board, check bool) string {
	text := make([]byte, 0, 8)
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
		text = append(text, to.String()...)
		if m.promotion() != none {
			text = append(text, '=', kindLetters[m.promotion()])
		}
	default:
		text = append(text, kindLetters[kind])
		text = b.appendOrigin(text, m)
		if captures {
			text = append(text, 'x')
		}
		text = append(text, to.String()...)
	}
	if check {
		next.search()
		if next.mated {
			text = append(text, '#')
		} else {
			text = append(text, '+')
		}
	}
	return string(text)
}

// appendOrigin appends as much of the square that m comes from as tells it from the other legal moves of such pieces to
// the same square: nothing, the file, else the rank, else both.
func (b *board) appendOrigin(text []byte, m packed) []byte {
	b.search()
	from := m.from()
	var rivals, sameFile, sameRank bool
	for _, other := range b.moves {
		if other.to() != m.to() || other.from() == from || b.squares[other.from()] != b.squares[from] {
			continue
		}
		rivals = true
		sameFile = sameFile || other.from().file() == from.file()
		sameRank = sameRank || other.from().rank() == from.rank()
	}
	if rivals && (!sameFile || sameRank) {
		text = append(text, 'a'+byte(from.file()))
	}
	if sameFile {
		text = append(text, '1'+byte(from.rank()))
	}
	return text
}

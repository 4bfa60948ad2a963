package connectfour

import (
	"math/bits"
	"strings"
)

const (
	columns = 7
	rows    = 6

	// stride is how many bits a column takes: its cells from the bottom up, and one above them that is always empty,
	// so that no line runs on from the top of one column into the bottom of the next.
	stride = rows + 1
)

// board is the discs of the first and of the second seat, a bit a cell: column a is bits 0 to 5, column b 7 to 12, and so
// on. Nothing floats: under each disc there is another one or the bottom.
type board [2]uint64

func (b board) filled() uint64 { return b[0] | b[1] }

// turn is the index of the seat that drops next if the game goes on.
func (b board) turn() int { return bits.OnesCount64(b.filled()) & 1 }

// height is the number of discs in the column.
func (b board) height(column int) int {
	return bits.OnesCount64(b.filled() >> (column * stride) & (1<<rows - 1))
}

// four tells whether the discs have four in a row anywhere.
func four(discs uint64) bool {
	for _, step := range [...]int{1, stride - 1, stride, stride + 1} { // up, falling, along, rising
		pairs := discs & (discs >> step)
		if pairs&(pairs>>(2*step)) != 0 {
			return true
		}
	}
	return false
}

// winner is the index of the seat that has four in a row, or -1.
func (b board) winner() int {
	for seat := range b {
		if four(b[seat]) {
			return seat
		}
	}
	return -1
}

func (b board) full() bool { return bits.OnesCount64(b.filled()) == columns*rows }

func (b board) over() bool { return b.full() || b.winner() >= 0 }

// cell is the bit of the given column and row, both from 0.
func cell(column, row int) uint64 { return 1 << (column*stride + row) }

// letter is the disc that lies in a filled cell.
func (b board) letter(at uint64) byte {
	return letters[bits.OnesCount64(b[1]&at)]
}

// letters are how the two seats' discs are written.
const letters = "xo"

// String is the board in the package's notation.
func (b board) String() string {
	var text strings.Builder
	text.Grow(columns*rows + columns + 1)
	for column := range columns {
		if column > 0 {
			text.WriteByte('/')
		}
		for row := range b.height(column) {
			text.WriteByte(b.letter(cell(column, row)))
		}
	}
	text.WriteByte(' ')
	if b.over() {
		text.WriteByte('-')
	} else {
		text.WriteByte(letters[b.turn()])
	}
	return text.String()
}

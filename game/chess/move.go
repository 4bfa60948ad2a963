package chess

import (
	"fmt"
	"strings"

	"github.com/plywire/plywire/game"
)

// packed is a move in two bytes: six bits from, six bits to, three bits the kind that a pawn becomes. The library's
// own moves take about 150 bytes each, which is too much to keep for every game.
type packed uint16

func pack(from, to square, promotion piece) packed {
	return packed(from) | packed(to)<<6 | packed(promotion)<<12
}

func (m packed) from() square     { return square(m & 63) }
func (m packed) to() square       { return square(m >> 6 & 63) }
func (m packed) promotion() piece { return piece(m >> 12) }

// plain is the move without its promotion.
func (m packed) plain() packed { return m & (1<<12 - 1) }

// promotions are the letters in UCI, by kind; a space where a pawn cannot become that.
const promotions = "  nbrq"

// String is the move as the Universal Chess Interface writes it: "e2e4", "e7e8q".
func (m packed) String() string {
	text := make([]byte, 0, 5)
	for _, s := range [...]square{m.from(), m.to()} {
		text = append(text, 'a'+byte(s.file()), '1'+byte(s.rank()))
	}
	if m.promotion() != none {
		text = append(text, promotions[m.promotion()])
	}
	return string(text)
}

// parseMove reads a move in UCI, ^[a-h][1-8][a-h][1-8][qrbn]?$ and nothing else. The error wraps game.ErrIllegal.
//
// The library's own reader looks at the first square only and takes "e2m3" for e2e4, so a text never reaches it before
// it has passed here.
func parseMove(text string) (packed, error) {
	bad := func() (packed, error) {
		return 0, fmt.Errorf("%w: %.12q is not a move: write the two squares, as in e2e4, and for a promotion the"+
			" new piece, as in e7e8q", game.ErrIllegal, text)
	}
	if len(text) != 4 && len(text) != 5 {
		return bad()
	}
	for i, c := range []byte(text[:4]) {
		first := byte('a')
		if i%2 == 1 {
			first = '1'
		}
		if c < first || c >= first+8 {
			return bad()
		}
	}
	promotion := none
	if len(text) == 5 {
		at := strings.IndexByte(promotions, text[4])
		if at < int(whiteKnight) {
			return bad()
		}
		promotion = piece(at)
	}
	from := square(text[0]-'a') + 8*square(text[1]-'1')
	to := square(text[2]-'a') + 8*square(text[3]-'1')
	return pack(from, to, promotion), nil
}

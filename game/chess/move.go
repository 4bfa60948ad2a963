package chess

import (
	"fmt"
	"strings"

	"github.com/plywire/plywire/game"
)

// packed is a move in two bytes: six bits from, six bits to, three bits the kind that a pawn becomes.
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
	var room [5]byte
	text := m.to().appendTo(m.from().appendTo(room[:0]))
	if m.promotion() != none {
		text = append(text, promotions[m.promotion()])
	}
	return string(text)
}

// parseMove reads a move in UCI, ^[a-h][1-8][a-h][1-8][qrbn]?$ and nothing else: a text that is read is what String
// writes. The error wraps game.ErrIllegal.
func parseMove(text string) (packed, error) {
	bad := func() (packed, error) {
		return 0, fmt.Errorf("%w: %.12q is not a move: write the two squares, as in e2e4, and for a promotion the"+
			" new piece, as in e7e8q", game.ErrIllegal, text)
	}
	if len(text) != 4 && len(text) != 5 {
		return bad()
	}
	if text[0]-'a' > 7 || text[1]-'1' > 7 || text[2]-'a' > 7 || text[3]-'1' > 7 { // below is above: bytes wrap round
		return bad()
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

package rulestest

import (
	"strings"

	"github.com/plywire/plywire/game"
)

// garbage is moves that no client of good will sends. Rules may know some of them; they must only not be upset.
var garbage = []string{
	"", " ", "\n", "\t", "\x00", "-", "-1", "0", "1", "+1", "1e9", "00", ":", "::", "/", "\\", "\"", "'", "%s%d%n", "{}", "[]",
	"null", "true", `{"move":"a"}`, "99999999999999999999", "-9223372036854775808", "9223372036854775807:1", "1:-1",
	"\xff", "\xc3\x28", "a\xff", "\xed\xa0\x80", "é", "ａ", "１", "٣", "♔", "👍", "\u202ea", "\ufeffa", "a\u0301",
	"resign", "draw", "undo", "?", "*", "e2e4e2e4", "a1a1", "O-O", "../../etc/passwd", "<script>", "' OR 1=1",
	strings.Repeat("a", game.MoveBytesMax), strings.Repeat("9", game.MoveBytesMax), strings.Repeat("\xff", game.MoveBytesMax),
	strings.Repeat("\x00", game.MoveBytesMax), strings.Repeat("é", game.MoveBytesMax/2), strings.Repeat("[", game.MoveBytesMax),
}

// garbageAtOnce is how many pieces of garbage are offered before each move.
const garbageAtOnce = 8

// offerGarbage offers the live position moves that are not moves, or nearly moves. A refusal must be as promised; what is
// accepted all the same must be canonical from then on. decide checks both, and that nothing changes.
func (tr *trial) offerGarbage(seat game.Seat) {
	tr.tb.Helper()
	for range garbageAtOnce {
		_, _ = tr.decide(tr.live, seat, garbage[tr.random.IntN(len(garbage))])
		_, _ = tr.decide(tr.live, seat, tr.randomBytes())
	}
	for _, text := range tr.opts.BadMoves {
		if move, err := tr.decide(tr.live, seat, text); err == nil {
			tr.failf("seat %d: %q, which Options.BadMoves says is illegal, is decided as %+v", seat, text, move)
		}
	}
	candidates := tr.opts.Moves(tr.live, seat)
	if len(candidates) == 0 {
		tr.failf("seat %d is to move, but Options.Moves lists nothing", seat)
	}
	like := candidates[tr.random.IntN(len(candidates))]
	for _, text := range []string{
		" " + like, like + " ", like + "\n", like + "\x00", like + like, strings.ToUpper(like), like[:len(like)/2],
		tr.changed(like), padded(like),
	} {
		if len(text) <= game.MoveBytesMax {
			_, _ = tr.decide(tr.live, seat, text)
		}
	}
}

func (tr *trial) randomBytes() string {
	text := make([]byte, tr.random.IntN(game.MoveBytesMax+1))
	for i := range text {
		text[i] = byte(tr.random.IntN(256))
	}
	return string(text)
}

// changed is the text with one byte changed.
func (tr *trial) changed(text string) string {
	if text == "" {
		return text
	}
	bytes := []byte(text)
	bytes[tr.random.IntN(len(bytes))] ^= byte(1 + tr.random.IntN(255))
	return string(bytes)
}

// padded is the text with spaces up to the longest move allowed.
func padded(text string) string {
	return text + strings.Repeat(" ", max(0, game.MoveBytesMax-len(text)))
}

package rulestest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plywire/plywire/game"
)

// look is all that can be seen of a position.
type look struct {
	state []byte
	turn  game.SeatSet
	shown map[game.Seat]string // by viewer
}

// look looks at the position, twice: looking must not change it.
func (tr *trial) look(position game.Position) look {
	tr.tb.Helper()
	first, second := tr.lookOnce(position), tr.lookOnce(position)
	if !first.equal(second) {
		tr.failf("looking at a position changes it:\n%v\n%v", first, second)
	}
	return first
}

func (tr *trial) lookOnce(position game.Position) look {
	tr.tb.Helper()
	const before = "before"
	state := position.AppendState([]byte(before))
	if !bytes.HasPrefix(state, []byte(before)) {
		tr.failf("AppendState does not append: %q became %q", before, state)
	}
	seen := look{state: state[len(before):], turn: position.Turn(), shown: make(map[game.Seat]string)}
	for _, viewer := range tr.viewers() {
		seen.shown[viewer] = position.Show(viewer)
		if !utf8.ValidString(seen.shown[viewer]) {
			tr.failf("Show(%d) is not UTF-8: %q", viewer, seen.shown[viewer])
		}
	}
	return seen
}

func (l look) equal(other look) bool {
	return bytes.Equal(l.state, other.state) && l.turn == other.turn && maps.Equal(l.shown, other.shown)
}

func (l look) String() string {
	return fmt.Sprintf("state %x, turn %v, shown %q", l.state, slices.Collect(l.turn.All()), l.shown)
}

// viewers are all seats and a watcher.
func (tr *trial) viewers() []game.Seat {
	return append(slices.Collect(game.FirstSeats(len(tr.seats)).All()), game.NoSeat)
}

// decide asks the position for a decision and checks all that is promised of any decision.
func (tr *trial) decide(position game.Position, seat game.Seat, text string) (game.Move, error) {
	tr.tb.Helper()
	before := tr.look(position)
	move, err := position.Decide(seat, text)
	again, errAgain := position.Decide(seat, text)
	if after := tr.look(position); !before.equal(after) {
		tr.failf("seat %d: Decide(%q) changes the position:\n%v\n%v", seat, text, before, after)
	}
	if !equal(move, again) || (err == nil) != (errAgain == nil) {
		tr.failf("seat %d: Decide(%q) is %+v, %v and then %+v, %v", seat, text, move, err, again, errAgain)
	}
	if err != nil {
		tr.checkRefusal(seat, text, err)
		return move, err
	}
	tr.checkMove(seat, text, move)
	if again, err := position.Decide(seat, move.Text); err != nil || !equal(move, again) {
		tr.failf("seat %d: %q is canonically %q, but as such it is decided as %+v, %v and not as %+v",
			seat, text, move.Text, again, err, move)
	}
	return move, nil
}

func equal(a, b game.Move) bool {
	endA, endB := a.End, b.End
	a.End, b.End = nil, nil
	return a == b && sameEnd(endA, endB)
}

func sameEnd(a, b *game.Result) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (tr *trial) checkRefusal(seat game.Seat, text string, err error) {
	tr.tb.Helper()
	if !errors.Is(err, game.ErrIllegal) {
		tr.failf("seat %d: %q is refused with an error that does not wrap game.ErrIllegal: %v", seat, text, err)
	}
	said := err.Error()
	if said == game.ErrIllegal.Error() {
		tr.failf("seat %d: %q is refused without saying why", seat, text)
	}
	if !utf8.ValidString(said) || strings.ContainsFunc(said, unicode.IsControl) {
		tr.failf("seat %d: a refusal repeats bytes that cannot be shown; quote them: %q", seat, said)
	}
}

func (tr *trial) checkMove(seat game.Seat, text string, move game.Move) {
	tr.tb.Helper()
	if move.Text == "" || len(move.Text) > game.MoveBytesMax {
		tr.failf("seat %d: %q has a canonical text of %d bytes, want 1 to %d", seat, text, len(move.Text), game.MoveBytesMax)
	}
	if strings.ContainsFunc(move.Text+move.Outcome, unicode.IsControl) {
		tr.failf("seat %d: %q: Text or Outcome has control characters: %+v", seat, text, move)
	}
	for _, part := range []string{move.Text, move.Outcome, move.Notation, move.Position} {
		if !utf8.ValidString(part) {
			tr.failf("seat %d: %q: the move has a field that is not UTF-8: %q", seat, text, part)
		}
	}
	if move.Outcome != "" {
		var fields map[string]any
		if err := json.Unmarshal([]byte(move.Outcome), &fields); err != nil || fields == nil {
			tr.failf("seat %d: %q has an Outcome that is not a JSON object: %s", seat, text, move.Outcome)
		}
	}
	if move.End == nil {
		return
	}
	if winner := move.End.Winner; winner != game.NoSeat && int(winner) >= len(tr.seats) {
		tr.failf("seat %d: %q is won by seat %d of %d", seat, text, winner, len(tr.seats))
	}
	if move.End.Reason == "" {
		tr.failf("seat %d: %q ends the game without a reason", seat, text)
	}
}

package rulestest

import (
	"slices"
	"strings"

	"github.com/plywire/plywire/game"
)

// redacted is what a viewer saw of a move when it was made.
type redacted struct {
	move          game.Move
	mover, viewer game.Seat
	seen          game.Move
}

// othersMax bounds how many moves that might have been played instead are compared with the one that was.
const othersMax = 8

// hiddenBytesMin is the shortest hidden text that is searched for. A shorter one, "a5", may be part of something else.
const hiddenBytesMin = 3

// checkHiding checks that the move just made is hidden from whom it must be: nothing that a viewer sees may tell it.
func (tr *trial) checkHiding(before look, mover game.Seat, move game.Move) {
	tr.tb.Helper()
	hider, hides := tr.rules.(game.Hider)
	if !hides {
		return
	}
	others := tr.others(before, mover, move)
	for _, viewer := range tr.viewers() {
		seen := tr.redact(hider, move, mover, viewer)
		tr.shown = append(tr.shown, redacted{move, mover, viewer, seen})
		if seen.Text == move.Text {
			continue
		}
		if viewer == mover {
			tr.failf("%q is hidden from seat %d, who made it", move.Text, mover)
		}
		tr.searchFor(before, move, viewer, seen)
		for _, other := range others {
			tr.tellApart(hider, other, mover, viewer, seen)
		}
	}
}

// redact redacts and checks what is promised of any redaction.
func (tr *trial) redact(hider game.Hider, move game.Move, mover, viewer game.Seat) game.Move {
	tr.tb.Helper()
	original := move
	if move.End != nil {
		end := *move.End
		original.End = &end
	}
	seen := hider.Redact(move, mover, viewer)
	if !equal(move, original) {
		tr.failf("Redact for viewer %d changes its argument from %+v to %+v", viewer, original, move)
	}
	if again := hider.Redact(move, mover, viewer); !equal(seen, again) {
		tr.failf("Redact for viewer %d of %+v is first %+v and then %+v", viewer, move, seen, again)
	}
	if twice := hider.Redact(seen, mover, viewer); !equal(seen, twice) {
		tr.failf("Redact for viewer %d is not idempotent: %+v, redacted again %+v", viewer, seen, twice)
	}
	if seen.Outcome != move.Outcome || !sameEnd(seen.End, move.End) {
		tr.failf("Redact for viewer %d changes Outcome or End, which are for everybody: %+v, was %+v", viewer, seen, move)
	}
	return seen
}

// searchFor looks for the hidden text in what viewer sees, unless the Outcome tells it to everybody.
func (tr *trial) searchFor(before look, move game.Move, viewer game.Seat, seen game.Move) {
	tr.tb.Helper()
	if len(move.Text) < hiddenBytesMin || strings.Contains(move.Outcome, move.Text) {
		return
	}
	for _, part := range []string{seen.Text, seen.Notation, seen.Position} {
		if strings.Contains(part, move.Text) {
			tr.failf("Redact hides %q from viewer %d, but tells it in %+v", move.Text, viewer, seen)
		}
	}
	shown := tr.live.Show(viewer)
	if strings.Count(shown, move.Text) > strings.Count(before.shown[viewer], move.Text) {
		tr.failf("%q is hidden from viewer %d, but Show tells it: %q, before it %q",
			move.Text, viewer, shown, before.shown[viewer])
	}
}

// other is a move that might have been made instead, and the position after it.
type other struct {
	move     game.Move
	position game.Position
}

// others plays some other moves on copies of the position before the move.
func (tr *trial) others(before look, mover game.Seat, move game.Move) []other {
	tr.tb.Helper()
	var found []other
	start := tr.restore(before.state)
	for _, text := range tr.opts.Moves(start, mover) {
		if len(found) == othersMax {
			break
		}
		instead, err := tr.decide(start, mover, text)
		if err != nil || instead.Text == move.Text {
			continue
		}
		position := tr.restore(before.state)
		position.Apply(mover, instead)
		found = append(found, other{instead, position})
	}
	return found
}

// tellApart checks that viewer cannot tell the move that was made from the other one, if both look the same and had the
// same outcome.
func (tr *trial) tellApart(hider game.Hider, other other, mover, viewer game.Seat, seen game.Move) {
	tr.tb.Helper()
	instead := hider.Redact(other.move, mover, viewer)
	if instead.Text != seen.Text || instead.Outcome != seen.Outcome || !sameEnd(instead.End, seen.End) {
		return
	}
	if !equal(instead, seen) {
		tr.failf("viewer %d can tell hidden moves apart by Notation or Position: %+v and, for %q, %+v",
			viewer, seen, other.move.Text, instead)
	}
	if shown, insteadShown := tr.live.Show(viewer), other.position.Show(viewer); shown != insteadShown {
		tr.failf("viewer %d can tell hidden moves apart by Show: %q and, after %q, %q",
			viewer, shown, other.move.Text, insteadShown)
	}
	if turn, insteadTurn := tr.live.Turn(), other.position.Turn(); turn != insteadTurn {
		tr.failf("viewer %d can tell hidden moves apart by Turn: %v and, after %q, %v", viewer,
			slices.Collect(turn.All()), other.move.Text, slices.Collect(insteadTurn.All()))
	}
}

// checkShown asks again, at the end of the game, for what was shown of each move when it was made.
func (tr *trial) checkShown() {
	tr.tb.Helper()
	for _, r := range tr.shown {
		hider := tr.rules.(game.Hider)
		if seen := hider.Redact(r.move, r.mover, r.viewer); !equal(seen, r.seen) {
			tr.failf("Redact for viewer %d of %+v was %+v when it was made, and is %+v at the end",
				r.viewer, r.move, r.seen, seen)
		}
	}
}

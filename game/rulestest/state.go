package rulestest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plywire/plywire/game"
)

// pliesAfterRestore is how many moves CheckState plays from a state that was accepted.
const pliesAfterRestore = 8

// CheckState checks that Restore either refuses the state, whatever it holds, or returns a position that can be used:
// shown, written and read back, and played on with moves, which is as in Options.Moves. It is what a fuzz test of Restore
// calls.
func CheckState(tb testing.TB, rules game.Rules, state []byte, moves func(game.Position, game.Seat) []string) {
	tb.Helper()
	tr := &trial{tb: tb, rules: rules, opts: Options{Moves: moves}, random: rand.New(rand.NewPCG(1, uint64(len(state))))}
	tr.story = []string{fmt.Sprintf("state %x", state)}
	position, err := rules.Restore(slices.Clone(state))
	if err != nil {
		if err.Error() == "" {
			tr.failf("Restore refuses without saying why")
		}
		return
	}
	tr.live, tr.replayed, tr.restored = position, position, position
	tr.seats = slices.Clone(position.Seats())
	tr.checkSeats()
	for range pliesAfterRestore {
		tr.live = tr.reread(tr.live)
		turn := slices.Collect(tr.live.Turn().All())
		if len(turn) == 0 {
			return
		}
		seat := turn[tr.random.IntN(len(turn))]
		move := tr.choose(seat)
		tr.live.Apply(seat, move)
		tr.story = append(tr.story, fmt.Sprintf("%d %s", seat, move.Text))
	}
}

// restore reads a state that AppendState wrote, and checks that the position does not keep hold of it.
func (tr *trial) restore(state []byte) game.Position {
	tr.tb.Helper()
	lent := slices.Clone(state)
	position, err := tr.rules.Restore(lent)
	if err != nil {
		tr.failf("Restore refuses what AppendState wrote, %x: %v", state, err)
	}
	scribble(lent)
	return position
}

// reread writes the position and reads it back.
func (tr *trial) reread(position game.Position) game.Position {
	tr.tb.Helper()
	before := tr.look(position)
	restored := tr.restore(before.state)
	if after := tr.look(restored); !before.equal(after) {
		tr.failf("Restore of AppendState is another position:\n%v\n%v", before, after)
	}
	return restored
}

// scribble overwrites bytes that were lent to the rules, which must not have kept them.
func scribble(lent []byte) {
	for i := range lent {
		lent[i] ^= 0xff
	}
}

// damage gives Restore what a broken store might: the live position's state, cut short, too long, or with a byte changed.
func (tr *trial) damage() {
	tr.tb.Helper()
	state := tr.live.AppendState(nil)
	if len(state) == 0 {
		tr.failf("AppendState writes nothing, not even a version")
	}
	if _, err := tr.rules.Restore(nil); err == nil {
		tr.failf("Restore accepts an empty state")
	}
	at := tr.random.IntN(len(state))
	changed := bytes.Clone(state)
	changed[at] ^= byte(1 + tr.random.IntN(255))
	for _, damaged := range [][]byte{state[:at], append(bytes.Clone(state), byte(tr.random.IntN(256))), changed} {
		CheckState(tr.tb, tr.rules, damaged, tr.opts.Moves)
	}
}

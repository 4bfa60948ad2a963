package rulestest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plywire/plywire/game"
)

// trial is one random game under test. Three positions play it in step and must stay equal: whatever Decide changes, or
// AppendState forgets, shows as a difference between them.
type trial struct {
	tb     testing.TB
	rules  game.Rules
	opts   Options
	random *rand.Rand

	live     game.Position // decides and applies, and is offered all the garbage
	replayed game.Position // applies only, and only what a journal must hold
	restored game.Position // is written and read back before each move

	story []string   // what happened, for a failure
	seats []string   // as they were at the start
	shown []redacted // what viewers saw of moves, to be asked again at the end
}

func newTrial(tb testing.TB, rules game.Rules, opts Options, options string, random *rand.Rand) *trial {
	tr := &trial{tb: tb, rules: rules, opts: opts, random: random}
	seed := random.Uint64()
	tr.story = []string{fmt.Sprintf("options %q, seed %d", options, seed)}
	tr.live = tr.setUp(options, seed)
	tr.replayed = tr.setUp(options, seed)
	tr.restored = tr.setUp(options, seed)
	tr.seats = slices.Clone(tr.live.Seats())
	tr.checkSeats()
	return tr
}

func (tr *trial) setUp(options string, seed uint64) game.Position {
	tr.tb.Helper()
	lent := []byte(options)
	position, err := tr.rules.Setup(lent, seed)
	if err != nil {
		tr.failf("Setup refuses options that Options.Setups says are good: %v", err)
	}
	scribble(lent)
	return position
}

// play plays the game to its end, or until it is long enough.
func (tr *trial) play() {
	tr.tb.Helper()
	for range tr.opts.PliesMax {
		if tr.compare(); tr.step() {
			tr.compare()
			tr.checkShown()
			return
		}
	}
	if tr.opts.MustEnd {
		tr.failf("the game has not ended after %d moves", tr.opts.PliesMax)
	}
	tr.checkShown()
}

// step makes one move and tells whether it ended the game.
func (tr *trial) step() (ended bool) {
	tr.tb.Helper()
	turn := tr.live.Turn()
	if turn == 0 {
		tr.failf("nobody's move is awaited, but no move has ended the game")
	}
	if turn&^game.FirstSeats(len(tr.seats)) != 0 {
		tr.failf("Turn has a seat that does not exist: %v of %d seats", slices.Collect(turn.All()), len(tr.seats))
	}
	for seat := range turn.All() {
		tr.offerGarbage(seat)
	}
	awaited := slices.Collect(turn.All())
	seat := awaited[tr.random.IntN(len(awaited))]
	move := tr.choose(seat)
	tr.restored = tr.reread(tr.restored)
	tr.damage()
	if again, err := tr.restored.Decide(seat, move.Text); err != nil || !equal(again, move) {
		tr.failf("seat %d, %q: decided as %+v, but after Restore as %+v, error %v", seat, move.Text, move, again, err)
	}
	before := tr.look(tr.live)
	tr.live.Apply(seat, move)
	tr.replayed.Apply(seat, game.Move{Text: move.Text, Outcome: move.Outcome})
	tr.restored.Apply(seat, move)
	tr.checkHiding(before, seat, move)
	tr.story = append(tr.story, fmt.Sprintf("%d %s", seat, move.Text))
	tr.checkSeats()
	if move.End != nil && tr.live.Turn() != 0 {
		tr.failf("the move ended the game (%+v), but Turn is still %v", *move.End, slices.Collect(tr.live.Turn().All()))
	}
	return move.End != nil
}

// choose decides on one of the moves that the caller listed.
func (tr *trial) choose(seat game.Seat) game.Move {
	tr.tb.Helper()
	candidates := slices.Clone(tr.opts.Moves(tr.live, seat))
	tr.random.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
	for _, text := range candidates {
		if move, err := tr.decide(tr.live, seat, text); err == nil {
			return move
		}
	}
	tr.failf("seat %d is to move, but each of the %d moves of Options.Moves is refused", seat, len(candidates))
	panic("not reached")
}

// compare checks that the three positions are equal.
func (tr *trial) compare() {
	tr.tb.Helper()
	live := tr.look(tr.live)
	if replayed := tr.look(tr.replayed); !live.equal(replayed) {
		tr.failf("played and replayed from Text and Outcome differ:\n%v\n%v", live, replayed)
	}
	if restored := tr.look(tr.restored); !live.equal(restored) {
		tr.failf("played and restored differ:\n%v\n%v", live, restored)
	}
}

func (tr *trial) checkSeats() {
	tr.tb.Helper()
	for _, position := range []game.Position{tr.live, tr.replayed, tr.restored} {
		if names := position.Seats(); !slices.Equal(names, tr.seats) {
			tr.failf("the seats have changed from %q to %q", tr.seats, names)
		}
	}
	if len(tr.seats) < 1 || len(tr.seats) > game.SeatsMax {
		tr.failf("%d seats, want 1 to %d", len(tr.seats), game.SeatsMax)
	}
	for i, name := range tr.seats {
		if name == "" || slices.Contains(tr.seats[:i], name) {
			tr.failf("seat names %q: one is empty or there twice", tr.seats)
		}
	}
}

// failf ends the test with what led to it.
func (tr *trial) failf(format string, args ...any) {
	tr.tb.Helper()
	tr.tb.Fatalf("%s\nafter %q", fmt.Sprintf(format, args...), tr.story)
}

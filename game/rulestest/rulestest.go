// Package rulestest is the conformance test for game.Rules: whoever writes rules runs it in the tests of their package. It
// plays random games and checks after each move what the contract promises of any rules; what a particular game's rules
// are, the package's own tests have to check.
//
// It must know no particular game.
package rulestest

import (
	"math/rand/v2"
	"testing"

	"github.com/plywire/plywire/game"
)

// Options says how the rules are tested. Moves is required.
type Options struct {
	// Moves returns moves that seat, which is in Turn, might play; some may be illegal, but one at least must be legal.
	// They are tried in random order. Rules with a fixed list of moves can use Fixed; others list the legal moves, and
	// may assert position's own type for that.
	Moves func(position game.Position, seat game.Seat) []string

	// Setups are the creator's options of the games to play. None: the defaults alone.
	Setups []string

	// BadSetups are options that Setup must refuse, in addition to those that any rules must.
	BadSetups []string

	// BadMoves are moves that are illegal in every position of every game, in addition to garbage of many kinds.
	BadMoves []string

	// Games is how many games are played with each of Setups. 0: 20.
	Games int

	// PliesMax is the number of moves after which a game is left as it is. 0: 500.
	PliesMax int

	// MustEnd makes a game that has not ended after PliesMax moves a failure.
	MustEnd bool

	// Seed makes other games. The same seed gives the same games.
	Seed uint64
}

// Fixed returns an Options.Moves for rules whose legal moves are always among the given ones.
func Fixed(moves ...string) func(game.Position, game.Seat) []string {
	return func(game.Position, game.Seat) []string { return moves }
}

// Run tests the rules in subtests of t. A failure names the options, the seed and the moves that led to it.
func Run(t *testing.T, rules game.Rules, opts Options) {
	t.Helper()
	if opts.Moves == nil {
		t.Fatal("Options.Moves is missing: the test cannot know what to play")
	}
	opts = opts.withDefaults()
	t.Run("name", func(t *testing.T) { checkName(t, rules) })
	t.Run("setup", func(t *testing.T) { checkSetup(t, rules, opts) })
	for _, options := range opts.Setups {
		t.Run("play "+options, func(t *testing.T) { playGames(t, rules, opts, options) })
	}
}

func (opts Options) withDefaults() Options {
	if len(opts.Setups) == 0 {
		opts.Setups = []string{""}
	}
	if opts.Games == 0 {
		opts.Games = 20
	}
	if opts.PliesMax == 0 {
		opts.PliesMax = 500
	}
	return opts
}

// playGames plays games with one of the setups until one of them fails.
func playGames(tb testing.TB, rules game.Rules, opts Options, options string) {
	for n := range opts.Games {
		random := rand.New(rand.NewPCG(opts.Seed, uint64(n)))
		newTrial(tb, rules, opts, options, random).play()
	}
}

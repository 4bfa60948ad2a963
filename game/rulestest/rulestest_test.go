package rulestest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/rps"
)

// altered is rules of which something is replaced, to see whether the test notices. A nil field alters nothing.
type altered struct {
	game.Rules
	name    func() string
	setup   func(options []byte, seed uint64) (game.Position, error)
	restore func(state []byte) (game.Position, error)
	alteredPosition
}

// alteredPosition is a position of altered rules. Each function gets the position that was altered.
type alteredPosition struct {
	game.Position
	seats  func(game.Position) []string
	turn   func(game.Position) game.SeatSet
	decide func(game.Position, game.Seat, string) (game.Move, error)
	apply  func(game.Position, game.Seat, game.Move)
	show   func(game.Position, game.Seat) string
	state  func(game.Position, []byte) []byte
}

func (a altered) Name() string {
	if a.name != nil {
		return a.name()
	}
	return a.Rules.Name()
}

func (a altered) Setup(options []byte, seed uint64) (game.Position, error) {
	if a.setup == nil {
		a.setup = a.Rules.Setup
	}
	return a.wrap(a.setup(options, seed))
}

func (a altered) Restore(state []byte) (game.Position, error) {
	if a.restore == nil {
		a.restore = a.Rules.Restore
	}
	return a.wrap(a.restore(state))
}

func (a altered) wrap(position game.Position, err error) (game.Position, error) {
	if err != nil {
		return nil, err
	}
	wrapped := a.alteredPosition
	wrapped.Position = position
	return &wrapped, nil
}

func (p *alteredPosition) Seats() []string {
	if p.seats != nil {
		return p.seats(p.Position)
	}
	return p.Position.Seats()
}

func (p *alteredPosition) Turn() game.SeatSet {
	if p.turn != nil {
		return p.turn(p.Position)
	}
	return p.Position.Turn()
}

func (p *alteredPosition) Decide(seat game.Seat, text string) (game.Move, error) {
	if p.decide != nil {
		return p.decide(p.Position, seat, text)
	}
	return p.Position.Decide(seat, text)
}

func (p *alteredPosition) Apply(seat game.Seat, move game.Move) {
	if p.apply != nil {
		p.apply(p.Position, seat, move)
		return
	}
	p.Position.Apply(seat, move)
}

func (p *alteredPosition) Show(viewer game.Seat) string {
	if p.show != nil {
		return p.show(p.Position, viewer)
	}
	return p.Position.Show(viewer)
}

func (p *alteredPosition) AppendState(dst []byte) []byte {
	if p.state != nil {
		return p.state(p.Position, dst)
	}
	return p.Position.AppendState(dst)
}

// hiding is altered rules that hide moves.
type hiding struct {
	altered
	redact func(move game.Move, mover, viewer game.Seat) game.Move
}

func (h hiding) Redact(move game.Move, mover, viewer game.Seat) game.Move {
	if h.redact != nil {
		return h.redact(move, mover, viewer)
	}
	return rps.Rules{}.Redact(move, mover, viewer)
}

// recorder is a testing.TB that remembers how a test failed instead of failing.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failureOf runs the test on the rules and returns how it fails, or "".
func failureOf(t *testing.T, rules game.Rules, opts Options) string {
	t.Helper()
	r := &recorder{TB: t}
	opts = opts.withDefaults()
	done := make(chan struct{})
	go func() {
		defer close(done)
		checkName(r, rules)
		checkSetup(r, rules, opts)
		for _, options := range opts.Setups {
			playGames(r, rules, opts, options)
		}
	}()
	<-done
	return r.failure
}

// dice alters diceRules' positions.
func dice(position alteredPosition) game.Rules {
	return altered{Rules: diceRules{}, alteredPosition: position}
}

// hidden alters rps' positions.
func hidden(position alteredPosition) game.Rules {
	return hiding{altered: altered{Rules: rps.Rules{}, alteredPosition: position}}
}

// seen alters what rps shows of moves.
func seen(redact func(move game.Move, mover, viewer game.Seat) game.Move) game.Rules {
	return hiding{altered: altered{Rules: rps.Rules{}}, redact: redact}
}

func optionsFor(rules game.Rules) Options {
	if _, hides := rules.(game.Hider); hides {
		return Options{Moves: Fixed("rock", "paper", "scissors"), BadMoves: []string{"lizard"}, Games: 5, PliesMax: 60, MustEnd: true}
	}
	return Options{Moves: Fixed("throw"), BadMoves: []string{"hold"}, Games: 5, PliesMax: 3 * goal, MustEnd: true}
}

func TestUnalteredRulesPass(t *testing.T) {
	for name, rules := range map[string]game.Rules{
		"dice": dice(alteredPosition{}),
		"rps":  hidden(alteredPosition{}),
		"lazy": lazy(slices.Clone[[]byte]),
	} {
		if failure := failureOf(t, rules, optionsFor(rules)); failure != "" {
			t.Errorf("%s: %s", name, failure)
		}
	}
}

// Each of these rules breaks the contract in one way, and the test must say which.
func TestBrokenRulesAreFound(t *testing.T) {
	for _, broken := range [][]brokenRules{
		brokenDecisions(), brokenPositions(), brokenStates(), brokenRedaction(), brokenShowing(), brokenSetups(),
	} {
		for _, test := range broken {
			t.Run(test.name, func(t *testing.T) {
				if failure := failureOf(t, test.rules, optionsFor(test.rules)); !strings.Contains(failure, test.want) {
					t.Errorf("the test says %q, want %q", failure, test.want)
				}
			})
		}
	}
}

func TestOptionsThatCannotBePlayedAreFound(t *testing.T) {
	tests := map[string]struct {
		change func(*Options)
		want   string
	}{
		"no candidate is legal": {func(o *Options) { o.Moves = Fixed("fold") }, "each of the 1 moves of Options.Moves is refused"},
		"no candidate":          {func(o *Options) { o.Moves = Fixed() }, "Options.Moves lists nothing"},
		"bad move is legal":     {func(o *Options) { o.BadMoves = []string{"throw"} }, "which Options.BadMoves says is illegal"},
		"does not end":          {func(o *Options) { o.PliesMax = 3 }, "has not ended after 3 moves"},
		"bad setup is good":     {func(o *Options) { o.BadSetups = []string{"{}"} }, "Setup accepts the options"},
		"good setup is bad":     {func(o *Options) { o.Setups = []string{`{"sides":6}`} }, "Options.Setups says are good"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			opts := optionsFor(diceRules{})
			test.change(&opts)
			if failure := failureOf(t, diceRules{}, opts); !strings.Contains(failure, test.want) {
				t.Errorf("the test says %q, want %q", failure, test.want)
			}
		})
	}
}

func TestCheckState(t *testing.T) {
	good, err := diceRules{}.Setup(nil, 7)
	if err != nil {
		t.Fatal(err)
	}
	CheckState(t, diceRules{}, good.AppendState(nil), Fixed("throw"))
	CheckState(t, diceRules{}, nil, Fixed("throw"))

	// Rules that accept any state, and then cannot play on from it.
	stuck := altered{Rules: diceRules{}, restore: func([]byte) (game.Position, error) { return &dicePosition{}, nil }}
	stuck.decide = func(game.Position, game.Seat, string) (game.Move, error) {
		return game.Move{}, errors.Join(game.ErrIllegal, errors.New("stuck"))
	}
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		CheckState(r, stuck, []byte("anything"), Fixed("throw"))
	}()
	<-done
	if r.failure == "" {
		t.Error("CheckState passes a position in which no move is legal")
	}
}

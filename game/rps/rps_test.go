package rps

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/rulestest"
)

var throws = rulestest.Fixed("rock", "paper", "scissors")

func TestContract(t *testing.T) {
	rulestest.Run(t, Rules{}, rulestest.Options{
		Moves:  throws,
		Setups: []string{"", `{"best_of":1}`, `{"best_of":7}`},
		BadSetups: []string{
			`{"best_of":0}`, `{"best_of":2}`, `{"best_of":-1}`, `{"best_of":100}`, `{"best_of":101}`, `{"best_of":1.5}`, `{"best_of":"3"}`,
			`{"best_of":99999999999999999999}`, `{"bestOf":3}`,
		},
		BadMoves: []string{"Rock", "ROCK", "r", "lizard", "-", "?", "rock paper", "paper\n"},
		PliesMax: 2 * 7 * RoundsPerWin,
		MustEnd:  true,
	})
}

func FuzzRestore(f *testing.F) {
	position, err := Rules{}.Setup(nil, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(position.AppendState(nil))
	position.Apply(1, game.Move{Text: "paper"})
	f.Add(position.AppendState(nil))
	f.Fuzz(func(t *testing.T, state []byte) { rulestest.CheckState(t, Rules{}, state, throws) })
}

// play plays both throws of each round, "rp" for rock and paper, and returns the moves. The second seat throws first in
// every other round.
func play(t *testing.T, position game.Position, rounds ...string) (moves []game.Move) {
	t.Helper()
	names := map[byte]string{'r': "rock", 'p': "paper", 's': "scissors"}
	for n, round := range rounds {
		for i := range 2 {
			seat := (n + i) % 2
			move, err := position.Decide(game.Seat(seat), names[round[seat]])
			if err != nil {
				t.Fatalf("round %d, seat %d: %v", n+1, seat, err)
			}
			position.Apply(game.Seat(seat), move)
			moves = append(moves, move)
		}
	}
	return moves
}

func setUp(t *testing.T, options string) game.Position {
	t.Helper()
	position, err := Rules{}.Setup([]byte(options), 0)
	if err != nil {
		t.Fatal(err)
	}
	return position
}

func TestGames(t *testing.T) {
	first, second, drawn := game.Won(0, game.ReasonRules), game.Won(1, game.ReasonRules), game.Drawn(game.ReasonRules)
	ties := slices.Repeat([]string{"rr"}, 10)
	tests := map[string]struct {
		options string
		rounds  []string
		outcome string // of the last round
		end     *game.Result
		shown   string
	}{
		"rock beats scissors": {
			"", []string{"rs"},
			`{"round":1,"first":"rock","second":"scissors","winner":"first","score":[1,0]}`, nil, "3 1-0 2 -/-",
		},
		"scissors beat paper": {
			"", []string{"sp"},
			`{"round":1,"first":"scissors","second":"paper","winner":"first","score":[1,0]}`, nil, "3 1-0 2 -/-",
		},
		"paper beats rock": {
			"", []string{"pr"},
			`{"round":1,"first":"paper","second":"rock","winner":"first","score":[1,0]}`, nil, "3 1-0 2 -/-",
		},
		"scissors lose": {
			"", []string{"sr"},
			`{"round":1,"first":"scissors","second":"rock","winner":"second","score":[0,1]}`, nil, "3 0-1 2 -/-",
		},
		"paper loses": {
			"", []string{"ps"},
			`{"round":1,"first":"paper","second":"scissors","winner":"second","score":[0,1]}`, nil, "3 0-1 2 -/-",
		},
		"rock loses": {
			"", []string{"rp"},
			`{"round":1,"first":"rock","second":"paper","winner":"second","score":[0,1]}`, nil, "3 0-1 2 -/-",
		},
		"a tie is replayed": {
			"", []string{"ss"},
			`{"round":1,"first":"scissors","second":"scissors","winner":null,"score":[0,0]}`, nil, "3 0-0 2 -/-",
		},
		"two wins of three": {
			"", []string{"rp", "pp", "rp"},
			`{"round":3,"first":"rock","second":"paper","winner":"second","score":[0,2]}`, &second, "3 0-2 3 -/-",
		},
		"two of three, late": {
			"", []string{"rp", "pr", "ss", "sp"},
			`{"round":4,"first":"scissors","second":"paper","winner":"first","score":[2,1]}`, &first, "3 2-1 4 -/-",
		},
		"best of one": {
			`{"best_of":1}`, []string{"pr"},
			`{"round":1,"first":"paper","second":"rock","winner":"first","score":[1,0]}`, &first, "1 1-0 1 -/-",
		},
		"two wins of five": {
			`{"best_of":5}`, []string{"pr", "pr"},
			`{"round":2,"first":"paper","second":"rock","winner":"first","score":[2,0]}`, nil, "5 2-0 3 -/-",
		},
		"ties up to the bound": {
			`{"best_of":1}`, ties,
			`{"round":10,"first":"rock","second":"rock","winner":null,"score":[0,0]}`, &drawn, "1 0-0 10 -/-",
		},
		"one before the bound": {
			`{"best_of":1}`, ties[1:],
			`{"round":9,"first":"rock","second":"rock","winner":null,"score":[0,0]}`, nil, "1 0-0 10 -/-",
		},
		"ahead at the bound": {
			"", slices.Concat([]string{"rp"}, ties, ties, ties[1:]),
			`{"round":30,"first":"rock","second":"rock","winner":null,"score":[0,1]}`, &second, "3 0-1 30 -/-",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			position := setUp(t, test.options)
			moves := play(t, position, test.rounds...)
			last := moves[len(moves)-1]
			if last.Outcome != test.outcome {
				t.Errorf("outcome %s, want %s", last.Outcome, test.outcome)
			}
			for i, move := range moves {
				if i%2 == 0 && move.Outcome != "" {
					t.Errorf("the first throw of round %d has the outcome %s", i/2+1, move.Outcome)
				}
				if i < len(moves)-1 && move.End != nil {
					t.Errorf("move %d of %d ends the game: %+v", i+1, len(moves), *move.End)
				}
			}
			if (last.End == nil) != (test.end == nil) || last.End != nil && *last.End != *test.end {
				t.Errorf("end %+v, want %+v", last.End, test.end)
			}
			if shown := position.Show(game.NoSeat); shown != test.shown {
				t.Errorf("shown %q, want %q", shown, test.shown)
			}
			if (position.Turn() == 0) != (test.end != nil) {
				t.Errorf("turn %b at the end", position.Turn())
			}
		})
	}
}

func TestAThrowIsHiddenUntilTheOtherIsMade(t *testing.T) {
	position := setUp(t, "")
	move, err := position.Decide(1, "paper")
	if err != nil {
		t.Fatal(err)
	}
	if move.Outcome != "" || move.Position != "3 0-0 1 -/paper" {
		t.Errorf("the record of the first throw is %+v", move)
	}
	position.Apply(1, move)
	if position.Turn() != game.SetOf(0) {
		t.Errorf("turn %b, want the first seat's alone", position.Turn())
	}
	for viewer, want := range map[game.Seat]string{0: "3 0-0 1 -/?", 1: "3 0-0 1 -/paper", game.NoSeat: "3 0-0 1 -/?"} {
		if shown := position.Show(viewer); shown != want {
			t.Errorf("viewer %d is shown %q, want %q", viewer, shown, want)
		}
	}
	for _, viewer := range []game.Seat{0, game.NoSeat} {
		if seen := (Rules{}).Redact(move, 1, viewer); seen != (game.Move{}) {
			t.Errorf("viewer %d sees %+v of the move, want nothing", viewer, seen)
		}
	}
	if seen := (Rules{}).Redact(move, 1, 1); seen != move {
		t.Errorf("the thrower sees %+v, want %+v", seen, move)
	}
}

func TestRedactKeepsOutcomeAndEnd(t *testing.T) {
	moves := play(t, setUp(t, `{"best_of":1}`), "rp")
	last := moves[1]
	last.Notation = "P"
	seen := Rules{}.Redact(last, 1, 0)
	if seen != (game.Move{Outcome: last.Outcome, End: last.End}) || seen.Outcome == "" || seen.End == nil {
		t.Errorf("the first seat sees %+v of %+v", seen, last)
	}
}

// The Outcome is put together by hand; a JSON decoder has to find in it what a client needs.
func TestOutcomeIsJSON(t *testing.T) {
	for _, round := range []string{"rp", "pr", "ss"} {
		moves := play(t, setUp(t, ""), round)
		var outcome struct {
			Round         int
			First, Second string
			Winner        *string
			Score         [2]int
		}
		if err := json.Unmarshal([]byte(moves[1].Outcome), &outcome); err != nil {
			t.Fatalf("%s: %v", moves[1].Outcome, err)
		}
		if tie := round[0] == round[1]; outcome.Round != 1 || outcome.First[0] != round[0] || outcome.Second[0] != round[1] ||
			(outcome.Winner == nil) != tie {
			t.Errorf("%s: %+v", round, outcome)
		}
	}
}

func TestRefusals(t *testing.T) {
	_, err := setUp(t, "").Decide(0, "lizard")
	if want := `illegal: "lizard" is not a throw: want rock, paper or scissors`; !errors.Is(err, game.ErrIllegal) ||
		err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = Rules{}.Setup([]byte(`{"best_of":4}`), 0)
	if err == nil || !strings.Contains(err.Error(), "an odd number from 1 to 99") {
		t.Errorf("best of 4: %v", err)
	}
}

func TestRestoreRefusesImpossibleStates(t *testing.T) {
	good := []byte{1, 3, 1, 0, 1, 0, 0, 2}
	if _, err := (Rules{}).Restore(good); err != nil {
		t.Fatalf("the state that the others are made from: %v", err)
	}
	tests := map[string][]byte{
		"empty":                  {},
		"short":                  good[:7],
		"long":                   append(good[:8:8], 0),
		"other version":          {2, 3, 1, 0, 1, 0, 0, 2},
		"best of none":           {1, 0, 0, 0, 0, 0, 0, 0},
		"best of an even number": {1, 4, 1, 0, 1, 0, 0, 2},
		"best of too many":       {1, 101, 1, 0, 1, 0, 0, 2},
		"too many wins":          {1, 3, 3, 0, 0, 0, 0, 3},
		"two winners":            {1, 3, 2, 2, 0, 0, 0, 4},
		"more wins than rounds":  {1, 3, 1, 1, 0, 0, 0, 1},
		"too many rounds":        {1, 3, 1, 0, 0, 0, 0, 31},
		"very many rounds":       {1, 3, 1, 0, 0, 0, 0xff, 0xff},
		"no such throw":          {1, 3, 1, 0, 4, 0, 0, 2},
		"both throws":            {1, 3, 1, 0, 1, 1, 0, 2},
		"throw after a win":      {1, 3, 2, 0, 1, 0, 0, 2},
		"throw after the bound":  {1, 3, 1, 0, 0, 2, 0, 30},
	}
	for name, state := range tests {
		if position, err := (Rules{}).Restore(state); err == nil {
			t.Errorf("%s: %x is restored as %q", name, state, position.Show(game.NoSeat))
		}
	}
}

// The longest game there can be must fit what the state can hold.
func TestLongestGame(t *testing.T) {
	position := setUp(t, fmt.Sprintf(`{"best_of":%d}`, BestOfMax))
	for range BestOfMax*RoundsPerWin - 1 {
		play(t, position, "rr")
	}
	moves := play(t, position, "rr")
	if end := moves[1].End; end == nil || *end != game.Drawn(game.ReasonRules) {
		t.Fatalf("the end is %+v", end)
	}
	restored, err := Rules{}.Restore(position.AppendState(nil))
	if err != nil {
		t.Fatal(err)
	}
	if restored.Show(game.NoSeat) != "99 0-0 990 -/-" {
		t.Errorf("restored as %q", restored.Show(game.NoSeat))
	}
}

package nim

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/rulestest"
)

// allMoves lists the legal moves.
func allMoves(at game.Position, _ game.Seat) (moves []string) {
	for i, sticks := range at.(*position).heaps {
		for take := 1; take <= sticks; take++ {
			moves = append(moves, fmt.Sprintf("%d:%d", i+1, take))
		}
	}
	return moves
}

func TestContract(t *testing.T) {
	rulestest.Run(t, Rules{}, rulestest.Options{
		Moves:     allMoves,
		Setups:    []string{"", `{"heaps":[1]}`, `{"heaps":[99,1,1,1,1,1,1,1,1]}`},
		BadSetups: []string{`{"heaps":[]}`, `{"heaps":[0]}`, `{"heaps":[100]}`, `{"heaps":[-1,3]}`, `{"heaps":[1,1,1,1,1,1,1,1,1,1]}`},
		BadMoves:  []string{"0:1", "1:0", "1:-1", "10:1", "01:1", "1:+1", "1: 1", "1:1 ", "1:100", "1:1:1", "1.0:1", "one:1"},
		PliesMax:  99 + 8,
		MustEnd:   true,
	})
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte{1, 0, 3, 4, 5})
	f.Add([]byte{1, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, state []byte) { rulestest.CheckState(t, Rules{}, state, allMoves) })
}

func TestGame(t *testing.T) {
	position, err := Rules{}.Setup([]byte(`{"heaps":[2,1]}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		seat  game.Seat
		move  string
		want  string // error, or the position after the move
		ended bool
	}{
		{0, "3:1", "illegal: there is no heap 3, only 1 to 2", false},
		{0, "1:3", "illegal: heap 1 has 2 sticks; take one or more", false},
		{0, "1", `illegal: "1" is not heap:sticks, such as "2:3"`, false},
		{0, "1:1", "[1 1] second", false},
		{1, "2:1", "[1 0] first", false},
		{0, "2:1", "illegal: heap 2 has 0 sticks; take one or more", false},
		{0, "1:1", "[0 0] second", true},
	}
	for _, step := range steps {
		if position.Turn() != game.SetOf(step.seat) {
			t.Fatalf("%s: turn %b, want seat %d", step.move, position.Turn(), step.seat)
		}
		move, err := position.Decide(step.seat, step.move)
		if err != nil {
			if !errors.Is(err, game.ErrIllegal) || err.Error() != step.want {
				t.Errorf("%s: %v, want %s", step.move, err, step.want)
			}
			continue
		}
		position.Apply(step.seat, move)
		if shown := position.Show(game.NoSeat); shown != step.want {
			t.Errorf("%s: %s, want %s", step.move, shown, step.want)
		}
		if ended := move.End != nil; ended != step.ended || ended && *move.End != game.Won(step.seat, game.ReasonRules) {
			t.Errorf("%s: the end is %+v, want ended: %v", step.move, move.End, step.ended)
		}
	}
	if position.Turn() != 0 {
		t.Errorf("turn %b after the end", position.Turn())
	}
}

func TestSetupSaysWhatIsAllowed(t *testing.T) {
	for _, options := range []string{`{"heaps":[0]}`, `{"heap":[1]}`, `{"heaps":"3"}`} {
		_, err := Rules{}.Setup([]byte(options), 0)
		if err == nil || !strings.Contains(err.Error(), `{"heaps": [3, 4, 5]}: 1 to 9 heaps of 1 to 99`) {
			t.Errorf("%s: %v", options, err)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	for name, state := range map[string][]byte{
		"empty":         {},
		"version alone": {1},
		"other version": {2, 0, 3},
		"no such seat":  {1, 2, 3},
		"no heaps":      {1, 0},
		"big heap":      {1, 0, 100},
		"many heaps":    {1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
	} {
		if position, err := (Rules{}).Restore(state); err == nil {
			t.Errorf("%s: %x is restored as %q", name, state, position.Show(game.NoSeat))
		}
	}
}

// The defaults must not be shared between games.
func TestGamesDoNotShareHeaps(t *testing.T) {
	one, _ := Rules{}.Setup(nil, 0)
	other, _ := Rules{}.Setup([]byte(`{}`), 0)
	one.Apply(0, game.Move{Text: "1:3"})
	if shown := other.Show(game.NoSeat); shown != "[3 4 5] first" {
		t.Errorf("a move in one game left the other with %q", shown)
	}
}

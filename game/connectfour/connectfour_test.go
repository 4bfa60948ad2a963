package connectfour

import (
	"errors"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/rulestest"
)

var allColumns = rulestest.Fixed("a", "b", "c", "d", "e", "f", "g")

func TestContract(t *testing.T) {
	rulestest.Run(t, Rules{}, rulestest.Options{
		Moves:     allColumns,
		BadSetups: []string{`{"columns":7}`},
		BadMoves:  []string{"h", "A", "`", "aa", "a1", "1", "a\n", " d"},
		Games:     40,
		PliesMax:  columns * rows,
		MustEnd:   true,
	})
}

// play plays the moves, a letter each, and returns the last of them.
func play(t *testing.T, moves string) (position game.Position, last game.Move) {
	t.Helper()
	position, err := Rules{}.Setup(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(moves) {
		seat := game.Seat(i % 2)
		if position.Turn() != game.SetOf(seat) {
			t.Fatalf("before move %d of %q the turn is %b", i+1, moves, position.Turn())
		}
		if last, err = position.Decide(seat, moves[i:i+1]); err != nil {
			t.Fatalf("move %d of %q: %v", i+1, moves, err)
		}
		position.Apply(seat, last)
		if shown := position.Show(game.NoSeat); shown != last.Position {
			t.Fatalf("move %d of %q: shown %q, recorded %q", i+1, moves, shown, last.Position)
		}
	}
	return position, last
}

func TestGames(t *testing.T) {
	first, second, drawn := game.Won(0, game.ReasonRules), game.Won(1, game.ReasonRules), game.Drawn(game.ReasonRules)
	tests := map[string]struct {
		moves    string
		shown    string
		notation string
		end      *game.Result
	}{
		"the package comment's":   {"ddc", "//x/xo/// o", "c1", nil},
		"four in a column":        {"dededed", "///xxxx/ooo// -", "d4", &first},
		"four in a row":           {"aabbccd", "xo/xo/xo/x/// -", "d1", &first},
		"four, the gap last":      {"aabbddc", "xo/xo/x/xo/// -", "c1", &first},
		"four at the right edge":  {"ggffeed", "///x/xo/xo/xo -", "d1", &first},
		"four of the second seat": {"agbgcgag", "xx/x/x////oooo -", "g4", &second},
		"four rising":             {"abbccdcddad", "xo/ox/oxx/ooxx/// -", "d4", &first},
		"four falling":            {"gffeedeeddagd", "x///oxox/oxxo/ox/xo -", "d4", &first},
		"full without four": {
			"facbagdefdabgeddddggebgaeaegbfceccbfbcaffc",
			"oxxoox/oooxxx/xxxooo/xoxoxo/ooxxxo/xxooox/oxxoxo -", "c6", &drawn,
		},
		"four with the last disc": {
			"dbccfbaaaefbaaddgabecggcffdfgebgdcgcfdeeeb",
			"xoxxoo/oooxxo/xoxooo/xxoxxo/oooxox/xxxoox/xoxxox -", "b6", &second,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			position, last := play(t, test.moves)
			if shown := position.Show(game.NoSeat); shown != test.shown {
				t.Errorf("shown %q, want %q", shown, test.shown)
			}
			if last.Notation != test.notation {
				t.Errorf("notation %q, want %q", last.Notation, test.notation)
			}
			if (last.End == nil) != (test.end == nil) || last.End != nil && *last.End != *test.end {
				t.Errorf("end %+v, want %+v", last.End, test.end)
			}
			if (position.Turn() == 0) != (test.end != nil) {
				t.Errorf("turn %b at the end", position.Turn())
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct{ moves, move, want string }{
		"full column":    {"dddddd", "d", "illegal: column d is full"},
		"no such column": {"", "h", `illegal: "h" is not a column: want one letter, a to g`},
		"upper case":     {"", "D", `illegal: "D" is not a column: want one letter, a to g`},
		"nothing":        {"", "", `illegal: "" is not a column: want one letter, a to g`},
		"very long": {"", strings.Repeat("d", game.MoveBytesMax),
			`illegal: "dddddddddddddddddddd" is not a column: want one letter, a to g`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			position, _ := play(t, test.moves)
			move, err := position.Decide(0, test.move)
			if !errors.Is(err, game.ErrIllegal) || err.Error() != test.want {
				t.Errorf("got %+v, %v, want %s", move, err, test.want)
			}
		})
	}
}

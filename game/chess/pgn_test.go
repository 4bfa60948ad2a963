package chess

import (
	"errors"
	"strings"
	"testing"
	"time"

	corentings "github.com/corentings/chess/v2"

	"github.com/plywire/plywire/game"
)

func writePGN(t *testing.T, tags PGNTags, moves []PGNMove) string {
	t.Helper()
	var out strings.Builder
	if err := WritePGN(&out, tags, moves); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func uci(text string) []PGNMove {
	var moves []PGNMove
	for _, move := range strings.Fields(text) {
		moves = append(moves, PGNMove{UCI: move})
	}
	return moves
}

func TestWritePGN(t *testing.T) {
	tests := map[string]struct {
		tags  PGNTags
		moves []PGNMove
		want  string
	}{
		"nothing known": {PGNTags{}, nil, `[Event "?"]
[Site "?"]
[Date "????.??.??"]
[Round "?"]
[White "?"]
[Black "?"]
[Result "*"]

*

`},
		"all known": {
			PGNTags{
				Event: "Rated game", Site: "https://example.org/1", Round: "-", White: "Ann", Black: "Bob",
				Date: "2026.11.23", Result: "0-1", Termination: "Normal",
				Extra: []PGNTag{{"WhiteElo", "1500"}, {"TimeControl", "180+2"}, {"Annotator", ""}},
			},
			uci("f2f3 e7e5 g2g4 d8h4"),
			`[Event "Rated game"]
[Site "https://example.org/1"]
[Date "2026.11.23"]
[Round "-"]
[White "Ann"]
[Black "Bob"]
[Result "0-1"]
[WhiteElo "1500"]
[TimeControl "180+2"]
[Annotator "?"]
[Termination "Normal"]

1. f3 e5 2. g4 Qh4# 0-1

`},
		"names that break out": {
			PGNTags{White: "x \"] [Result \"1-0\"]\n\n1. e4 1-0", Black: "a\\\"b\x00\x7f\u0085\u2028c\xff"},
			uci("e2e4"),
			`[Event "?"]
[Site "?"]
[Date "????.??.??"]
[Round "?"]
[White "x \"] [Result \"1-0\"]1. e4 1-0"]
[Black "a\\\"bc` + "\uFFFD" + `"]
[Result "*"]

1. e4 *

`},
		"clocks": {
			PGNTags{Result: "1/2-1/2"},
			[]PGNMove{
				{"e2e4", true, 3 * time.Minute},
				{"e7e5", true, 59*time.Second + 999*time.Millisecond},
				{"g1f3", false, 0},
				{"b8c6", true, 100*time.Hour + time.Minute + time.Second},
				{"f1b5", true, -time.Second},
			},
			`[Event "?"]
[Site "?"]
[Date "????.??.??"]
[Round "?"]
[White "?"]
[Black "?"]
[Result "1/2-1/2"]

1. e4 {[%clk 0:03:00]} 1... e5 {[%clk 0:00:59]} 2. Nf3 Nc6 {[%clk 100:01:01]}
3. Bb5 {[%clk 0:00:00]} 1/2-1/2

`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := writePGN(t, test.tags, test.moves); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestWritePGNRefuses(t *testing.T) {
	tests := map[string]struct {
		tags  PGNTags
		moves string
		says  string
	}{
		"result":         {PGNTags{Result: "1-0\"]"}, "", "result"},
		"tag name":       {PGNTags{Extra: []PGNTag{{"White Elo", "1"}}}, "", `tag name "White Elo"`},
		"empty tag name": {PGNTags{Extra: []PGNTag{{"", "1"}}}, "", `tag name ""`},
		"tag of its own": {PGNTags{Extra: []PGNTag{{"White", "x"}}}, "", "tag White is there twice"},
		"tag twice":      {PGNTags{Extra: []PGNTag{{"ECO", "x"}, {"ECO", "x"}}}, "", "tag ECO is there twice"},
		"termination":    {PGNTags{Termination: "x", Extra: []PGNTag{{"Termination", "x"}}}, "", "Termination is there twice"},
		"illegal move":   {PGNTags{}, "e2e4 e7e5 e4e5", "ply 3: illegal: the pawn on e4 cannot go to e5"},
		"no move":        {PGNTags{}, "e2m3", "ply 1: illegal"},
		"after mate":     {PGNTags{}, "f2f3 e7e5 g2g4 d8h4 a2a3", "ply 5: illegal"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			err := WritePGN(&out, test.tags, uci(test.moves))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want one that says %q", err, test.says)
			}
			if out.Len() > 0 {
				t.Errorf("wrote %q", out.String())
			}
		})
	}
}

type broken struct{}

var errBroken = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestWritePGNPassesOnWriteErrors(t *testing.T) {
	if err := WritePGN(broken{}, PGNTags{}, nil); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
}

// checkReadBack has the library read what was written.
func checkReadBack(t *testing.T, text string, want []PGNMove) {
	t.Helper()
	for line := range strings.Lines(text) {
		if len(line) > pgnWidth+1 && line[0] != '[' {
			t.Errorf("line of %d characters: %s", len(line)-1, line)
		}
	}
	scanner := corentings.NewScanner(strings.NewReader(text))
	read, err := scanner.ParseNext()
	if err != nil {
		t.Fatalf("reading back: %v\n%s", err, text)
	}
	moves := read.Moves()
	if len(moves) != len(want) {
		t.Fatalf("%d moves read back, want %d", len(moves), len(want))
	}
	for i, move := range moves {
		if move.String() != want[i].UCI {
			t.Errorf("ply %d: read back as %s, want %s", i+1, move, want[i].UCI)
		}
		clock, _ := move.GetCommand("clk")
		if want[i].HasClock != (clock != "") {
			t.Errorf("ply %d: clock %q", i+1, clock)
		}
	}
}

func TestPGNReadBack(t *testing.T) {
	tags := PGNTags{
		White: `Ann "the \ rook" O'Neil`, Black: "Björk; {not a comment} (nor a line)", Result: "0-1",
		Extra: []PGNTag{{"Annotator", "1. e4 *"}},
	}
	plain := uci(realGame)
	timed := uci(realGame)
	for i := range timed {
		timed[i].HasClock, timed[i].Clock = true, time.Duration(200-i)*time.Second
	}
	for name, moves := range map[string][]PGNMove{"plain": plain, "clocks": timed} {
		t.Run(name, func(t *testing.T) {
			text := writePGN(t, tags, moves)
			checkReadBack(t, text, moves)
			read, err := corentings.NewScanner(strings.NewReader(text)).ParseNext()
			if err != nil {
				t.Fatal(err)
			}
			if got := read.GetTagPair("White"); got != tags.White {
				t.Errorf("White is read back as %q, want %q", got, tags.White)
			}
			if got := read.GetTagPair("Black"); got != tags.Black {
				t.Errorf("Black is read back as %q, want %q", got, tags.Black)
			}
		})
	}
}

func TestPGNReadBackRealGames(t *testing.T) {
	for _, file := range []string{"rated-2021-10", "endings"} {
		games := readRecorded(t, file+".expected.tsv")
		if testing.Short() {
			games = games[:100]
		}
		for _, g := range games {
			if len(g.moves) == 0 {
				continue // the library takes a game without moves for none
			}
			moves := uci(strings.Join(g.moves, " "))
			for i := range moves {
				moves[i].HasClock = len(moves)%2 == 0
				moves[i].Clock = time.Duration(i) * time.Second
			}
			checkReadBack(t, writePGN(t, PGNTags{Site: g.site, Result: g.result}, moves), moves)
		}
	}
}

// SAN written in the file is that of Decide.
func TestPGNHasNotation(t *testing.T) {
	p := start(t)
	text := strings.Join(strings.Fields(writePGN(t, PGNTags{}, uci(realGame))), " ")
	for i, move := range strings.Fields(realGame) {
		seat := game.Seat(i % 2)
		decided, err := p.Decide(seat, move)
		if err != nil {
			t.Fatal(err)
		}
		p.Apply(seat, decided)
		_, rest, found := strings.Cut(text, " "+decided.Notation+" ")
		if !found {
			t.Fatalf("ply %d: %s is not in %s", i+1, decided.Notation, text)
		}
		text = " " + rest
	}
}

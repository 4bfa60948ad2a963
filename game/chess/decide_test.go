package chess

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/rulestest"
)

func legalMoves(p game.Position, _ game.Seat) []string {
	at := p.(*position).at
	var moves []string
	for _, m := range at.moves() {
		moves = append(moves, m.String())
	}
	return moves
}

func TestContract(t *testing.T) {
	rulestest.Run(t, Rules{}, rulestest.Options{
		Moves:     legalMoves,
		BadSetups: []string{`{"fen":"8/8/8/8/8/8/8/K1k5 w - - 0 1"}`, `{"variant":"atomic"}`},
		BadMoves:  []string{"e2m3", "E2E4", "a7a8k", "e2e4=q", "e4", "0000", "d4d4"},
		Games:     4,
		PliesMax:  150,
	})
}

func TestSetup(t *testing.T) {
	for _, options := range []string{"", "{}"} {
		p, err := Rules{}.Setup([]byte(options), 7)
		if err != nil {
			t.Fatal(err)
		}
		const want = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
		if p.Show(game.NoSeat) != want || p.Show(Black) != want || p.Turn() != game.SetOf(White) {
			t.Errorf("%s, turn %b", p.Show(game.NoSeat), p.Turn())
		}
		if seats := p.Seats(); len(seats) != 2 || seats[White] != "white" || seats[Black] != "black" {
			t.Errorf("seats %v", seats)
		}
	}
	_, err := Rules{}.Setup([]byte(`{"fen":"8/8/8/8/8/8/8/K1k5 w - - 0 1"}`), 7)
	if err == nil || !strings.Contains(err.Error(), `"fen"`) || !strings.Contains(err.Error(), "chess has no options") {
		t.Errorf("error %v", err)
	}
}

const (
	first    = "startpos"
	castles  = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 3 10"
	promotes = "1n2k3/P7/8/8/8/8/8/4K3 w - - 0 1"
	pinned   = "4r2k/8/8/8/8/8/4N3/4K3 w - - 0 1"
	passing  = "4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 2"
)

func TestDecide(t *testing.T) {
	tests := map[string]struct {
		fen, move string
		want      game.Move // End aside
	}{
		"pawn two steps":        {first, "e2e4", game.Move{Notation: "e4", Position: "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"}},
		"knight":                {first, "g1f3", game.Move{Notation: "Nf3", Position: "rnbqkbnr/pppppppp/8/8/8/5N2/PPPPPPPP/RNBQKB1R b KQkq - 1 1"}},
		"castles short":         {castles, "e1g1", game.Move{Notation: "O-O", Position: "r3k2r/8/8/8/8/8/8/R4RK1 b kq - 4 10"}},
		"castles long":          {castles, "e1c1", game.Move{Notation: "O-O-O", Position: "r3k2r/8/8/8/8/8/8/2KR3R b kq - 4 10"}},
		"rook takes rook":       {castles, "h1h8", game.Move{Notation: "Rxh8+", Position: "r3k2R/8/8/8/8/8/8/R3K3 b Qq - 0 10"}},
		"promotes":              {promotes, "a7a8q", game.Move{Notation: "a8=Q", Position: "Qn2k3/8/8/8/8/8/8/4K3 b - - 0 1"}},
		"takes and promotes":    {promotes, "a7b8n", game.Move{Notation: "axb8=N", Position: "1N2k3/8/8/8/8/8/8/4K3 b - - 0 1"}},
		"takes in passing":      {passing, "e5d6", game.Move{Notation: "exd6", Position: "4k3/8/3P4/8/8/8/8/4K3 b - - 0 2"}},
		"lets be taken":         {"4k3/8/8/8/3p4/8/4P3/4K3 w - - 5 9", "e2e4", game.Move{Notation: "e4", Position: "4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 9"}},
		"same file":             {"4k3/8/8/7R/8/8/8/K6R w - - 0 1", "h1h3", game.Move{Notation: "R1h3", Position: "4k3/8/8/7R/8/7R/8/K7 b - - 1 1"}},
		"same rank":             {"6k1/8/8/8/8/8/4K3/R6R w - - 0 1", "a1d1", game.Move{Notation: "Rad1", Position: "6k1/8/8/8/8/8/4K3/3R3R b - - 1 1"}},
		"three queens":          {"8/k7/8/8/4Q2Q/8/8/K6Q w - - 0 1", "h4e1", game.Move{Notation: "Qh4e1", Position: "8/k7/8/8/4Q3/8/8/K3Q2Q b - - 1 1"}},
		"neither file nor rank": {"7k/8/8/8/8/5N2/8/KN6 w - - 0 1", "b1d2", game.Move{Notation: "Nbd2", Position: "7k/8/8/8/8/5N2/3N4/K7 b - - 1 1"}},
		"pinned is no rival":    {"4r2k/8/8/8/8/8/N3N3/4K3 w - - 0 1", "a2c3", game.Move{Notation: "Nc3", Position: "4r2k/8/8/8/8/2N5/4N3/4K3 b - - 1 1"}},
		"mates":                 {"7k/8/6K1/8/8/8/8/R7 w - - 0 1", "a1a8", game.Move{Notation: "Ra8#", Position: "R6k/8/6K1/8/8/8/8/8 b - - 1 1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := fromFEN(t, test.fen)
			got, err := p.Decide(p.at.turn, test.move)
			if err != nil {
				t.Fatal(err)
			}
			got.End, test.want.Text = nil, test.move
			if got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestDecideRefuses(t *testing.T) {
	tests := map[string]struct {
		fen, move string
		says      string
	}{
		"not on the board":         {first, "e2m3", "not a move"},
		"rank 9":                   {first, "e2e9", "not a move"},
		"nothing":                  {first, "", "not a move"},
		"capitals":                 {first, "E2E4", "not a move"},
		"SAN":                      {first, "e4", "not a move"},
		"with a space":             {first, "e2e4 ", "not a move"},
		"a null move":              {first, "0000", "not a move"},
		"becomes a king":           {promotes, "a7a8k", "not a move"},
		"becomes a space":          {promotes, "a7a8 ", "not a move"},
		"very long":                {first, strings.Repeat("e2", 128), `"e2e2e2e2e2e2" is not a move`},
		"not in any character":     {first, "\xff\xfe\xfd\xfc", "not a move"},
		"empty square":             {first, "e4e5", "no piece on e4"},
		"theirs":                   {first, "e7e5", "the pawn on e7 is not yours"},
		"leaps":                    {first, "a1a4", "the rook on a1 cannot go to a4"},
		"onto one's own":           {first, "d1e1", "the queen on d1 cannot go to e1"},
		"stays":                    {first, "d1d1", "cannot go to d1"},
		"castles as e1h1":          {castles, "e1h1", "king's move of two squares: e1g1"},
		"castles as e1a1":          {castles, "e1a1", "king's move of two squares: e1c1"},
		"castles through":          {first, "e1g1", "cannot castle now"},
		"castles without rights":   {"4k3/8/8/8/8/8/8/R3K3 w - - 0 1", "e1c1", "cannot castle now"},
		"no piece chosen":          {promotes, "a7a8", "a7a8q, a7a8r, a7a8b or a7a8n"},
		"no promotion":             {first, "e2e4q", "e2e4q is not a promotion: write e2e4"},
		"pinned":                   {pinned, "e2c3", "your king would be in check"},
		"pinned pawn":              {"7k/8/8/8/r3P2K/8/8/8 w - - 0 1", "e4e5", "your king would be in check"},
		"pinned pawn promotes":     {"8/r3P2K/8/8/8/8/8/7k w - - 0 1", "e7e8", "your king would be in check"},
		"leaves it in check":       {"4r2k/8/8/8/8/8/8/R3K3 w - - 0 1", "a1a2", "your king would be in check"},
		"in passing without right": {"4k3/8/8/3pP3/8/8/8/4K3 w - - 0 2", "e5d6", "the pawn on e5 cannot go to d6"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := fromFEN(t, test.fen)
			before := state(p)
			_, err := p.Decide(p.at.turn, test.move)
			if !errors.Is(err, game.ErrIllegal) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want ErrIllegal that says %q", err, test.says)
			}
			if state(p) != before {
				t.Error("a refused move changed the position")
			}
		})
	}
}

func TestDecideOutOfTurn(t *testing.T) {
	p := start(t)
	if _, err := p.Decide(Black, "e7e5"); !errors.Is(err, game.ErrNotYourTurn) {
		t.Errorf("Black first: %v", err)
	}
	play(t, p, "f2f3", "e7e5", "g2g4", "d8h4")
	if _, err := p.Decide(White, "a2a3"); !errors.Is(err, game.ErrGameOver) {
		t.Errorf("after mate: %v", err)
	}
}

// Whatever Decide was asked before, Apply does the same; and Decide changes nothing.
func TestApplyWhateverWasDecided(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		ways := []*position{start(t), start(t), start(t), start(t)}
		for ply := 0; ply < 150 && ways[0].Turn() != 0; ply++ {
			moves := ways[0].at.moves()
			text := moves[random.IntN(len(moves))].String()
			other := moves[random.IntN(len(moves))].String()
			seat := ways[0].at.turn
			before := state(ways[0])
			move, err := ways[0].Decide(seat, text)
			if err != nil {
				t.Fatal(err)
			}
			if state(ways[0]) != before || ways[0].Turn() != game.SetOf(seat) {
				t.Fatalf("Decide %s changed the position", text)
			}
			remembered := ways[0].decided.next
			if _, err := ways[1].Decide(seat, other); err != nil { // another move
				t.Fatal(err)
			}
			if _, err := ways[2].Decide(seat, "a1a1"); err == nil { // a refused one
				t.Fatal("a1a1 is accepted")
			}
			for _, p := range ways { // ways[3] was not asked at all
				p.Apply(seat, move)
			}
			if ways[0].at != remembered {
				t.Fatalf("Apply %s worked out again what Decide knew", text)
			}
			for i, p := range ways {
				if state(p) != state(ways[0]) || p.Show(game.NoSeat) != move.Position {
					t.Fatalf("seed %d, ply %d, %s: way %d went another way", seed, ply, text, i)
				}
				if (p.Turn() == 0) != (move.End != nil) {
					t.Fatalf("seed %d, ply %d, %s: way %d: turn %b, end %v", seed, ply, text, i, p.Turn(), move.End)
				}
			}
			if move.End != nil && ways[3].judge().end != *move.End {
				t.Fatalf("end %v live, %v replayed", move.End, ways[3].judge().end)
			}
		}
	}
}

// What Decide remembered is good for one Apply: later the same move leads elsewhere.
func TestApplyForgetsWhatWasDecided(t *testing.T) {
	p, replayed := start(t), start(t)
	play(t, p, "g1f3")
	replayed.Apply(White, game.Move{Text: "g1f3"})
	for i, text := range []string{"g8f6", "f3g1", "f6g8", "g1f3"} {
		for _, q := range []*position{p, replayed} {
			q.Apply(game.Seat((i+1)%2), game.Move{Text: text})
		}
	}
	if state(p) != state(replayed) {
		t.Errorf("%s, want %s", p.Show(game.NoSeat), replayed.Show(game.NoSeat))
	}
}

// A move that cannot be one of this game shows a wrong journal: going on would only make it worse.
func TestApplyForeignMove(t *testing.T) {
	for name, move := range map[string]struct {
		seat game.Seat
		text string
	}{
		"no move": {White, "resigns"}, "wrong seat": {Black, "e7e5"}, "not theirs": {White, "e7e5"}, "nobody's": {White, "e4e5"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			start(t).Apply(move.seat, game.Move{Text: move.text})
		})
	}
}

func FuzzDecide(f *testing.F) {
	for _, text := range []string{"e2e4", "e7e8q", "e2m3", "e1g1", "e1h1", "", "0000", "a7b8n", "\x00", "e5d6"} {
		f.Add(text)
	}
	uci := regexp.MustCompile(`^[a-h][1-8][a-h][1-8][qrbn]?$`)
	fens := []string{
		"startpos",
		"r3k2r/P6P/8/3pP3/8/8/p6p/R3K2R w KQkq d6 0 2",
		"1n2k3/P7/8/8/8/8/8/4K3 w - - 0 1",
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, fen := range fens {
			p := fromFEN(t, fen)
			before := state(p)
			move, err := p.Decide(White, text)
			if state(p) != before {
				t.Fatal("Decide changed the position")
			}
			if err != nil {
				if !errors.Is(err, game.ErrIllegal) || len(err.Error()) > 300 {
					t.Errorf("%q: %v", text, err)
				}
				continue
			}
			if !uci.MatchString(text) || move.Text != text {
				t.Errorf("%q accepted as %q", text, move.Text)
			}
			p.Apply(White, move)
		}
	})
}

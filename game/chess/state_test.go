package chess

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/rulestest"
)

// State is stored for years and read by other versions: these bytes must never come out, or be read, differently.
func TestStateIsPinned(t *testing.T) {
	tests := map[string]struct{ moves, want string }{
		"start":            {"", "01245336421111111100000000000000000000000000000000777777778ab99ca80fff000000010001b3b0e185f54d8605"},
		"later":            {"e2e4 c7c5 e4e5 d7d5 e5d6 e7d6 g1f3 g8f6 e1e2 b8c6", "01245330401111161100002000000000000007000000788000770070770ab99ca00cff000400060002c4a1e310a8bedf4c4c38aa00e29f95cb"},
		"legal en passant": {"e2e4 g8f6 e4e5 d7d5", "01245336421111101100000000000000000070010000008000770777778ab99ca00f2b0000000300019868a34bb89e1c49"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			play(t, p, strings.Fields(test.moves)...)
			if got := hex.EncodeToString(p.AppendState(nil)); got != test.want {
				t.Errorf("state\n%s, want\n%s", got, test.want)
			}
			written, err := hex.DecodeString(test.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := mustRestore(t, string(written)).Show(game.NoSeat); got != p.Show(game.NoSeat) {
				t.Errorf("restored %s, want %s", got, p.Show(game.NoSeat))
			}
		})
	}
}

func TestAppendStateAppends(t *testing.T) {
	p := start(t)
	if got := string(p.AppendState([]byte("before"))); got != "before"+state(p) {
		t.Errorf("%x", got)
	}
}

// A game that is restored at any ply, and one that never was, end in the same bytes and say the same on the way.
func TestRestoredGameGoesOnTheSame(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 2))
		live, restored := start(t), start(t)
		for ply := 0; ply < 300 && live.Turn() != 0; ply++ {
			if random.IntN(3) == 0 {
				restored = mustRestore(t, state(restored))
			}
			seat := live.at.turn
			text := randomMove(random, live)
			want, err := live.Decide(seat, text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := restored.Decide(seat, text)
			if err != nil {
				t.Fatal(err)
			}
			if (got.End == nil) != (want.End == nil) || got.End != nil && *got.End != *want.End {
				t.Fatalf("ply %d: end %v, want %v", ply, got.End, want.End)
			}
			if got.End = want.End; got != want {
				t.Fatalf("ply %d:\n%+v, want\n%+v", ply, got, want)
			}
			live.Apply(seat, want)
			restored.Apply(seat, got)
			if state(live) != state(restored) || live.Turn() != restored.Turn() {
				t.Fatalf("seed %d, ply %d: the restored game is another", seed, ply)
			}
			checkSameClaims(t, live, restored)
		}
	}
}

// randomMove favours moves that repeat, capture or promote too seldom in random play to be ever seen: it picks a move
// back with one chance in two where there is one.
func randomMove(random *rand.Rand, p *position) string {
	moves := p.at.moves()
	if p.at.quiet > 0 && random.IntN(2) == 0 {
		for _, m := range moves {
			if count(p.seen, p.at.after(m).hash) > 0 {
				return m.String()
			}
		}
	}
	return moves[random.IntN(len(moves))].String()
}

func checkSameClaims(t *testing.T, live, restored *position) {
	t.Helper()
	for _, what := range []string{"threefold", "fifty_moves"} {
		for _, seat := range []game.Seat{White, Black} {
			want, wantErr := live.Claim(seat, what)
			got, err := restored.Claim(seat, what)
			if got != want || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Fatalf("claim of %s: %v, %v; want %v, %v", what, got, err, want, wantErr)
			}
			if live.Flagged(seat) != restored.Flagged(seat) {
				t.Fatalf("flag of %d: %v, want %v", seat, restored.Flagged(seat), live.Flagged(seat))
			}
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	p := start(t)
	play(t, p, "e2e4", "e7e5", "g1f3", "g8f6")
	good := state(p)
	for n := range len(good) {
		if _, err := (Rules{}).Restore([]byte(good[:n])); err == nil {
			t.Errorf("the first %d bytes are accepted", n)
		}
	}
	if _, err := (Rules{}).Restore([]byte(good + "\x00")); err == nil {
		t.Error("a byte too many is accepted")
	}
	// Counters and the older keys are not covered by the key: a store has its own checksums. All else is.
	covered := map[string][2]int{"version and squares": {0, 35}, "number of keys": {39, 41}, "last key": {len(good) - 8, len(good)}}
	for name, span := range covered {
		for at := span[0]; at < span[1]; at++ {
			for bit := range 8 {
				damaged := []byte(good)
				damaged[at] ^= 1 << bit
				if _, err := (Rules{}).Restore(damaged); err == nil {
					t.Errorf("%s: bit %d of byte %d turned is accepted", name, bit, at)
				}
			}
		}
	}
}

// Positions that no game leads to, with a key that fits.
func TestRestoreRefusesImpossible(t *testing.T) {
	tests := map[string]struct {
		change func(l *layout)
		says   string
	}{
		"no king":                  {func(l *layout) { l.squares[60] = none; l.castling = 0 }, "0 kings"},
		"two kings":                {func(l *layout) { l.squares[20] = whiteKing }, "2 kings"},
		"pawn on the first rank":   {func(l *layout) { l.squares[1] = blackPawn }, "pawn on b1"},
		"pawn on the last rank":    {func(l *layout) { l.squares[57] = whitePawn }, "pawn on b8"},
		"a queen too many":         {func(l *layout) { l.squares[30] = whiteQueen }, "1 promoted"},
		"castles without rook":     {func(l *layout) { l.squares[7] = none }, "castling rights"},
		"castles without king":     {func(l *layout) { l.squares[60], l.squares[44] = none, blackKing }, "castling rights"},
		"passing on a full square": {func(l *layout) { l.enPassant, l.squares[44], l.squares[57] = 44, blackKnight, none }, "en-passant square 44"},
		"passing nobody":           {func(l *layout) { l.enPassant = 44 }, "en-passant square 44"},
		"passing on rank 4":        {func(l *layout) { l.enPassant = 24 }, "en-passant square 24"},
		"passing off the board":    {func(l *layout) { l.enPassant = 200 }, "en-passant square 200"},
		"passing without a taker": {func(l *layout) { l.enPassant, l.squares[52], l.squares[36] = 44, none, blackPawn },
			"e6 is no square for a capture in passing"},
		"move 0":              {func(l *layout) { l.number = 0 }, "move 0"},
		"move 20000":          {func(l *layout) { l.number = 20_000 }, "move 20000"},
		"quiet for 151 plies": {func(l *layout) { l.quiet = 151 }, "151 plies"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := start(t).at.layout
			test.change(&l)
			keyed := l
			if l.enPassant != noSquare && l.enPassant >= squares {
				keyed.enPassant = noSquare // it never comes to the key
			}
			_, err := Rules{}.Restore(appendState(nil, &l, []uint64{keyed.key()}))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want one that says %q", err, test.says)
			}
		})
	}
}

func TestRestoreRefusesTooManyKeys(t *testing.T) {
	l := &start(t).at.layout
	for n, says := range map[int]string{0: "0 positions", 2: "2 positions that can come again after 0 plies"} {
		seen := []uint64{l.key(), l.key()}[:n]
		if _, err := (Rules{}).Restore(appendState(nil, l, seen)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%d keys: error %v, want one that says %q", n, err, says)
		}
	}
}

func TestRestoreOtherVersion(t *testing.T) {
	later := []byte(state(start(t)))
	later[0] = 2
	if _, err := (Rules{}).Restore(later); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("error %v, want one that says version 2", err)
	}
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{stateVersion})
	for _, moves := range []string{"", "e2e4 g8f6 e4e5 d7d5", pinnedEnPassant, realGame, "f2f3 e7e5 g2g4 d8h4"} {
		p := start(f)
		play(f, p, strings.Fields(moves)...)
		f.Add([]byte(state(p)))
		f.Add([]byte(state(p))[:stateHead])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		useRestored(t, data)
		if len(data) < stateHead+8 {
			return
		}
		// The key keeps nearly all that is damaged from getting further. Here it is made to fit.
		if l, err := decodeLayout(data); err == nil {
			binary.BigEndian.PutUint64(data[len(data)-8:], l.key())
			useRestored(t, data)
		}
	})
}

// useRestored does with a state whatever a game does, if it can be restored.
func useRestored(t *testing.T, data []byte) {
	rulestest.CheckState(t, Rules{}, data, legalMoves)
	restored, err := Rules{}.Restore(data)
	if err != nil {
		return
	}
	p := restored.(*position)
	if state(p) != string(data) {
		t.Fatalf("state %x is written back as %x", data, state(p))
	}
	for _, seat := range []game.Seat{White, Black} {
		p.Flagged(seat)
		_, _ = p.Claim(seat, "threefold")
	}
	if p.Turn() == 0 {
		return
	}
	seat := p.at.turn
	for _, m := range p.at.moves() {
		move, err := p.Decide(seat, m.String())
		if err != nil {
			t.Fatalf("legal move %v: %v", m, err)
		}
		again := mustRestore(t, string(data))
		again.Apply(seat, move)
		again.Turn()
	}
}

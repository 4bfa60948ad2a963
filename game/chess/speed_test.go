package chess

import (
	"runtime"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
)

// A node holds games by the ten thousand. The library's own Game takes 317 KiB at ply 60.
func TestMemoryOfLiveGame(t *testing.T) {
	const (
		games    = 500
		bytesMax = 1024 // and 8 for each position that can come again
	)
	moves := strings.Fields(realGame)[:60]
	recorded := make([]game.Move, len(moves))
	for i, text := range moves {
		recorded[i].Text = text
	}
	tests := map[string]func() *position{
		"played": func() *position {
			p := start(t)
			play(t, p, moves...)
			return p
		},
		"replayed": func() *position {
			p := start(t)
			for i, move := range recorded {
				p.Apply(game.Seat(i%2), move)
			}
			return p
		},
		"decided, not applied": func() *position {
			p := start(t)
			play(t, p, moves[:59]...)
			if _, err := p.Decide(p.at.turn, moves[59]); err != nil {
				t.Fatal(err)
			}
			return p
		},
	}
	for name, build := range tests {
		t.Run(name, func(t *testing.T) {
			held := make([]*position, games)
			before := heap()
			for i := range held {
				held[i] = build()
			}
			each := (heap() - before) / games
			repeatable := len(held[0].seen)
			runtime.KeepAlive(held)
			limit := bytesMax + 8*repeatable
			if name == "decided, not applied" {
				limit += bytesMax // the board before the move and the board after it
			}
			t.Logf("%d bytes a game at ply 60, %d positions that can come again", each, repeatable)
			if each > limit {
				t.Errorf("%d bytes a game, want at most %d", each, limit)
			}
		})
	}
}

// The keys of a long stretch of quiet moves are let go when it ends.
func TestKeysAreLetGo(t *testing.T) {
	p := fromFEN(t, "6k1/8/8/8/8/8/P7/R5K1 w - - 0 1")
	play(t, p, strings.Fields("a1b1 g8h8 b1c1 h8g8 c1d1 g8h8 d1e1 h8g8 e1d1 g8h7 d1c1 h7g8 c1b1 g8h7 b1a1 h7g8")...)
	if len(p.seen) != 17 {
		t.Fatalf("%d keys after 16 quiet plies, want 17", len(p.seen))
	}
	play(t, p, "a2a3")
	if len(p.seen) != 1 || cap(p.seen) > 4 {
		t.Errorf("%d keys in space for %d after a pawn move, want 1", len(p.seen), cap(p.seen))
	}
}

func heap() int {
	runtime.GC()
	runtime.GC() // the second empties what sync.Pool still held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// What a move is called takes one allocation, and a long stretch of quiet moves some.
func TestAllocationsOfMove(t *testing.T) {
	const most = 2
	moves := strings.Fields(realGame)
	allocations := testing.AllocsPerRun(10, func() { play(t, start(t), moves...) }) / float64(len(moves))
	t.Logf("%.1f allocations a move", allocations)
	if allocations > most {
		t.Errorf("%.1f allocations a move, want at most %d", allocations, most)
	}
}

func BenchmarkDecideAndApply(b *testing.B) {
	moves := strings.Fields(realGame)
	b.ReportAllocs()
	for b.Loop() {
		play(b, start(b), moves...)
	}
	perPly(b, len(moves))
}

func BenchmarkReplay(b *testing.B) {
	moves := make([]game.Move, 0, 100)
	for text := range strings.FieldsSeq(realGame) {
		moves = append(moves, game.Move{Text: text})
	}
	b.ReportAllocs()
	for b.Loop() {
		p := start(b)
		for i, move := range moves {
			p.Apply(game.Seat(i%2), move)
		}
	}
	perPly(b, len(moves))
}

func perPly(b *testing.B, plies int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(plies), "ns/ply")
}

func BenchmarkRestore(b *testing.B) {
	p := start(b)
	play(b, p, strings.Fields(realGame)[:60]...)
	written := p.AppendState(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Rules{}).Restore(written); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendState(b *testing.B) {
	p := start(b)
	play(b, p, strings.Fields(realGame)[:60]...)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = p.AppendState(buf[:0])
	}
}

func BenchmarkWritePGN(b *testing.B) {
	moves := uci(realGame)
	b.ReportAllocs()
	for b.Loop() {
		var out strings.Builder
		if err := WritePGN(&out, PGNTags{}, moves); err != nil {
			b.Fatal(err)
		}
	}
	perPly(b, len(moves))
}

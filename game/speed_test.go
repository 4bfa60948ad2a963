package game_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
)

// realMoves are those of a game between masters, Ruy Lopez.
var realMoves = strings.Fields(`e2e4 e7e5 g1f3 b8c6 f1b5 a7a6 b5a4 g8f6 e1g1 f8e7 f1e1 b7b5 a4b3 d7d6 c2c3 e8g8 h2h3 c6b8 d2d4 b8d7
	c3c4 c7c6 c4b5 a6b5 b1c3 c8b7 c1g5 b5b4 c3b1 h7h6 g5h4 c6c5 d4e5 f6e4 h4e7 d8e7 e5d6 e7f6 b1d2 e4d6
	d2c4 d6c4 b3c4 d7b6 f3e5 a8e8 c4f7 f8f7 e5f7 e8e1 d1e1 g8f7 e1e3 f6g5 e3g5 h6g5 b2b3 f7e6 a2a3 e6d6`)

var realTerms = game.Terms{Rules: "chess", Clock: game.Clock{Initial: 5 * time.Minute, Increment: 3 * sec}, Rated: true, Source: game.SourceMatch,
	Seed: 0x0123456789abcdef}

// realGame plays the first plies of a game as a server would: each command has an id, takes some seconds, has some lag.
func realGame(tb testing.TB, n, plies int) *game.Game {
	players := []game.User{{ID: fmt.Sprintf("white-%026d", n), Name: "White"}, {ID: fmt.Sprintf("black-%026d", n), Name: "Black"}}
	at := start
	g := game.New(game.CreatedBy(players[0].ID, "1"), registry)
	if err := apply(tb, g, game.Command{Kind: game.CommandCreate, Create: &game.Create{Terms: realTerms, Players: players}}, at); err != nil {
		tb.Fatal(err)
	}
	for ply, text := range realMoves[:plies] {
		at = at.Add(3217 * ms)
		cmd := game.Command{Kind: game.CommandMove, User: players[ply%2], ID: fmt.Sprintf("5dd2c4a0-%d", ply), Ply: ply, Move: text, Lag: 43 * ms}
		if err := apply(tb, g, cmd, at); err != nil {
			tb.Fatal(err)
		}
	}
	return g
}

// TestMemoryOfIdleGame measures what a game costs that waits for a move: a node holds them by the hundred thousand. The
// position of chess, which is a good part of it, has a test of its own.
func TestMemoryOfIdleGame(t *testing.T) {
	const games = 60
	for _, test := range []struct{ plies, most int }{{0, 1700}, {20, 2400}, {60, 3600}} {
		for name, build := range map[string]func(n int) *game.Game{
			"played": func(n int) *game.Game { return realGame(t, n, test.plies) },
			"restored": func(n int) *game.Game {
				g, err := game.Restore(game.ID{}, registry, realGame(t, n, test.plies).AppendSnapshot(nil))
				if err != nil {
					t.Fatal(err)
				}
				return g
			},
		} {
			held := make([]*game.Game, games)
			before := heap()
			for n := range held {
				held[n] = build(n)
			}
			each := (heap() - before) / games
			size, room := held[0].LogSize()
			t.Logf("ply %d, %s: %.2f KiB a game; the log is %d bytes in %d", test.plies, name, float64(each)/1024, size, room)
			if each > test.most {
				t.Errorf("ply %d, %s: %d bytes a game, want at most %d", test.plies, name, each, test.most)
			}
			runtime.KeepAlive(held)
		}
	}
}

func heap() int {
	runtime.GC()
	runtime.GC() // the second empties what sync.Pool still held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// A move takes a bounded number of allocations beyond those of the rules.
func TestAllocationsOfMove(t *testing.T) {
	const most = 6
	r := started(t, clocked("plain", game.Clock{Initial: time.Hour, Increment: sec}))
	var journal []byte
	per := testing.AllocsPerRun(100, func() {
		cmd := r.move("pass", 10*ms)
		cmd.ID = "5dd2c4a0-1"
		events, err := r.live.Decide(cmd, r.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range events {
			journal = game.AppendEvent(journal[:0], ev)
			if err := r.live.Apply(ev); err != nil {
				t.Fatal(err)
			}
		}
	})
	if t.Logf("%.1f allocations a move", per); per > most {
		t.Errorf("%.1f allocations a move, want at most %d", per, most)
	}
}

// BenchmarkMove is what the shard's goroutine does for one move: is it known, what comes of it, journal it, do it.
func BenchmarkMove(b *testing.B) {
	var journal []byte
	bytes := 0
	b.ReportAllocs()
	for b.Loop() {
		at := start
		players := []game.User{ann, bob}
		g := startedGame(b, realTerms, players...)
		for ply, text := range realMoves {
			at = at.Add(3217 * ms)
			cmd := game.Command{Kind: game.CommandMove, User: players[ply%2], ID: "5dd2c4a0-", Ply: ply, Move: text, Lag: 43 * ms}
			cmd.ID += realMoves[ply%len(realMoves)] + realMoves[(ply*7)%len(realMoves)]
			g.Answer(cmd.User.ID, cmd.ID)
			events, err := g.Decide(cmd, at)
			if err != nil {
				b.Fatal(err)
			}
			for _, ev := range events {
				journal = game.AppendEvent(journal[:0], ev)
				bytes += len(journal)
				if err := g.Apply(ev); err != nil {
					b.Fatal(err)
				}
			}
			g.Visible(at)
		}
	}
	moves := float64(b.N * len(realMoves))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/moves, "ns/move")
	b.ReportMetric(float64(bytes)/moves, "journalB/move")
}

func BenchmarkRestore(b *testing.B) {
	for _, plies := range []int{0, 20, 60} {
		b.Run(fmt.Sprint(plies), func(b *testing.B) {
			snapshot := realGame(b, 1, plies).AppendSnapshot(nil)
			b.ReportAllocs()
			b.ReportMetric(float64(len(snapshot)), "snapshotB")
			for b.Loop() {
				if _, err := game.Restore(game.ID{}, registry, snapshot); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReplay(b *testing.B) {
	var events []game.Event
	for ev := range realGame(b, 1, 60).EventsAfter(0) {
		events = append(events, ev)
	}
	b.ReportAllocs()
	for b.Loop() {
		g := game.New(game.ID{}, registry)
		for _, ev := range events {
			if err := g.Apply(ev); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkAppendSnapshot(b *testing.B) {
	g := realGame(b, 1, 60)
	var snapshot []byte
	b.ReportAllocs()
	for b.Loop() {
		snapshot = g.AppendSnapshot(snapshot[:0])
	}
}

// BenchmarkEventsAfter reads the last of 60 moves, as for somebody who comes back after a moment.
func BenchmarkEventsAfter(b *testing.B) {
	g := realGame(b, 1, 60)
	b.ReportAllocs()
	for b.Loop() {
		for ev := range g.EventsAfter(g.Seq() - 1) {
			_ = ev
		}
	}
}

package table_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// realGames are the moves of games as people play them.
func realGames(tb testing.TB) [][]string {
	tb.Helper()
	text, err := os.ReadFile("testdata/games.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var games [][]string
	for line := range strings.Lines(string(text)) {
		if line[0] != '#' {
			games = append(games, strings.Fields(line))
		}
	}
	return games
}

// course is one game as it comes to a server: frames of clients, in their order, each with who sent it.
type course struct {
	id      game.ID
	players []game.User
	frames  [][]byte
}

func courses(tb testing.TB) []course {
	var all []course
	for n, moves := range realGames(tb) {
		c := course{players: []game.User{{ID: fmt.Sprintf("3c7f5a10-4d6e-4b5f-9a3b-%012d", n), Name: "Ann"}, {ID: fmt.Sprintf("b1d9e2c4-0a7b-4c1d-8e2f-%012d", n), Name: "Bob"}}}
		c.id = game.CreatedBy(c.players[0].ID, "create")
		for ply, text := range moves {
			c.frames = append(c.frames, fmt.Appendf(nil, `{"type":"move","id":"5dd2c4a0-%d","game":"%s","ply":%d,"move":"%s"}`, ply, c.id, ply, text))
		}
		all = append(all, c)
	}
	return all
}

// begin makes the table of a game that has just started, with a clock.
func (c course) begin(tb testing.TB, tables *table.Tables, at time.Time) shard.Actor {
	actor := tables.New(c.id)
	terms := game.Terms{Rules: "chess", Clock: game.Clock{Initial: 5 * time.Minute, Increment: 3 * time.Second}, Rated: true, Source: game.SourceMatch}
	turn := actor.Receive(at, &table.Act{Command: game.Command{Kind: game.CommandCreate, Create: &game.Create{Terms: terms, Players: c.players}}})
	if reply := turn.Reply.(*table.Reply); reply.Code != "" {
		tb.Fatalf("%s", reply.Frame)
	}
	actor.Visible(at)
	return actor
}

// move is what a server does for one frame, the connection and the journal aside.
func (c course) move(tb testing.TB, actor shard.Actor, ply int, at time.Time) shard.Turn {
	request, err := wire.DecodeRequest(c.frames[ply])
	if err != nil {
		tb.Fatal(err)
	}
	if id, err := uuid.Parse(request.Game); err != nil || id != c.id {
		tb.Fatalf("game %s, %v", request.Game, err)
	}
	turn := actor.Receive(at, &table.Act{Command: game.Command{Kind: game.CommandMove, User: c.players[ply%2], ID: request.ID,
		Ply: *request.Ply, Move: *request.Move, Lag: 43 * time.Millisecond}})
	if reply := turn.Reply.(*table.Reply); reply.Code != "" {
		tb.Fatalf("ply %d: %s", ply, reply.Frame)
	}
	actor.Needs()
	actor.Visible(at)
	actor.Needs()
	return turn
}

func playCourses(tb testing.TB, all []course, tables *table.Tables) (moves int) {
	for _, c := range all {
		at := time.Date(2026, 1, 1, 0, 0, 0, 678_901_234, time.UTC)
		actor := c.begin(tb, tables, at)
		for ply := range c.frames {
			at = at.Add(2217 * time.Millisecond)
			c.move(tb, actor, ply, at)
		}
		moves += len(c.frames)
	}
	return moves
}

func chessTables(tb testing.TB) *table.Tables {
	config := table.DefaultConfig()
	config.Registry = game.NewRegistry(chess.Rules{})
	tables, err := table.NewTables(config)
	if err != nil {
		tb.Fatal(err)
	}
	return tables
}

// BenchmarkMove is what one move costs from the client's frame to the event for the journal and the frames for the
// players, over whole games, with their making in it.
func BenchmarkMove(b *testing.B) {
	all, tables, moves := courses(b), chessTables(b), 0
	b.ReportAllocs()
	for b.Loop() {
		moves = playCourses(b, all, tables)
	}
	per := float64(b.N * moves)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/per, "ns/move")
}

// BenchmarkDecodeMove is the first part of it.
func BenchmarkDecodeMove(b *testing.B) {
	frames := courses(b)[0].frames
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := wire.DecodeRequest(frames[i%len(frames)]); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllocationsOfMove guards what BenchmarkMove has won.
func TestAllocationsOfMove(t *testing.T) {
	const most = 10
	all, tables, moves := courses(t), chessTables(t), 0
	per := testing.AllocsPerRun(3, func() { moves = playCourses(t, all, tables) }) / float64(moves)
	if t.Logf("%.1f allocations a move", per); per > most {
		t.Errorf("%.1f allocations a move, want at most %d", per, most)
	}
}

package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// shuffle are moves that two players can make for ever; every eighth ply the position comes again, which nobody claims.
var shuffle = []string{"g1f3", "g8f6", "f3g1", "f6g8", "b1c3", "b8c6", "c3b1", "c6b8"}

// opening are moves that can be made before, so that the position is not the same five times: the game would end.
var opening = []string{"e2e4", "e7e5", "a2a3", "a7a6", "b2b3", "b7b6", "g2g3", "g7g6", "d2d3", "d7d6", "h2h3", "h7h6"}

// two are the players of one game, and what they are told of it.
type two struct {
	t       *testing.T
	id      string
	players [2]*client.Client
	games   [2]*client.Game
	ply     int
	acks    map[uint64]string // by seq: the move, or what else was acknowledged
}

func connect(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.Connect(t.Context(), client.DefaultConfig(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// sitDown begins a game with clocks.
func sitDown(t *testing.T, url string) *two {
	t.Helper()
	g := &two{t: t, players: [2]*client.Client{connect(t, url), connect(t, url)}, acks: map[uint64]string{}}
	var err error
	clock := &wire.ClockTerms{InitialMS: 600_000}
	if g.id, err = g.players[0].Create(t.Context(), client.Terms{Rules: "chess", Seat: "white", Clock: clock}); err != nil {
		t.Fatal(err)
	}
	if _, err = g.players[1].Join(t.Context(), g.id, "black"); err != nil {
		t.Fatal(err)
	}
	for i, c := range g.players {
		if g.games[i], err = c.Follow(t.Context(), g.id); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// next is the move of a ply.
func next(ply int) string {
	if ply < len(opening) {
		return opening[ply]
	}
	return shuffle[(ply-len(opening))%len(shuffle)]
}

// move makes the next move and waits for its ok.
func (g *two) move(ctx context.Context) error {
	move := next(g.ply)
	seq, err := g.players[g.ply%2].Move(ctx, g.id, g.ply, move)
	if err != nil {
		return fmt.Errorf("ply %d: %w", g.ply+1, err)
	}
	g.ply++
	g.acks[seq] = move
	return nil
}

func (g *two) moves(n int) {
	g.t.Helper()
	for range n {
		if err := g.move(g.t.Context()); err != nil {
			g.t.Fatal(err)
		}
	}
}

// agree ends the game with a draw: one command that has two events.
func (g *two) agree() {
	g.t.Helper()
	mover := g.ply % 2
	offered, err := g.players[mover].Offer(g.t.Context(), g.id, "draw")
	if err != nil {
		g.t.Fatal(err)
	}
	accepted, err := g.players[1-mover].Accept(g.t.Context(), g.id, "draw")
	if err != nil {
		g.t.Fatal(err)
	}
	g.acks[offered], g.acks[accepted] = "offered", "accepted"
}

// last is the seq of the last event that was acknowledged.
func (g *two) last() (last uint64) {
	for seq := range g.acks {
		last = max(last, seq)
	}
	return last
}

// history is what the server says of the game.
func (g *two) history(url string) []wire.Message {
	g.t.Helper()
	var list struct{ Events []wire.Message }
	if err := json.Unmarshal(page(g.t, url+"/v1/games/"+g.id+"/events?after=0"), &list); err != nil {
		g.t.Fatal(err)
	}
	return list.Events
}

// page is what is at a URL.
func page(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, response.Status, err)
	}
	return body
}

// counter is a metric of the server's.
func counter(t *testing.T, url, name string) int {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + ` (\d+)$`).FindSubmatch(page(t, url+"/metrics"))
	if found == nil {
		t.Fatalf("there is no metric %s", name)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/loadtest/crashtest"
	"github.com/plywire/plywire/shard/redisstore/redistest"
	"github.com/plywire/plywire/wire"
)

// TestClusterCrashes is a short crash test of three nodes. The long one is "plywire crashtest --nodes 3".
func TestClusterCrashes(t *testing.T) {
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	config := crashtest.DefaultConfig()
	config.Binary, config.Folder, config.Nodes, config.Lease = binary, t.TempDir(), 3, 2*time.Second
	config.Kills, config.RedisKills, config.Games, config.Rate, config.Seed = 5, 1, 30, 100, 1
	config.Again, config.Timeout = 0.5, 3*time.Minute
	report, err := crashtest.Run(t.Context(), config)
	t.Logf("\n%s", report)
	if err := errors.Join(err, report.Err()); err != nil {
		t.Fatal(err)
	}
	if report.FlyingMin < config.Games/2 || report.Reconnect == 0 || report.Again == 0 || report.Twice == 0 || report.Adjusted == 0 || report.StillOpen > 0 {
		t.Errorf("the faults were not felt, or for too long: %+v", report)
	}
	if len(report.Kinds) != 5 {
		t.Errorf("only these were done: %v", report.Kinds)
	}
}

// An owner that is frozen past its lease, while a move waits in its socket, is followed by another, with whom the game goes on
// over another node. Woken, it acknowledges nothing of what it still had in hand, and belongs to the cluster again.
func TestFrozenOwnerIsFenced(t *testing.T) {
	c := newCluster(t)
	c.join("n1", "n2", "n3")
	white := c.connect("white", "n1")
	id, err := white.Create(t.Context(), client.Terms{Rules: "chess", Seat: "white"})
	if err != nil {
		t.Fatal(err)
	}
	owner := c.owner(id)
	others := slices.DeleteFunc([]string{"n1", "n2", "n3"}, func(name string) bool { return name == owner })
	white, late, black := c.connect("white", others[0]), c.connect("black", owner), c.connect("black", others[1])
	if _, err := black.Join(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := white.Move(t.Context(), id, 0, "e2e4"); err != nil {
		t.Fatal(err)
	}
	frozen := c.nodes[owner]
	if err := frozen.Freeze(); err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := late.Move(t.Context(), id, 1, "e7e5") // waits in the frozen node's socket
		answer <- err
	}()
	for ply, m := range []struct {
		who  *client.Client
		move string
	}{{black, "c7c5"}, {white, "g1f3"}} {
		if _, err := m.who.Move(t.Context(), id, ply+1, m.move); err != nil {
			t.Fatalf("the game does not go on without its owner, with %s: %v", m.move, err)
		}
	}
	select {
	case err := <-answer:
		t.Fatalf("what waits for a frozen node has been answered: %v", err)
	default:
	}
	if err := frozen.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; client.CodeOf(err) != wire.CodeStalePly {
		t.Errorf("the woken node answers the move that came too late with %v, want it refused as %s", err, wire.CodeStalePly)
	}
	for name := range c.nodes {
		if got := c.moves(name, id); !slices.Equal(got, []string{"e2e4", "c7c5", "g1f3"}) {
			t.Errorf("%s tells the moves %v", name, got)
		}
	}
	redistest.Await(t, "shards to come back", func() error { return c.holds(owner, 8) })
	if _, err := late.Move(t.Context(), id, 3, "d7d6"); err != nil {
		t.Errorf("over the woken node the game does not go on: %v", err)
	}
	if !frozen.Running() {
		t.Error("the woken node has ended")
	}
}

// While games go on, a node joins and shards move to it; then another is told to leave. Nobody loses a connection but those
// who are connected to the one that leaves, which tells them so. All games come to their recorded ends.
func TestNodeJoinsAndAnotherLeaves(t *testing.T) {
	c := newCluster(t)
	c.join("n1", "n2")
	stays, goes := c.connect("stays", "n1"), c.connect("goes", "n2", "n1")
	l := c.play(40, 150, "n1", "n2")
	l.more(t, 100)
	c.join("n3")
	l.more(t, 100)
	for name, each := range map[string]*client.Client{"n1": stays, "n2": goes} {
		if got := each.Stats().Connects; got != 1 || len(each.Notices()) != 0 {
			t.Errorf("when a node joined, the client of %s was connected %d times, and got %d notices", name, got, len(each.Notices()))
		}
	}
	if err := c.nodes["n2"].terminate(); err != nil {
		t.Errorf("the node did not stop in peace: %v", err)
	}
	l.more(t, 100)
	if err := errors.Join(c.holds("n1", 24), c.holds("n3", 24)); err != nil {
		t.Error("what the node has left is not served by the others:", err)
	}
	select {
	case notice := <-goes.Notices():
		if notice.Type != wire.TypeDraining {
			t.Errorf("the client of the node that left was told %s", notice.Type)
		}
	default:
		t.Error("the client of the node that left was told nothing")
	}
	redistest.Await(t, "the client to go on over the other node", func() error {
		if got := goes.Node(); got != "n1" {
			return fmt.Errorf("it is at %s", got)
		}
		return nil
	})
	if got := stays.Stats().Connects; got != 1 || len(stays.Notices()) != 0 {
		t.Errorf("when another node left, the client of n1 was connected %d times, and got %d notices", got, len(stays.Notices()))
	}
	l.end(t)
}

// Redis is killed under three nodes and started again: the nodes stay, and so do their connections, and all games come to their
// recorded ends.
func TestRedisRestartsUnderNodes(t *testing.T) {
	c := newCluster(t)
	c.join("n1", "n2", "n3")
	l := c.play(20, 200, "n1", "n2", "n3")
	for range 2 {
		l.more(t, 200)
		if err := c.redis.Kill(); err != nil {
			t.Fatal(err)
		}
		c.redis.Again(t)
	}
	l.end(t)
	if l.report.Reconnects != 0 {
		t.Errorf("%d connections were made again", l.report.Reconnects)
	}
	for name, node := range c.nodes {
		if !node.Running() {
			t.Errorf("%s has ended", name)
		}
	}
}

// What does not fit to the cluster is refused with what is wrong, and does no harm to it.
func TestStrangersAreRefused(t *testing.T) {
	c := newCluster(t)
	c.join("n1")
	db := redistest.Client(t, c.redis.URL())
	const key = "{plywire}:cluster"
	format, err := db.HGet(t.Context(), key, "format").Result()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		format string
		flags  []string
		want   string
	}{
		"another number of shards": {format, []string{"--shards", "32"}, "cluster plywire has 64 shards, which cannot be changed: it was opened with 32"},
		"another format":           {"99", nil, "cluster plywire has format version 99, this program reads " + format},
	} {
		if err := db.HSet(t.Context(), key, "format", test.format).Err(); err != nil {
			t.Fatal(err)
		}
		if said := c.refused(append([]string{"--node", "stranger"}, append(c.flags, test.flags...)...)); !strings.Contains(said, test.want) {
			t.Errorf("%s: it says %q, want %q", name, said, test.want)
		}
	}
	if err := db.HSet(t.Context(), key, "format", format).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.connect("somebody", "n1").Create(t.Context(), client.Terms{Rules: "chess"}); err != nil {
		t.Errorf("the cluster was harmed: %v", err)
	}
	c.join("n2")
}

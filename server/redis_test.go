package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/server"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// inRedis is a node whose games are in Redis, and nothing of them on its own disk.
func inRedis(t *testing.T, r *redistest.Server) server.Config {
	c := config(t)
	c.Redis.URL, c.Redis.Shards = r.URL(), 8
	return c
}

// A node that starts takes over all games, and the one before stops at once: it cannot acknowledge anything any more.
func TestAnotherNodeTakesOver(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	r := redistest.Start(t)
	first := start(t, inRedis(t, r))
	ended := make(chan error, 1)
	go func() { ended <- first.Run(context.Background(), time.Second) }()
	white, err := client.Connect(t.Context(), client.DefaultConfig(first.URL()))
	if err != nil {
		t.Fatal(err)
	}
	defer white.Close()
	id, err := white.Create(t.Context(), client.Terms{Rules: "chess", Seat: "white"})
	if err != nil {
		t.Fatal(err)
	}
	second := start(t, inRedis(t, r))
	defer stop(t, second)
	if status, body := get(t, second.URL()+"/v1/games/"+id); status != http.StatusOK || !strings.Contains(body, id) {
		t.Errorf("the game is not there: %d %s", status, body)
	}
	// The first hears of it with the next that it would write, a sign of life at the latest.
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "fenced") {
			t.Errorf("the first node ends with %v, want that it was fenced", err)
		}
	case <-time.After(time.Minute):
		t.Error("the first node goes on")
	}
}

func TestStatusHidesThePassword(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	r := redistest.Start(t, "--requirepass", "correct-horse")
	c := inRedis(t, r)
	c.Redis.URL = "redis://:correct-horse@" + r.Address
	s := start(t, c)
	defer stop(t, s)
	_, page := get(t, s.AdminURL()+"/")
	if !strings.Contains(page, "Redis, cluster plywire") || strings.Contains(page, "correct-horse") {
		t.Errorf("the page says\n%s", page)
	}
	if _, counts := get(t, s.AdminURL()+"/metrics"); !strings.Contains(counts, "plywire_store_commit_seconds_count") {
		t.Error("the commits are not counted")
	}
}

package server_test

import (
	"encoding/json"
	"io"
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
	c.Redis.URL, c.Redis.Shards, c.Link.Listen = r.URL(), 8, "127.0.0.1:0"
	return c
}

// Two nodes are one system: a game that was made over one is there over the other, also when the first has left, to whose
// clients' resume tokens the other is as good.
func TestTwoNodesAreOne(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	r := redistest.Start(t)
	node := func(name string) *server.Server {
		c := inRedis(t, r)
		c.Gateway.Node, c.Gateway.DrainWithin, c.Gateway.Limits = name, 10*time.Millisecond, false
		return start(t, c)
	}
	first, second := node("first"), node("second")
	defer stop(t, second)
	white, err := client.Connect(t.Context(), client.DefaultConfig(first.URL()))
	if err != nil {
		t.Fatal(err)
	}
	defer white.Close()
	var ids []string
	for range 16 {
		id, err := white.Create(t.Context(), client.Terms{Rules: "chess", Seat: "white"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	there := func() {
		t.Helper()
		for _, id := range ids {
			if status, body := get(t, second.URL()+"/v1/games/"+id); status != http.StatusOK || !strings.Contains(body, id) {
				t.Errorf("game %s is not there: %d %s", id, status, body)
			}
		}
	}
	there()
	var session struct{ Resume string }
	if _, body := post(t, first.URL()+"/v1/sessions", `{}`); json.Unmarshal([]byte(body), &session) != nil || session.Resume == "" {
		t.Fatalf("no session: %s", body)
	}
	stop(t, first)
	there()
	if status, body := post(t, second.URL()+"/v1/sessions", `{"resume":"`+session.Resume+`"}`); status != http.StatusOK {
		t.Errorf("the other node does not know the session: %d %s", status, body)
	}
}

func post(t *testing.T, url, body string) (status int, answer string) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestStatusHidesThePassword(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	r := redistest.Start(t, "--requirepass", "correct-horse")
	c := inRedis(t, r)
	c.Redis.URL = "redis://:correct-horse@" + r.Address
	s := start(t, c)
	defer stop(t, s)
	_, status := get(t, s.AdminURL()+"/status.json")
	if !strings.Contains(status, "Redis, cluster plywire") || strings.Contains(status, "correct-horse") {
		t.Errorf("the page says\n%s", status)
	}
	if _, counts := get(t, s.AdminURL()+"/metrics"); !strings.Contains(counts, "plywire_store_commit_seconds_count") {
		t.Error("the commits are not counted")
	}
}

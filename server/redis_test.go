package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/loadtest/process"
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

// Whatever keeps Redis from taking a move: the player hears unavailable, the move is not carried out, the log says why, and when
// the cause is gone it can be made, without anybody doing anything.
func TestRedisRefuses(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	set := func(t *testing.T, c *redis.Client, args ...any) {
		t.Helper()
		if err := c.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for name, fault := range map[string]struct {
		begin, end func(*testing.T, *redis.Client)
		said       string
		unsure     bool // a connection breaks, so that nobody knows at first
	}{
		"no memory": {
			func(t *testing.T, c *redis.Client) { set(t, c, "config", "set", "maxmemory", "1") },
			func(t *testing.T, c *redis.Client) { set(t, c, "config", "set", "maxmemory", "256mb") },
			"Redis has no memory left", false,
		},
		"a replica": {
			func(t *testing.T, c *redis.Client) { set(t, c, "replicaof", "127.0.0.1", "1") },
			func(t *testing.T, c *redis.Client) { set(t, c, "replicaof", "no", "one") },
			"is a replica", false,
		},
		"another password": {
			func(t *testing.T, c *redis.Client) {
				set(t, c, "config", "set", "requirepass", "changed")
				set(t, c, "client", "kill", "type", "normal", "skipme", "yes")
			},
			func(t *testing.T, c *redis.Client) { set(t, c, "config", "set", "requirepass", "") },
			"password", true,
		},
		"too few replicas": {
			func(t *testing.T, c *redis.Client) { set(t, c, "config", "set", "min-replicas-to-write", "1") },
			func(t *testing.T, c *redis.Client) { set(t, c, "config", "set", "min-replicas-to-write", "0") },
			"too few replicas", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := redistest.Start(t)
			operator := redistest.Client(t, r.URL())
			c := inRedis(t, r)
			log := new(process.Tail)
			c.Log = zerolog.New(log)
			c.SetLease(600 * time.Millisecond)
			c.Shard.GiveUpAfter = 200 * time.Millisecond
			c.Gateway.Limits = false
			s := start(t, c)
			defer stop(t, s)
			player := newPlayer(t, s.URL())
			if status, body := player.move("first", 0, "e2e4"); status != http.StatusOK {
				t.Fatalf("a move: %d %s", status, body)
			}
			fault.begin(t, operator)
			if status, body := player.move("second", 1, "e7e5"); status != http.StatusServiceUnavailable || !strings.Contains(body, "unavailable") {
				t.Errorf("a move that cannot be kept: %d %s", status, body)
			}
			fault.end(t, operator)
			for deadline := time.Now().Add(30 * time.Second); ; {
				// It was not carried out: otherwise the same ply could not be played otherwise.
				status, body := player.move("third", 1, "c7c5")
				if status == http.StatusOK {
					break
				}
				if again, _ := player.move("second", 1, "e7e5"); fault.unsure && again == http.StatusOK {
					break // it was carried out, after all, and whoever asks again hears so
				}
				if status != http.StatusServiceUnavailable || time.Now().After(deadline) {
					t.Fatalf("after it the next move: %d %s", status, body)
				}
			}
			if !strings.Contains(log.String(), fault.said) {
				t.Errorf("the log does not say %q:\n%s", fault.said, log)
			}
		})
	}
}

// player plays both sides of a game of chess over HTTP.
type player struct {
	*testing.T
	url, game string
	tokens    [2]string
}

func newPlayer(t *testing.T, url string) *player {
	t.Helper()
	p := &player{T: t, url: url}
	for i := range p.tokens {
		var session struct{ Resume string }
		if _, body := post(t, url+"/v1/sessions", `{}`); json.Unmarshal([]byte(body), &session) != nil || session.Resume == "" {
			t.Fatalf("no session: %s", body)
		}
		p.tokens[i] = session.Resume
	}
	status, body := p.ask(0, "/v1/games", "create", `{"rules":"chess","seat":"white"}`)
	var made struct{ Game string }
	if json.Unmarshal([]byte(body), &made) != nil || made.Game == "" {
		t.Fatalf("no game: %d %s", status, body)
	}
	p.game = made.Game
	if status, body := p.ask(1, "/v1/games/"+p.game+"/join", "join", `{}`); status != http.StatusOK {
		t.Fatalf("nobody can join: %d %s", status, body)
	}
	return p
}

// move plays a move, once however often it is asked with the same key.
func (p *player) move(key string, ply int, move string) (status int, body string) {
	p.Helper()
	return p.ask(ply%2, "/v1/games/"+p.game+"/moves", key, fmt.Sprintf(`{"ply":%d,"move":%q}`, ply, move))
}

func (p *player) ask(side int, path, key, body string) (status int, answer string) {
	p.Helper()
	request, err := http.NewRequestWithContext(p.Context(), http.MethodPost, p.url+path, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+p.tokens[side])
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.Fatal(err)
	}
	return response.StatusCode, string(text)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/loadtest"
	"github.com/plywire/plywire/loadtest/process"
	"github.com/plywire/plywire/shard/redisstore/redistest"
	"github.com/plywire/plywire/wire"
)

// testCluster are nodes n1, n2, … on a Redis of their own.
type testCluster struct {
	t      *testing.T
	redis  *redistest.Server
	secret []byte // with which tokens are signed
	flags  []string
	nodes  map[string]*testServer
}

// newCluster makes a cluster without nodes. The lease is short, and players hear soon that a node is silent.
func newCluster(t *testing.T, flags ...string) *testCluster {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	c := &testCluster{t: t, redis: redistest.Start(t), secret: []byte(strings.Repeat("0123456789abcdef", 4)), nodes: make(map[string]*testServer)}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, c.secret, 0o600); err != nil {
		t.Fatal(err)
	}
	c.flags = append([]string{"--redis", c.redis.URL(), "--shards", "64", "--link", "127.0.0.1:0", "--lease", "2s", "--limits", "off", "--jwt-key", key,
		"--test-clock", "--drain-within", "300ms"}, flags...)
	return c
}

// join starts nodes, which have shards when it returns.
func (c *testCluster) join(names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.nodes[name] = startProcess(c.t, append([]string{"--node", name}, c.flags...)...)
	}
	for _, name := range names {
		redistest.Await(c.t, "shards to come to "+name, func() error { return c.holds(name, 8) })
	}
}

// holds says whether a node serves so many shards.
func (c *testCluster) holds(name string, want int) error {
	text, err := c.get(name, "/metrics")
	if err != nil {
		return err
	}
	got := 0.0
	for line := range strings.Lines(string(text)) {
		if value, is := strings.CutPrefix(line, "plywire_cluster_shards "); is {
			if _, err := fmt.Sscan(value, &got); err != nil {
				return err
			}
		}
	}
	if int(got) < want {
		return fmt.Errorf("%s serves %v shards", name, got)
	}
	return nil
}

// get asks a node over HTTP.
func (c *testCluster) get(name, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.nodes[name].url+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", path, response.Status)
	}
	return io.ReadAll(response.Body)
}

// owner is the node that serves a game, as that node itself and another one say.
func (c *testCluster) owner(game string) (name string) {
	c.t.Helper()
	redistest.Await(c.t, "the owner of a game", func() error {
		said := map[string]int{}
		for each := range c.nodes {
			var route struct{ Node string }
			text, err := c.get(each, "/v1/games/"+game+"/route")
			if err != nil {
				return err
			}
			if err := json.Unmarshal(text, &route); err != nil {
				return err
			}
			name = route.Node
			said[name]++
		}
		if len(said) != 1 {
			return fmt.Errorf("the nodes say %v", said)
		}
		return nil
	})
	return name
}

// connect connects a user to the first of the nodes, from where he goes on to the others.
func (c *testCluster) connect(user string, nodes ...string) *client.Client {
	c.t.Helper()
	cfg := client.DefaultConfig(c.nodes[nodes[0]].url)
	for _, other := range nodes[1:] {
		cfg.Others = append(cfg.Others, c.nodes[other].url)
	}
	cfg.Token = func(context.Context) (string, error) {
		claims := jwt.MapClaims{"sub": user, "exp": time.Now().Add(time.Hour).Unix()}
		return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(c.secret)
	}
	made, err := client.Connect(c.t.Context(), cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { made.Close() })
	return made
}

// moves are the moves of a game, as a node tells them.
func (c *testCluster) moves(node, game string) (moves []string) {
	c.t.Helper()
	var list struct{ Events []wire.Message }
	text, err := c.get(node, "/v1/games/"+game+"/events?after=0")
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	for _, ev := range list.Events {
		if ev.Type == "moved" {
			moves = append(moves, *ev.Move)
		}
	}
	return moves
}

// refused is what a node says that does not start.
func (c *testCluster) refused(flags []string) string {
	c.t.Helper()
	binary, err := build()
	if err != nil {
		c.t.Fatal(err)
	}
	log := new(process.Tail)
	node, err := process.Start(c.t.Context(), process.Config{Binary: binary, Log: log,
		Args: append([]string{"--listen", "127.0.0.1:0", "--admin", "off", "--data", c.t.TempDir(), "--disk-free-min", "0"}, flags...)})
	if err != nil {
		c.t.Fatal(err)
	}
	defer node.Kill()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	if err := node.Wait(ctx); err == nil || ctx.Err() != nil {
		c.t.Errorf("it ends with %v", err)
	}
	return log.String()
}

// load plays real games over nodes, to their ends.
type load struct {
	moves  chan int64 // the number of moves, at times
	report loadtest.Report
	err    error
	done   chan struct{}
}

// play starts to play games over these nodes, of which the first must not go.
func (c *testCluster) play(n int, rate float64, nodes ...string) *load {
	c.t.Helper()
	l := &load{moves: make(chan int64, 1), done: make(chan struct{})}
	config := loadtest.DefaultConfig()
	config.Files, config.Games = realGames(c.t, n)
	config.Server, config.Concurrency, config.Rate, config.Watchers = c.nodes[nodes[0]].url, min(30, config.Games), rate, 1
	for _, other := range nodes[1:] {
		config.Others = append(config.Others, c.nodes[other].url)
	}
	config.Moved = func(total int64) {
		select {
		case <-l.moves:
		default:
		}
		select {
		case l.moves <- total:
		default:
		}
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Minute)
	c.t.Cleanup(func() {
		cancel()
		<-l.done
	})
	go func() {
		defer close(l.done)
		l.report, l.err = loadtest.Run(ctx, config)
	}()
	return l
}

// more waits until so many more moves have been made.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	for first := int64(-1); ; {
		select {
		case now := <-l.moves:
			if first < 0 {
				first = now
			}
			if now >= first+n {
				return
			}
		case <-l.done:
			t.Fatalf("the games were over too soon: %v\n%s", l.err, l.report)
		}
	}
}

// end waits for the end of all games, of which none may have failed.
func (l *load) end(t *testing.T) {
	t.Helper()
	<-l.done
	t.Logf("\n%s", l.report)
	if err := errors.Join(l.err, l.report.Err()); err != nil {
		t.Fatal(err)
	}
}

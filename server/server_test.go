package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(t *testing.T) server.Config {
	config := server.DefaultConfig(game.NewRegistry(chess.Rules{}), t.TempDir())
	config.Listen, config.Admin = "127.0.0.1:0", "127.0.0.1:0"
	config.Gateway.Node, config.Gateway.DrainWithin = "test", 10*time.Millisecond
	config.Store.Shards, config.Store.FreeBytesMin = 8, 0
	return config
}

func start(t *testing.T, config server.Config) *server.Server {
	t.Helper()
	s, err := server.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stop(t *testing.T, s *server.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestGamesSurviveAStop(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	c := config(t)
	s := start(t, c)
	white, err := client.Connect(t.Context(), client.DefaultConfig(s.URL()))
	if err != nil {
		t.Fatal(err)
	}
	id, err := white.Create(t.Context(), client.Terms{Rules: "chess", Seat: "white"})
	if err != nil {
		t.Fatal(err)
	}
	if err := white.Close(); err != nil {
		t.Fatal(err)
	}
	_, before := get(t, s.URL()+"/v1/games/"+id)
	stop(t, s)
	s = start(t, c)
	defer stop(t, s)
	status, after := get(t, s.URL()+"/v1/games/"+id)
	// Who is present, and the time, are not the game's.
	cut := func(state string) string {
		state, _, _ = strings.Cut(state, `"at"`)
		return strings.ReplaceAll(state, `"present":true`, `"present":false`)
	}
	if status != http.StatusOK || cut(before) != cut(after) {
		t.Fatalf("before the stop %s\nafter it %d %s", before, status, after)
	}
}

func TestWhatOperatorsAndClientsReach(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	c := config(t)
	c.Memory = true
	s := start(t, c)
	defer stop(t, s)
	tests := map[string]struct {
		url    string
		status int
		has    string
	}{
		"page":              {s.URL() + "/", 200, "<!doctype html>"},
		"ready":             {s.URL() + "/readyz", 200, "ready"},
		"healthy":           {s.URL() + "/healthz", 200, "ok"},
		"metrics":           {s.URL() + "/metrics", 200, "plywire_gateway_connections 0"},
		"no profiles":       {s.URL() + "/debug/pprof/", 404, ""},
		"operators' page":   {s.AdminURL() + "/", 200, "serving"},
		"profiles":          {s.AdminURL() + "/debug/pprof/", 200, "goroutine"},
		"operators' health": {s.AdminURL() + "/healthz", 200, "ok"},
		"operators' counts": {s.AdminURL() + "/metrics", 200, "plywire_shard_command_seconds"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := get(t, test.url)
			if status != test.status || !strings.Contains(body, test.has) {
				t.Errorf("%s: %d\n%.400s", test.url, status, body)
			}
		})
	}
}

func TestPrivateMetrics(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	c := config(t)
	c.Memory, c.PublicMetrics = true, false
	s := start(t, c)
	defer stop(t, s)
	if status, _ := get(t, s.URL()+"/metrics"); status != http.StatusNotFound {
		t.Errorf("clients get the metrics: %d", status)
	}
}

func TestWhatCannotStart(t *testing.T) {
	used := config(t)
	s := start(t, used)
	defer stop(t, s)
	tests := map[string]struct {
		change func(*server.Config)
		want   string
	}{
		"port in use":         {func(c *server.Config) { c.Listen = strings.TrimPrefix(s.URL(), "http://") }, "listen on"},
		"data in use":         {func(c *server.Config) { c.Store.Dir = used.Store.Dir }, "in use"},
		"no address":          {func(c *server.Config) { c.Listen = "" }, "no address"},
		"nobody could come":   {func(c *server.Config) { c.Auth.Guests = false }, "nobody could come in"},
		"no rules":            {func(c *server.Config) { c.Table.Registry = game.NewRegistry() }, "no rules"},
		"key that is no file": {func(c *server.Config) { c.Auth.ResumeKeyFiles = []string{"/dev/null/x"} }, "/dev/null/x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			test.change(&c)
			other, err := server.Start(t.Context(), c)
			if err == nil {
				stop(t, other)
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("it says %q, want something with %q", err, test.want)
			}
		})
	}
}

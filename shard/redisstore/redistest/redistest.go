// Package redistest starts a real redis-server for tests.
package redistest

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/loadtest/process"
)

// Server is a redis-server of a test's own, which ends with the test. Kill ends it at once, at any moment.
type Server struct {
	*process.Process
	Address string // TCP, host:port
}

// settings are those that nothing acknowledged is lost with.
var settings = []string{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory", "256mb", "--save", ""}

// Start starts a server on a folder and a port of its own. more are settings, such as "--requirepass", "secret". The test is
// skipped where redis-server is not installed.
func Start(t testing.TB, more ...string) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed; test.sh installs it where it can")
	}
	address, err := process.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	log := filepath.Join(t.TempDir(), "log")
	args := append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--logfile", log}, settings...)
	p, err := process.Start(t.Context(), process.Config{Binary: binary, Args: append(args, more...),
		Ready: func(ctx context.Context) error { return ready(ctx, address) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil && !errors.Is(err, process.ErrNotRunning) {
			t.Error(err)
		}
	})
	return &Server{Process: p, Address: address}
}

// ready says whether a server can be used, if only by those who know its password.
func ready(ctx context.Context, address string) error {
	client := redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1})
	defer client.Close()
	err := client.Ping(ctx).Err()
	if redis.HasErrorPrefix(err, "NOAUTH") {
		return nil
	}
	return err
}

// URL is where the server is.
func (r *Server) URL() string { return "redis://" + r.Address }

// Again starts the server again after Kill, on the same folder and port.
func (r *Server) Again(t testing.TB) {
	t.Helper()
	if err := r.Launch(); err != nil {
		t.Fatal(err)
	}
	if err := r.WaitReady(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Client is one to look at the server with, or to spoil it. url is the server's, maybe with a password.
func Client(t testing.TB, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}

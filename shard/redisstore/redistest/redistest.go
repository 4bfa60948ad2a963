// Package redistest starts real redis-servers for tests: one, with replicas, under the eyes of sentinels, or as a Redis
// Cluster.
package redistest

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/loadtest/process"
)

// Server is a redis-server of a test's own, which ends with the test. Kill ends it at once, at any moment.
type Server struct {
	*process.Process
	Address string // TCP, host:port
}

// settings are those that nothing acknowledged is lost with.
var settings = []string{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory", "256mb", "--save", "", "--repl-diskless-sync-delay", "0"}

// Start starts a server on a folder and a port of its own. more are settings, such as "--requirepass", "secret". The test is
// skipped where redis-server is not installed.
func Start(t testing.TB, more ...string) *Server {
	t.Helper()
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	args := append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--logfile", filepath.Join(t.TempDir(), "log")}, settings...)
	return launch(t, address, append(args, more...))
}

func freeAddress(t testing.TB) string {
	t.Helper()
	address, err := process.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// launch starts redis-server with arguments by which it listens on an address.
func launch(t testing.TB, address string, args []string) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed; test.sh installs it where it can")
	}
	p, err := process.Start(t.Context(), process.Config{Binary: binary, Args: args,
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

// Replicas starts replicas of a server, and waits until they have its contents.
func Replicas(t testing.TB, primary *Server, n int) []*Server {
	t.Helper()
	host, port, _ := net.SplitHostPort(primary.Address)
	var all []*Server
	for range n {
		all = append(all, Start(t, "--replicaof", host+" "+port))
	}
	awaitReplicas(t, primary, all...)
	return all
}

// awaitReplicas waits until replicas have what a server has, and acknowledge what comes.
func awaitReplicas(t testing.TB, primary *Server, replicas ...*Server) {
	t.Helper()
	client := Client(t, primary.URL())
	for _, r := range replicas {
		_, port, _ := net.SplitHostPort(r.Address)
		Await(t, "the replicas to follow", func() error {
			said, err := client.Info(context.Background(), "replication").Result()
			if err == nil && !strings.Contains(said, ",port="+port+",state=online,") {
				err = errors.New(said)
			}
			return err
		})
	}
}

// Await asks again and again until there is no error any more, for a minute at the most.
func Await(t testing.TB, what string, ask func() error) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-ticker.C {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no more waiting for %s: %v", what, err)
		}
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

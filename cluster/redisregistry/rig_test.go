package redisregistry

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/redisclient"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	shards  = 16
	timeout = 10 * time.Second // a busy machine is not what these tests are about
	long    = time.Hour
)

var names atomic.Int64

// connect is a client of a node's own.
func connect(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	target, err := redisclient.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	client := target.Open(timeout, 4)
	t.Cleanup(func() { client.Close() })
	return client
}

// open makes the registry of a cluster of its own.
func open(t testing.TB, client redis.UniversalClient, timeout time.Duration) *Registry {
	t.Helper()
	r, err := New(client, fmt.Sprintf("test-%d", names.Add(1)), shards, timeout)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func renew(t testing.TB, r *Registry, id string, known uint64) cluster.View {
	t.Helper()
	view, err := r.Renew(t.Context(), cluster.Member{ID: id, Name: "node-" + id}, long, known)
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func claim(t testing.TB, r *Registry, id string, shards ...int) {
	t.Helper()
	if got, err := r.Claim(t.Context(), id, shards); err != nil || len(got) != len(shards) {
		t.Fatalf("%s claims %v: %v, %v", id, shards, got, err)
	}
}

// calls does everything that a registry can be asked, each with an effect on one that is prepared.
func calls(r *Registry) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"Renew": func(ctx context.Context) error {
			_, err := r.Renew(ctx, cluster.Member{ID: "c"}, long, 0)
			return err
		},
		"Claim": func(ctx context.Context) error {
			got, err := r.Claim(ctx, "a", []int{1, 2})
			if err == nil && len(got) != 2 {
				return fmt.Errorf("Claim gives %v", got)
			}
			return err
		},
		"Pass":     func(ctx context.Context) error { return r.Pass(ctx, 1, "a", "b") },
		"Withdraw": func(ctx context.Context) error { return r.Withdraw(ctx, "b") },
		"Pin":      func(ctx context.Context) error { return r.Pin(ctx, 3, "x") },
		"Unpin":    func(ctx context.Context) error { return r.Pin(ctx, 4, "") },
	}
}

// order is one in which no call takes away what another needs.
var order = []string{"Renew", "Claim", "Pass", "Pin", "Unpin", "Withdraw"}

// done tells whether what is called so has been done.
func done(view cluster.View, call string) bool {
	switch call {
	case "Renew":
		return len(view.Members) == 3
	case "Claim":
		return view.Holders[2] == "a"
	case "Pass":
		return view.Holders[1] == "b"
	case "Withdraw":
		return len(view.Members) == 1
	case "Pin":
		return view.Pins[3] == "x"
	case "Unpin":
		return view.Pins[4] == ""
	}
	panic(errors.New(call))
}

// prepared is a registry in which a, which holds shard 1, and b have leases, and shard 4 is pinned.
func prepared(t testing.TB, client redis.UniversalClient, timeout time.Duration) *Registry {
	t.Helper()
	r := open(t, client, timeout)
	renew(t, r, "a", 0)
	renew(t, r, "b", 0)
	claim(t, r, "a", 1)
	if err := r.Pin(t.Context(), 4, "z"); err != nil {
		t.Fatal(err)
	}
	return r
}

func command(t testing.TB, client redis.UniversalClient, words ...any) {
	t.Helper()
	if err := client.Do(t.Context(), words...).Err(); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
}

// start starts a Redis, and a client of it.
func start(t testing.TB, more ...string) (*redistest.Server, redis.UniversalClient) {
	t.Helper()
	server := redistest.Start(t, more...)
	return server, connect(t, server.URL())
}

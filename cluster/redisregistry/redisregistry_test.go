package redisregistry

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/cluster/registrytest"
)

// TestRegistry runs the suite of all registries on a real Redis. A short lease runs out by Redis's clock; for a long time to
// pass every lease is set back by it.
func TestRegistry(t *testing.T) {
	_, client := start(t)
	registrytest.Run(t, func(t *testing.T) registrytest.Rig {
		r := open(t, client, timeout)
		return registrytest.Rig{
			Registry: r, Shards: shards, Lease: 150 * time.Millisecond,
			Pass: func(t *testing.T, d time.Duration) {
				if d > time.Second {
					setBack(t, client, r, d)
				}
			},
			Empty: func(t *testing.T) { command(t, client, "DEL", r.keys[0], r.keys[1], r.keys[2], r.keys[3]) },
			Save: func(t *testing.T) func() {
				duplicate(t, client, r.keys, "", ":saved")
				return func() { duplicate(t, client, r.keys, ":saved", "") }
			},
		}
	})
}

// setBack takes time from every lease.
func setBack(t *testing.T, client redis.UniversalClient, r *Registry, d time.Duration) {
	t.Helper()
	for _, id := range client.ZRange(t.Context(), r.keys[1], 0, -1).Val() {
		command(t, client, "ZINCRBY", r.keys[1], -d.Milliseconds(), id)
	}
}

// duplicate puts one set of keys in the place of another.
func duplicate(t *testing.T, client redis.UniversalClient, keys []string, from, to string) {
	t.Helper()
	for _, key := range keys {
		command(t, client, "DEL", key+to)
		if err := client.Copy(t.Context(), key+from, key+to, 0, true).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// A Redis Cluster wants all keys of a script in one slot.
func TestRedisCluster(t *testing.T) {
	server, alone := start(t, "--cluster-enabled", "yes")
	command(t, alone, "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(alone.ClusterInfo(t.Context()).Val(), "cluster_state:ok"); {
		if time.Now().After(deadline) {
			t.Fatal("the Redis Cluster does not come up")
		}
	}
	r := prepared(t, connect(t, strings.Replace(server.URL(), "redis://", "redis+cluster://", 1)), timeout)
	for _, name := range order {
		if err := calls(r)[name](t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What another server holds is not asked for here.
	command(t, alone, "CLUSTER", "DELSLOTSRANGE", 0, 16383)
	if err := r.Pin(t.Context(), 5, "y"); err == nil || !strings.Contains(err.Error(), "nothing was done") {
		t.Errorf("a Redis Cluster without the slot: %v", err)
	}
}

func TestNamesAreApart(t *testing.T) {
	_, client := start(t)
	one, other := prepared(t, client, timeout), open(t, client, timeout)
	before := renew(t, one, "a", 0)
	view := renew(t, other, "a", 0)
	if len(view.Members) != 1 || view.Holders[1] != "" {
		t.Errorf("another cluster sees %+v", view)
	}
	claim(t, other, "a", 0, 1, 2)
	if err := other.Pin(t.Context(), 3, "x"); err != nil {
		t.Error(err)
	}
	if err := other.Withdraw(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	after := renew(t, one, "b", before.Version)
	if after.Version != before.Version || len(after.Members) != 2 || after.Members[0].Left <= 0 {
		t.Errorf("what another cluster does changes this one: %+v, and was %+v", after, before)
	}
}

func TestNewRefuses(t *testing.T) {
	heedless := redis.NewClient(&redis.Options{})
	defer heedless.Close()
	heedlessToo := redis.NewClusterClient(&redis.ClusterOptions{})
	defer heedlessToo.Close()
	client := connect(t, "redis://127.0.0.1:1")
	for name, test := range map[string]struct {
		client  redis.UniversalClient
		name    string
		shards  int
		timeout time.Duration
		says    string
	}{
		"name":              {client, "{a}", 1, 1, "the cluster's name is \"{a}\""},
		"no name":           {client, "", 1, 1, "the cluster's name is \"\""},
		"no shards":         {client, "a", 0, 1, "the number of shards is 0"},
		"too many shards":   {client, "a", 1<<14 + 1, 1, "the number of shards is 16385"},
		"no time":           {client, "a", 1, 0, "the time for a call is 0s"},
		"no client":         {nil, "a", 1, 1, "ContextTimeoutEnabled"},
		"deadlines":         {heedless, "a", 1, 1, "ContextTimeoutEnabled"},
		"cluster deadlines": {heedlessToo, "a", 1, 1, "ContextTimeoutEnabled"},
	} {
		if _, err := New(test.client, test.name, test.shards, test.timeout); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: New says %v, want %q", name, err, test.says)
		}
	}
	for _, url := range []string{"redis://127.0.0.1:1", "redis+cluster://127.0.0.1:1", "redis+sentinel://127.0.0.1:1/primary"} {
		if _, err := New(connect(t, url), "A-z_0.9", 1<<14, 1); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// The most that can be: every shard in one call, and then in one view.
func TestManyShards(t *testing.T) {
	_, client := start(t)
	r, err := New(client, "many", shardsMax, timeout)
	if err != nil {
		t.Fatal(err)
	}
	renew(t, r, "a", 0)
	all := make([]int, shardsMax)
	for i := range all {
		all[i] = i
	}
	claim(t, r, "a", all...)
	for shard, holder := range renew(t, r, "b", 0).Holders {
		if holder != "a" {
			t.Fatalf("shard %d is held by %q", shard, holder)
		}
	}
}

// What is not the registry's is named, and not written over.
func TestForeignContents(t *testing.T) {
	_, client := start(t)
	for name, test := range map[string]struct {
		spoil func(r *Registry) []any
		fails []string
		says  string
	}{
		"members are a text": {func(r *Registry) []any { return []any{"SET", r.keys[0], "x"} }, []string{"Renew"}, "nothing was done"},
		"leases are a text":  {func(r *Registry) []any { return []any{"SET", r.keys[1], "x"} }, []string{"Renew", "Claim", "Withdraw", "Pass"}, "nothing was done"},
		"the map is a text":  {func(r *Registry) []any { return []any{"SET", r.keys[2], "x"} }, []string{"Renew", "Claim", "Pass", "Pin", "Withdraw"}, "nothing was done"},
		"pins are a text":    {func(r *Registry) []any { return []any{"SET", r.keys[3], "x"} }, []string{"Renew", "Pin", "Unpin"}, "nothing was done"},
		"no version":         {func(r *Registry) []any { return []any{"HSET", r.keys[2], "version", "12"} }, []string{"Renew", "Claim", "Pass", "Pin", "Withdraw"}, "the version in {"},
		"too large a version": {func(r *Registry) []any { return []any{"HSET", r.keys[2], "version", strings.Repeat("9", 30)} }, []string{"Renew"},
			"the version"},
		"too many shards":   {func(r *Registry) []any { return []any{"HSET", r.keys[2], "16", "a"} }, []string{"Renew"}, "another number of shards"},
		"no shard":          {func(r *Registry) []any { return []any{"HSET", r.keys[3], "x", "a"} }, []string{"Renew"}, "\"x\" is no shard"},
		"a member in verse": {func(r *Registry) []any { return []any{"HSET", r.keys[0], "a", "verse"} }, []string{"Renew"}, "what a has announced is \"verse\""},
	} {
		t.Run(name, func(t *testing.T) {
			r := prepared(t, client, timeout)
			command(t, client, test.spoil(r)...)
			all := calls(r)
			for _, call := range test.fails {
				if err := all[call](t.Context()); err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%s says %v, want %q", call, err, test.says)
				}
			}
			if test.says == "nothing was done" && client.HExists(t.Context(), r.keys[0], "c").Val() {
				t.Error("it was done in part")
			}
		})
	}
}

// A member of whom Redis has the lease alone is not in the view.
func TestLeaseAlone(t *testing.T) {
	_, client := start(t)
	r := prepared(t, client, timeout)
	command(t, client, "HDEL", r.keys[0], "b")
	if view := renew(t, r, "a", 0); len(view.Members) != 1 || view.Members[0].ID != "a" {
		t.Errorf("the members are %+v", view.Members)
	}
}

// More may be gone than are forgotten at a time: nobody is told of them, and all are forgotten in the end.
func TestManyAreGone(t *testing.T) {
	_, client := start(t)
	r := open(t, client, timeout)
	for i := range 250 {
		renew(t, r, fmt.Sprint("gone-", i), 0)
	}
	setBack(t, client, r, long+2*time.Minute)
	for left := 250; left > 0; left -= 100 {
		if n := client.ZCard(t.Context(), r.keys[1]).Val(); n < int64(left) {
			t.Errorf("Redis has %d members, want %d at least", n, left)
		}
		if view := renew(t, r, "a", 0); len(view.Members) != 1 {
			t.Errorf("the view has %d members, want one", len(view.Members))
		}
	}
	if members, leases := client.HLen(t.Context(), r.keys[0]).Val(), client.ZCard(t.Context(), r.keys[1]).Val(); members != 1 || leases != 1 {
		t.Errorf("Redis has %d members and %d leases, want one of each", members, leases)
	}
}

// What is not an answer to the question proves nothing.
func TestVerdict(t *testing.T) {
	r := open(t, connect(t, "redis://127.0.0.1:1"), timeout)
	if err := verdict([]any{"PERHAPS"}); err == nil {
		t.Error("a new word counts as success")
	}
	for name, said := range map[string][]any{
		"short":            {"1"},
		"long":             {"1", []any{}, []any{}, []any{}, []any{}},
		"no version":       {nil, []any{}},
		"no members":       {"1", "a"},
		"part of a member": {"1", []any{"a", "{}"}},
		"no lease":         {"1", []any{"a", "{}", "x"}},
		"no text":          {"1", []any{"a", "{}", int64(1)}},
		"half a map":       {"1", []any{}, []any{"1"}, []any{}},
		"half a pin":       {"1", []any{}, []any{}, []any{"1"}},
	} {
		if view, err := r.parseView(said); err == nil {
			t.Errorf("%s: it is read as %+v", name, view)
		}
	}
	view, err := r.parseView([]any{"7", []any{"b", `{"Name":"x","New":1}`, "-5"}, []any{"version", "7", "3", "b"}, []any{"4", "x"}})
	if err != nil || view.Version != 7 || view.Holders[3] != "b" || view.Pins[4] != "x" ||
		view.Members[0] != (cluster.Standing{Member: cluster.Member{ID: "b", Name: "x"}, Left: -5 * time.Millisecond}) {
		t.Errorf("a view is read as %+v, %v", view, err)
	}
}

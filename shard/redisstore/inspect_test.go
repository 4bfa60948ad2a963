package redisstore

import (
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// Each setting that may cost something is named, and a Redis without any of them is not grumbled at.
func TestWarnings(t *testing.T) {
	r := redistest.Start(t)
	s := mustOpen(t, config(t, r.URL()))
	client := redistest.Client(t, r.URL())
	delayed := make(map[string]int)
	problems := func() string { return strings.Join(s.problems(t.Context(), mustAsk(t, s), delayed), "\n") }
	if got := problems(); got != "" {
		t.Errorf("a good Redis is grumbled at: %s", got)
	}
	for setting, test := range map[string]struct{ bad, good, says string }{
		"appendfsync":                 {"everysec", "always", "appendfsync is everysec"},
		"appendonly":                  {"no", "yes", "appendonly is no"},
		"no-appendfsync-on-rewrite":   {"yes", "no", "no-appendfsync-on-rewrite"},
		"stop-writes-on-bgsave-error": {"no", "yes", "stop-writes-on-bgsave-error"},
		"maxmemory":                   {"0", "268435456", "maxmemory is 0"},
		"maxmemory-policy":            {"allkeys-lru", "noeviction", "set it to noeviction"},
	} {
		if err := client.ConfigSet(t.Context(), setting, test.bad).Err(); err != nil {
			t.Fatal(err)
		}
		if got := problems(); !strings.Contains(got, test.says) || strings.Contains(got, "\n") {
			t.Errorf("%s %s: it says %q, want %q alone", setting, test.bad, got, test.says)
		}
		if err := client.ConfigSet(t.Context(), setting, test.good).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if got := problems(); got != "" {
		t.Errorf("a Redis that is good again is grumbled at: %s", got)
	}
	all := mustAsk(t, s)
	for i, test := range []struct {
		syncs string
		skew  bool
		says  string
	}{{"5", false, "aof_delayed_fsync"}, {"5", false, ""}, {"6", false, "aof_delayed_fsync"}, {"0", false, ""}, {"0", true, "clocks"}} {
		all[0].info["aof_delayed_fsync"], all[0].skewed = test.syncs, test.skew
		if got := strings.Join(s.problems(t.Context(), all, delayed), "\n"); !strings.Contains(got, test.says) || (got == "") != (test.says == "") {
			t.Errorf("%d: it says %q, want %q", i, got, test.says)
		}
	}
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if got := problems(); !strings.Contains(got, "Redis has lost the cluster") {
		t.Errorf("of a Redis that was emptied it says %q", got)
	}
}

// Replicas of which nobody waits are told of, and what that may cost.
func TestWarningsOfReplicas(t *testing.T) {
	_, _, cfg := replicated(t, 1)
	cfg.Durability = Primary
	s := mustOpen(t, cfg)
	got := strings.Join(s.problems(t.Context(), mustAsk(t, s), map[string]int{}), "\n")
	for _, want := range []string{"none of them is waited for", "min-replicas-to-write is 0"} {
		if !strings.Contains(got, want) {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}

func TestSkewed(t *testing.T) {
	now := time.Now()
	for there, want := range map[time.Duration]bool{0: false, -90 * time.Millisecond: false, 140 * time.Millisecond: false, -110 * time.Millisecond: true, 160 * time.Millisecond: true} {
		if got := skewed(now, now.Add(50*time.Millisecond), now.Add(there)); got != want {
			t.Errorf("a clock that says %v between 0 and 50ms is wrong: %v, want %v", there, got, want)
		}
	}
}

// A server is refused that is not what the URL says.
func TestKindOfServer(t *testing.T) {
	c := redistest.StartCluster(t, 2, 0)
	if _, err := Open(t.Context(), config(t, c.Masters[0].URL())); err == nil || !strings.Contains(err.Error(), "say redis+cluster://") {
		t.Errorf("a node of a Redis Cluster: Open says %v", err)
	}
	if err := redistest.Client(t, c.Masters[0].URL()).ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), config(t, c.URL())); err == nil || !strings.Contains(err.Error(), c.Masters[0].Address+": Redis throws keys away") {
		t.Errorf("a Redis Cluster that throws keys away: Open says %v", err)
	}
	r := redistest.Start(t)
	cfg := config(t, "redis+cluster://"+r.Address)
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "cluster support disabled") {
		t.Errorf("a single server: Open says %v", err)
	}
	cfg.URL, cfg.ReadTimeout = "redis+sentinel://"+r.Address+"/main", time.Second
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "sentinel") {
		t.Errorf("a server that is no sentinel: Open says %v", err)
	}
}

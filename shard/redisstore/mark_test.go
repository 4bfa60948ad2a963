package redisstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
	"github.com/plywire/plywire/shard/values"
)

// A Redis that was emptied is not taken for a new world by who has served the old one.
func TestRedisIsEmptied(t *testing.T) {
	r := redistest.Start(t)
	cfg := config(t, r.URL())
	cfg.Mark = filepath.Join(t.TempDir(), "data", "mark")
	s := mustOpen(t, cfg)
	w := newWriter(t, s, 3)
	w.insist(w.batch(2))
	again := mustOpen(t, cfg) // with the mark
	if again.Incarnation() != s.Incarnation() {
		t.Errorf("the incarnation is %s, and was %s", again.Incarnation(), s.Incarnation())
	}
	if err := redistest.Client(t, r.URL()).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := w.commit(w.batch(1)); !errors.Is(err, shard.ErrFenced) {
		t.Errorf("a commit to an emptied Redis says %v, want %v", err, shard.ErrFenced)
	}
	if _, err := s.Acquire(t.Context(), 3); !errors.Is(err, values.ErrCorrupt) {
		t.Errorf("a shard that is lost can be acquired: %v, want %v", err, values.ErrCorrupt)
	}
	if err := s.recognise(t.Context()); err == nil {
		t.Error("nobody sees that Redis is empty")
	}
	refused := func(says string) {
		t.Helper()
		if _, err := Open(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), cfg.Mark) {
			t.Errorf("Open says %v, want %q", err, says)
		}
	}
	refused("is not there any more")
	other := cfg
	other.Mark = ""
	mustOpen(t, other) // somebody else begins anew
	refused("is another one")
	if err := os.WriteFile(cfg.Mark, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("does not name an incarnation")
	if err := os.Remove(cfg.Mark); err != nil {
		t.Fatal(err)
	}
	if s := mustOpen(t, cfg); s.Incarnation() != mustOpen(t, other).Incarnation() {
		t.Error("the store that was begun anew is not served")
	}
}

// One server of a Redis Cluster loses all that it had. Its shards are not taken for new ones, the others are served; and where it
// had the record of the cluster, nobody begins another over what is left.
func TestServerOfClusterIsEmptied(t *testing.T) {
	r := redistest.StartCluster(t, 2, 0)
	for name, record := range map[string]bool{"with the record": true, "with shards alone": false} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, r.URL())
			s := mustOpen(t, cfg)
			client := redistest.Client(t, r.Masters[0].URL())
			holds := func(key string) bool { return client.Exists(t.Context(), key).Val() == 1 }
			if holds(clusterKey(cfg.Name)) != record {
				client = redistest.Client(t, r.Masters[1].URL())
			}
			lost, n := make(map[int]bool), 0
			for id := range 16 {
				w := newWriter(t, s, id)
				w.insist(w.batch(2))
				if lost[id] = holds(s.states[id].keys.owner); lost[id] {
					n++
				}
			}
			if n == 0 || n == 16 || holds(clusterKey(cfg.Name)) != record {
				t.Fatalf("%d shards of 16 are to be lost: this proves nothing", n)
			}
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			opened := []*Store{s}
			if !record {
				opened = append(opened, mustOpen(t, cfg))
			} else if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "a part of it was lost") {
				t.Errorf("Open says %v", err)
			}
			for _, s := range opened {
				for id, is := range lost {
					if _, err := s.Acquire(t.Context(), id); is && !errors.Is(err, values.ErrCorrupt) || !is && err != nil {
						t.Errorf("shard %d, lost %v: Acquire says %v", id, is, err)
					}
				}
			}
		})
	}
}

package redisstore

import (
	"context"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
	"github.com/plywire/plywire/shard/storetest"
)

// TestStore runs the suite of all stores on a real Redis, which is killed where a test crashes it.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opened {
		r := redistest.Start(t)
		return opened(t, config(t, r.URL()), func(t *testing.T) {
			if err := r.Kill(); err != nil {
				t.Fatal(err)
			}
			r.Again(t)
		})
	})
}

// opened is a store for the suite.
func opened(t *testing.T, cfg Config, crash func(t *testing.T)) storetest.Opened {
	t.Helper()
	var c clock
	var store *Store
	reopen := func(t *testing.T) shard.Store {
		var err error
		if store, err = open(context.Background(), cfg, c.now); err != nil {
			t.Fatal(err)
		}
		opened := store
		t.Cleanup(func() { opened.Close() })
		return store
	}
	return storetest.Opened{
		Store: reopen(t), Reopen: reopen, Crash: crash,
		Pass: func(t *testing.T, d time.Duration) {
			c.passed.Add(int64(d))
			if err := store.sweep(context.Background()); err != nil {
				t.Fatal(err)
			}
		},
	}
}

package localstore

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/storetest"
)

// clock is a store's clock which a test can set forward.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.passed.Load())) }

// config is for a store in a file system of the test's.
func config(t *testing.T, fs vfs.FS) Config {
	cfg := DefaultConfig()
	cfg.Dir, cfg.Shards, cfg.FS = "store", 32, fs
	cfg.Logger = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.InfoLevel)
	return cfg
}

func mustOpen(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreOnDisk(t *testing.T) {
	conform(t, func(t *testing.T) (Config, func() vfs.FS) {
		cfg := config(t, nil)
		cfg.Dir = t.TempDir()
		return cfg, nil
	})
}

// TestStoreCrash runs the suite on a file system which forgets, at a crash, all that was not synced.
func TestStoreCrash(t *testing.T) {
	conform(t, crashable(0))
}

// TestStoreCrashTorn runs the suite on a file system which keeps, at a crash, about half of what was not synced.
func TestStoreCrashTorn(t *testing.T) {
	conform(t, crashable(50))
}

func crashable(kept int) func(*testing.T) (Config, func() vfs.FS) {
	return func(t *testing.T) (Config, func() vfs.FS) {
		fs := vfs.NewCrashableMem()
		random := rand.New(rand.NewPCG(1, 1))
		return config(t, fs), func() vfs.FS {
			fs = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: random})
			return fs
		}
	}
}

// conform runs the suite. crash returns what is left of the file system; nil if it cannot crash.
func conform(t *testing.T, prepare func(*testing.T) (cfg Config, crash func() vfs.FS)) {
	storetest.Run(t, func(t *testing.T) storetest.Opened {
		cfg, crash := prepare(t)
		var c clock
		var store *Store
		reopen := func(t *testing.T) shard.Store {
			var err error
			if store, err = open(cfg, c.now); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close() })
			return store
		}
		opened := storetest.Opened{
			Store: reopen(t), Reopen: reopen,
			Pass: func(t *testing.T, d time.Duration) {
				c.passed.Add(int64(d))
				if err := store.sweep(context.Background()); err != nil {
					t.Fatal(err)
				}
			},
		}
		if crash != nil {
			opened.Crash = func(t *testing.T) {
				left, old := crash(), store
				cfg.FS = left
				t.Cleanup(func() { old.Close() })
			}
		}
		return opened
	})
}

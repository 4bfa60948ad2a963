package redisstore

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// clock is a store's clock which a test can set forward.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.passed.Load())) }

var clusters atomic.Int64

// config is for a cluster of its own.
func config(t testing.TB, url string) Config {
	cfg := DefaultConfig()
	cfg.URL, cfg.Name, cfg.Shards = url, fmt.Sprintf("test-%d", clusters.Add(1)), 32
	cfg.CommitTimeout = 10 * time.Second // a busy machine is not what these tests are about
	cfg.Logger = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	return cfg
}

func mustOpen(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

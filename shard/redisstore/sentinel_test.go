package redisstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// The primary is killed under load, and the sentinels promote one of its two replicas, which the other then follows: the store
// goes on by itself, and each entry is there once.
func TestSentinelFailsOver(t *testing.T) {
	r := redistest.StartWatched(t, 2)
	cfg := config(t, r.URL())
	cfg.CommitTimeout = 400 * time.Millisecond
	s := mustOpen(t, cfg)
	if s.promise.level != Replicas || s.promise.least != 1 {
		t.Fatalf("it promises %s of %d replicas at the least", s.promise.level, s.promise.least)
	}
	writers := together(t, s, 150, func() {
		if err := r.Primary.Kill(); err != nil {
			t.Error(err)
		}
	})
	unsure := 0
	for _, w := range writers {
		w.check()
		unsure += w.unsure
		got, err := s.Recover(context.Background(), w.shard, w.token)
		if err != nil || got.Head != w.head {
			t.Errorf("shard %d is at %d, and %d was acknowledged: %v", w.shard, got.Head, w.head, err)
		}
	}
	if unsure == 0 {
		t.Error("nobody has noticed anything: this proves nothing")
	}
	if err := s.recognise(context.Background()); err != nil {
		t.Error(err)
	}
	if s := mustOpen(t, cfg); s.promise.level != Replicas {
		t.Errorf("opened anew it promises %s", s.promise.level)
	}
}

// The sentinels are told to give the primary's place to a replica, while the old primary lives: what it still gets it refuses,
// or has not acknowledged.
func TestSentinelHandsOver(t *testing.T) {
	r := redistest.StartWatched(t, 2)
	cfg := config(t, r.URL())
	cfg.CommitTimeout = 400 * time.Millisecond
	s := mustOpen(t, cfg)
	old := redistest.Client(t, r.Primary.URL())
	writers := together(t, s, 300, func() {
		if err := redistest.Client(t, "redis://"+r.Sentinels[0].Address).Do(t.Context(), "sentinel", "failover", redistest.SentinelName).Err(); err != nil {
			t.Error(err)
		}
		redistest.Await(t, "the primary to become a replica", func() error {
			said, err := old.Info(context.Background(), "replication").Result()
			if err == nil && !strings.Contains(said, "role:slave") {
				err = errors.New(said)
			}
			return err
		})
	})
	for _, w := range writers {
		w.check()
	}
}

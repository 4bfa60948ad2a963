package redisstore

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
	"github.com/plywire/plywire/shard/storetest"
)

// TestStoreOnCluster runs the suite of all stores on a Redis Cluster of three servers, all of which are killed where a test
// crashes it.
func TestStoreOnCluster(t *testing.T) {
	r := redistest.StartCluster(t, 3, 0)
	storetest.Run(t, func(t *testing.T) storetest.Opened {
		return opened(t, config(t, r.URL()), func(t *testing.T) {
			r.Kill(t)
			r.Again(t)
		})
	})
}

// slotOf is the slot of a shard's keys.
func slotOf(t *testing.T, client *redis.Client, state *shardState) int64 {
	t.Helper()
	slot, err := client.ClusterKeySlot(t.Context(), state.keys.owner).Result()
	if err != nil {
		t.Fatal(err)
	}
	return slot
}

// A shard's slot is taken from one server to another while its owner commits, the way that operators do it (CLUSTER SETSLOT,
// MIGRATE): each entry is there once, and whoever reads finds it.
func TestSlotMoves(t *testing.T) {
	r := redistest.StartCluster(t, 2, 0)
	s := mustOpen(t, config(t, r.URL()))
	nodes := []*redis.Client{redistest.Client(t, r.Masters[0].URL()), redistest.Client(t, r.Masters[1].URL())}
	var ids []string
	for _, node := range nodes {
		id, err := node.Do(t.Context(), "cluster", "myid").Text()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	state := &s.states[3]
	slot := slotOf(t, nodes[0], state)
	from, to := 0, 1
	if slot >= 8192 {
		from, to = 1, 0
	}
	w := newWriter(t, s, 3)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				b := w.batch(2)
				b.Snapshots = []shard.Snapshot{{Actor: w.actor, Position: b.Head + 2, State: []byte("state")}}
				w.insist(b)
			}
		}
	})
	for range 3 {
		move(t, slot, nodes[from], nodes[to], ids[from], ids[to])
		if _, err := s.Load(t.Context(), 3, w.actor); err != nil && !errors.Is(err, shard.ErrNoSnapshot) {
			t.Error(err)
		}
		from, to = to, from
	}
	close(stop)
	writing.Wait()
	w.check()
	if w.unsure == 0 {
		t.Error("no batch came in the way of the move: this proves nothing")
	}
	if _, err := s.Recover(t.Context(), 3, w.token); err != nil {
		t.Error(err)
	}
}

// move moves a slot from one node of a cluster to another.
func move(t *testing.T, slot int64, from, to *redis.Client, fromID, toID string) {
	t.Helper()
	do := func(on *redis.Client, args ...any) *redis.Cmd {
		t.Helper()
		cmd := on.Do(t.Context(), args...)
		if err := cmd.Err(); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return cmd
	}
	do(to, "cluster", "setslot", slot, "importing", fromID)
	do(from, "cluster", "setslot", slot, "migrating", toID)
	for {
		names, err := do(from, "cluster", "getkeysinslot", slot, 10).StringSlice()
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 {
			break
		}
		host, port, _ := net.SplitHostPort(to.Options().Addr)
		for _, name := range names {
			do(from, "migrate", host, port, name, 0, 5000)
		}
	}
	do(to, "cluster", "setslot", slot, "node", toID)
	do(from, "cluster", "setslot", slot, "node", toID)
}

// A server of a Redis Cluster is killed under load, and its replica promoted by the others. Nothing acknowledged is lost; the
// shards of the promoted one go on when it has a replica of its own again.
func TestClusterFailsOver(t *testing.T) {
	r := redistest.StartCluster(t, 3, 3)
	cfg := config(t, r.URL())
	cfg.CommitTimeout = 400 * time.Millisecond
	s := mustOpen(t, cfg)
	if s.promise.level != Replicas || s.promise.least != 1 {
		t.Fatalf("it promises %s of %d replicas at the least", s.promise.level, s.promise.least)
	}
	writers := together(t, s, 150, func() {
		if err := r.Masters[1].Kill(); err != nil {
			t.Error(err)
		}
		promoted := redistest.Client(t, r.Replicas[1].URL())
		redistest.Await(t, "the replica to be promoted", func() error {
			said, err := promoted.Info(context.Background(), "replication").Result()
			if err == nil && !strings.Contains(said, "role:master") {
				err = errors.New(said)
			}
			return err
		})
		r.Masters[1].Again(t) // a replica from now on
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
}

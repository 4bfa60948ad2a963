package redisstore

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// replicated is a server with a replica that is up to date, and a configuration that waits for it.
func replicated(t *testing.T) (primary, replica *redistest.Server, cfg Config) {
	t.Helper()
	primary = redistest.Start(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(primary.Address)
	replica = redistest.Start(t, "--replicaof", host+" "+port)
	client := redistest.Client(t, primary.URL())
	for deadline := time.Now().Add(time.Minute); ; {
		// Its offset is acknowledged once it has the contents.
		if err := client.Set(t.Context(), "ready", "yes", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if n, err := client.Wait(t.Context(), 1, 100*time.Millisecond).Result(); err == nil && n == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the replica does not come up")
		}
	}
	cfg = config(t, primary.URL())
	cfg.Replicas, cfg.CommitTimeout = 1, 400*time.Millisecond
	return primary, replica, cfg
}

// What the replica does not have is not acknowledged, by whichever request it comes, and is there once when the replica is.
func TestReplicaHangs(t *testing.T) {
	primary, replica, cfg := replicated(t)
	client := redistest.Client(t, primary.URL())
	s := mustOpen(t, cfg)
	w := newWriter(t, s, 3)
	w.insist(w.batch(2))
	if err := syscall.Kill(replica.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	b := w.batch(3)
	for range 4 {
		// The later ones come over new connections, which have written nothing that WAIT would wait for.
		if err := client.ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
			t.Fatal(err)
		}
		if err := w.commit(b); !errors.Is(err, shard.ErrUnknown) {
			t.Errorf("a commit that the replica does not have says %v, want %v", err, shard.ErrUnknown)
		}
	}
	if err := syscall.Kill(replica.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	w.insist(b)
	w.check()
}

// The primary dies in the middle of commits, and the replica has all that was acknowledged.
func TestReplicaIsPromoted(t *testing.T) {
	primary, replica, cfg := replicated(t)
	s := mustOpen(t, cfg)
	writers := make([]*writer, 8)
	ended := make(chan struct{}, len(writers))
	var dead atomic.Bool
	for id := range writers {
		writers[id] = newWriter(t, s, id)
		go func() {
			defer func() { ended <- struct{}{} }()
			w := writers[id]
			for b := w.batch(2); ; {
				if w.commit(b) == nil {
					w.head += 2
					b = w.batch(2)
				} else if dead.Load() {
					return
				}
			}
		}()
	}
	client := redistest.Client(t, replica.URL())
	for deadline := time.Now().Add(time.Minute); ; { // the replica sees what comes
		n, err := client.XLen(t.Context(), s.states[0].keys.journal).Result()
		if err != nil {
			t.Fatal(err)
		}
		if n > 50 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("too few commits")
		}
	}
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	dead.Store(true)
	for range writers {
		<-ended
	}
	if err := client.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	cfg.URL, cfg.Replicas = replica.URL(), 0
	promoted := mustOpen(t, cfg)
	for id, w := range writers {
		token, err := promoted.Acquire(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := promoted.Recover(context.Background(), id, token)
		if err != nil {
			t.Fatal(err)
		}
		if got.Head < w.head || got.Head > w.head+2 {
			t.Errorf("shard %d: the promoted replica is at %d, and %d was acknowledged", id, got.Head, w.head)
		}
	}
}

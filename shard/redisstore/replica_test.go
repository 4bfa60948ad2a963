package redisstore

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// replicated is a server with replicas that are up to date, and a configuration that does not wait for long.
func replicated(t *testing.T, n int) (primary *redistest.Server, replicas []*redistest.Server, cfg Config) {
	t.Helper()
	primary = redistest.Start(t)
	replicas = redistest.Replicas(t, primary, n)
	cfg = config(t, primary.URL())
	cfg.CommitTimeout = 400 * time.Millisecond
	return primary, replicas, cfg
}

// What the replica does not have is not acknowledged, by whichever request it comes, and is there once when the replica is.
func TestReplicaHangs(t *testing.T) {
	primary, replicas, cfg := replicated(t, 1)
	replica, client := replicas[0], redistest.Client(t, primary.URL())
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
	primary, replicas, cfg := replicated(t, 1)
	replica := replicas[0]
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
	cfg.URL = replica.URL()
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

// A shard has a new owner only when the replica knows: promoted without, it would take the batches of the old one.
func TestAcquireWaitsForReplicas(t *testing.T) {
	_, replicas, cfg := replicated(t, 1)
	cfg.ReadTimeout = time.Second
	s := mustOpen(t, cfg)
	old := newWriter(t, s, 3)
	old.insist(old.batch(2))
	if err := syscall.Kill(replicas[0].PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_, err := s.Acquire(t.Context(), 3)
	if woken := syscall.Kill(replicas[0].PID(), syscall.SIGCONT); woken != nil {
		t.Fatal(woken)
	}
	if !errors.Is(err, shard.ErrUnknown) || !strings.Contains(err.Error(), "0 of 1 replicas") {
		t.Errorf("Acquire says %v while no replica hears of it, want %v", err, shard.ErrUnknown)
	}
	if err := old.commit(old.batch(1)); !errors.Is(err, shard.ErrFenced) {
		t.Errorf("who was the owner hears %v, want %v", err, shard.ErrFenced)
	}
	w := newWriter(t, s, 3)
	if client := redistest.Client(t, replicas[0].URL()); client.HGet(t.Context(), s.states[3].keys.owner, "owner").Val() != w.token.Owner.String() {
		t.Error("the replica does not know the owner")
	}
}

// Which replicas are waited for, as they leave and come.
func TestReplicasLeaveAndCome(t *testing.T) {
	for name, test := range map[string]struct {
		named     int
		durable   error // with one of two left
		afterMore error // with a third that hangs
	}{
		"all that were there": {0, shard.ErrUnknown, shard.ErrUnknown},
		"one is enough":       {1, nil, shard.ErrUnknown},
		"all that may be":     {2, shard.ErrUnknown, shard.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			primary, replicas, cfg := replicated(t, 2)
			cfg.Replicas = test.named
			s := mustOpen(t, cfg)
			w := newWriter(t, s, 3)
			w.insist(w.batch(1))
			if err := replicas[0].Kill(); err != nil {
				t.Fatal(err)
			}
			client := redistest.Client(t, primary.URL())
			redistest.Await(t, "the primary to miss its replica", func() error {
				said, err := client.Info(context.Background(), "replication").Result()
				if err == nil && onlineReplicas(said) != 1 {
					err = errors.New(said)
				}
				return err
			})
			b := w.batch(1)
			_ = w.commit(b) // finds out
			if err := w.commit(b); !errors.Is(err, test.durable) {
				t.Errorf("with one of two replicas left a commit says %v, want %v", err, test.durable)
			}
			if problems := strings.Join(s.problems(t.Context(), mustAsk(t, s), map[string]int{}), "\n"); test.durable != nil && !strings.Contains(problems, "nobody can move") {
				t.Errorf("the store does not say why nobody can move: %q", problems)
			}
			replicas[0].Again(t)
			w.insist(b)
			more := redistest.Replicas(t, primary, 1)[0] // nothing was written since
			if err := syscall.Kill(more.PID(), syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			b = w.batch(1)
			if err := w.commit(b); !errors.Is(err, test.afterMore) {
				t.Errorf("with a third one that hangs a commit says %v, want %v", err, test.afterMore)
			}
			if err := syscall.Kill(more.PID(), syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			w.insist(b)
			w.check()
		})
	}
}

func mustAsk(t *testing.T, s *Store) []server {
	t.Helper()
	all, err := s.servers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What is promised follows from what there is and what is wanted.
func TestPromise(t *testing.T) {
	with, without := server{replicas: 1, raw: ",state=online,"}, server{}
	synced := server{config: map[string]string{"appendonly": "yes", "appendfsync": "always"}}
	lazy := server{config: map[string]string{"appendonly": "yes", "appendfsync": "everysec"}}
	knows := server{waitAOF: true, config: lazy.config}
	unlogged := server{waitAOF: true, config: map[string]string{"appendonly": "no"}}
	for name, test := range map[string]struct {
		durability Durability
		replicas   int
		servers    []server
		want       *promise
		says       string
	}{
		"no replica":              {Auto, 0, []server{without}, &promise{level: Primary}, ""},
		"replicas":                {Auto, 0, []server{with}, &promise{level: Replicas, least: 1}, ""},
		"some have replicas":      {Auto, 0, []server{with, without}, &promise{level: Primary}, ""},
		"replicas are named":      {Auto, 2, []server{without}, &promise{level: Replicas, least: 2, named: true}, ""},
		"primary is named":        {Primary, 0, []server{with}, &promise{level: Primary}, ""},
		"replicas without any":    {Replicas, 0, []server{without}, &promise{level: Replicas, least: 1}, ""},
		"disk, by the setting":    {Fsync, 0, []server{synced}, &promise{level: Fsync}, ""},
		"disk, by WAITAOF":        {Fsync, 1, []server{knows}, &promise{level: Fsync, least: 1, named: true, waitAOF: true}, ""},
		"disk, mixed":             {Fsync, 0, []server{knows, synced}, nil, "appendfsync is \"everysec\""},
		"disk, too old":           {Fsync, 0, []server{lazy}, nil, "set it to always, or take a newer Redis"},
		"disk, without a log":     {Fsync, 0, []server{unlogged}, nil, "appendonly is \"no\""},
		"disk, nothing to see":    {Fsync, 0, []server{{}}, nil, "appendonly is \"\""},
		"disk, WAITAOF sees more": {Fsync, 0, []server{{waitAOF: true}}, &promise{level: Fsync, waitAOF: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, "redis://h")
			cfg.Durability, cfg.Replicas = test.durability, test.replicas
			p, err := (&Store{cfg: cfg}).promised(test.servers)
			if err != nil || test.says != "" {
				if err == nil || test.says == "" || !strings.Contains(err.Error(), test.says) {
					t.Errorf("it says %v, want %q", err, test.says)
				}
				return
			}
			if p.level != test.want.level || p.least != test.want.least || p.named != test.want.named || p.waitAOF != test.want.waitAOF {
				t.Errorf("it promises %s of %d (named %v, WAITAOF %v)", p.level, p.least, p.named, p.waitAOF)
			}
		})
	}
}

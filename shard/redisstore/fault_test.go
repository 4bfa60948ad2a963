package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
	"github.com/plywire/plywire/shard/values"
)

// writer is the owner of a shard, who knows what he was told is durable.
type writer struct {
	*testing.T
	store  *Store
	shard  int
	token  shard.Token
	actor  uuid.UUID
	head   uint64
	unsure int // answers that left a batch's fate open
}

func newWriter(t *testing.T, s *Store, id int) *writer {
	t.Helper()
	token, err := s.Acquire(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return &writer{T: t, store: s, shard: id, token: token, actor: uuid.New()}
}

// batch is the next of the writer's: each entry says its position.
func (w *writer) batch(entries int) *shard.Batch {
	b := &shard.Batch{Shard: w.shard, Token: w.token, ID: uuid.New(), Head: w.head, At: time.Now()}
	for i := range entries {
		b.Entries = append(b.Entries, shard.Entry{Actor: w.actor, Event: fmt.Append(nil, w.head+1+uint64(i))})
	}
	return b
}

func (w *writer) commit(b *shard.Batch) error {
	answer := make(chan error, 1)
	w.store.Commit(b, func(err error) { answer <- err })
	return <-answer
}

// insist puts a batch again and again, as a shard does, until the store says what became of it.
func (w *writer) insist(b *shard.Batch) {
	for deadline := time.Now().Add(time.Minute); !w.Failed(); {
		switch err := w.commit(b); {
		case err == nil:
			w.head += uint64(len(b.Entries))
			return
		case errors.Is(err, shard.ErrUnknown), errors.Is(err, shard.ErrRefused):
			w.unsure++
			if time.Now().After(deadline) {
				w.Errorf("shard %d: still %v", w.shard, err)
				return
			}
		default:
			w.Errorf("shard %d: %v", w.shard, err)
			return
		}
	}
}

// check wants every entry in the journal, once, in order.
func (w *writer) check() {
	w.Helper()
	entries, err := w.store.Read(context.Background(), w.shard, 0, 1<<20)
	if err != nil {
		w.Fatal(err)
	}
	if uint64(len(entries)) != w.head {
		w.Errorf("shard %d has %d entries, and was told of %d", w.shard, len(entries), w.head)
	}
	for i, e := range entries {
		if e.Position != uint64(i)+1 || string(e.Event) != fmt.Sprint(i+1) || e.Actor != w.actor {
			w.Fatalf("entry %d of shard %d is %d, %q", i+1, w.shard, e.Position, e.Event)
		}
	}
}

// together lets a writer for each of the first shards commit, while something goes wrong.
func together(t *testing.T, s *Store, batches int, wrong func()) []*writer {
	t.Helper()
	writers := make([]*writer, 8)
	for id := range writers {
		writers[id] = newWriter(t, s, id)
	}
	var all sync.WaitGroup
	for _, w := range writers {
		all.Go(func() {
			for i := range batches {
				w.insist(w.batch(1 + i%3))
			}
		})
	}
	wrong()
	all.Wait()
	return writers
}

func TestAnswersAreLost(t *testing.T) {
	r := redistest.Start(t)
	cfg := config(t, r.URL())
	p := startProxy(t, r.Address)
	cfg.URL = "redis://" + p.Addr().String()
	s := mustOpen(t, cfg)
	writers := together(t, s, 200, func() { p.lose.Store(7) })
	p.lose.Store(0)
	unsure := 0
	for _, w := range writers {
		unsure += w.unsure
		w.check()
	}
	if p.lost.Load() < 10 || unsure < 10 {
		t.Errorf("%d answers were lost and %d batches unsure: too few to prove anything", p.lost.Load(), unsure)
	}
}

func TestRedisIsKilledInTheMiddle(t *testing.T) {
	r := redistest.Start(t)
	s := mustOpen(t, config(t, r.URL()))
	for _, w := range together(t, s, 300, func() {
		for range 3 {
			if err := r.Kill(); err != nil {
				t.Error(err)
			}
			r.Again(t)
		}
	}) {
		w.check()
	}
}

// A Redis that hangs keeps nobody waiting for longer than is said, and what it did meanwhile is found out.
func TestRedisHangs(t *testing.T) {
	r := redistest.Start(t)
	cfg := config(t, r.URL())
	cfg.CommitTimeout = 200 * time.Millisecond
	s := mustOpen(t, cfg)
	w := newWriter(t, s, 3)
	w.insist(w.batch(2))
	if err := syscall.Kill(r.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	b := w.batch(3)
	err := w.commit(b)
	if woken := syscall.Kill(r.PID(), syscall.SIGCONT); woken != nil {
		t.Fatal(woken)
	}
	if !errors.Is(err, shard.ErrUnknown) {
		t.Errorf("a commit to a Redis that hangs says %v, want %v", err, shard.ErrUnknown)
	}
	w.insist(b)
	w.check()
}

func TestScriptsAreFlushed(t *testing.T) {
	r := redistest.Start(t)
	s := mustOpen(t, config(t, r.URL()))
	client := redistest.Client(t, r.URL())
	for range 3 {
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		w := newWriter(t, s, 3)
		if err := w.commit(w.batch(0)); err != nil {
			t.Error(err)
		}
	}
}

// What Redis refuses has not happened, is explained, and happens when the cause is gone.
func TestRedisRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		spoil, mend [][]any
		says        string
	}{
		"no memory": {[][]any{{"CONFIG", "SET", "maxmemory", "1"}}, [][]any{{"CONFIG", "SET", "maxmemory", "256mb"}}, "no memory left"},
		"replica":   {[][]any{{"REPLICAOF", "127.0.0.1", "1"}}, [][]any{{"REPLICAOF", "NO", "ONE"}}, "a replica"},
		"too few replicas": {[][]any{{"CONFIG", "SET", "min-replicas-to-write", "1"}}, [][]any{{"CONFIG", "SET", "min-replicas-to-write", "0"}},
			"too few replicas"},
		"not allowed": {[][]any{{"ACL", "SETUSER", "default", "-evalsha"}}, [][]any{{"ACL", "SETUSER", "default", "+evalsha"}}, "may not run"},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Start(t)
			s := mustOpen(t, config(t, r.URL()))
			client := redistest.Client(t, r.URL())
			do := func(commands [][]any) {
				for _, command := range commands {
					if err := client.Do(t.Context(), command...).Err(); err != nil {
						t.Fatal(err)
					}
				}
			}
			w := newWriter(t, s, 5)
			w.insist(w.batch(2))
			do(test.spoil)
			b := w.batch(3)
			b.Snapshots = []shard.Snapshot{{Actor: w.actor, State: []byte("state"), Resident: true}}
			if err := w.commit(b); !errors.Is(err, shard.ErrRefused) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("commit says %v, want %v with %q", err, shard.ErrRefused, test.says)
			}
			w.check()
			do(test.mend)
			w.insist(b)
			w.check()
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	secret := "correct-horse"
	r := redistest.Start(t, "--requirepass", secret)
	with := func(user *url.Userinfo) string {
		u, err := url.Parse(r.URL())
		if err != nil {
			t.Fatal(err)
		}
		u.User = user
		return u.String()
	}
	right := with(url.UserPassword("default", secret))
	client := redistest.Client(t, right)
	for name, test := range map[string]struct {
		change func(t *testing.T, cfg *Config)
		says   string
	}{
		"no password":    {func(_ *testing.T, cfg *Config) { cfg.URL = r.URL() }, "wants a password"},
		"wrong password": {func(_ *testing.T, cfg *Config) { cfg.URL = with(url.UserPassword("default", secret+"-not")) }, "does not accept the user and password"},
		"nobody there":   {func(_ *testing.T, cfg *Config) { cfg.URL = "redis://127.0.0.1:1" }, "connection refused"},
		"other shards":   {func(_ *testing.T, cfg *Config) { cfg.Shards = 64 }, "has 32 shards, which cannot be changed"},
		"other format": {func(t *testing.T, cfg *Config) {
			if err := client.HSet(t.Context(), clusterKey(cfg.Name), "format", formatVersion+1).Err(); err != nil {
				t.Fatal(err)
			}
		}, "start the program that wrote it"},
		"evicts": {func(t *testing.T, _ *Config) {
			t.Cleanup(func() { client.ConfigSet(context.Background(), "maxmemory-policy", "noeviction") })
			if err := client.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
				t.Fatal(err)
			}
		}, "set it to noeviction"},
		"no TLS there": {func(_ *testing.T, cfg *Config) {
			cfg.URL, cfg.ReadTimeout = strings.Replace(right, "redis://", "rediss://", 1), 300*time.Millisecond
		}, "there is no TLS handshake"},
		"bad URL":          {func(_ *testing.T, cfg *Config) { cfg.URL = "http://user:" + secret + "@localhost" }, "want redis://"},
		"bad durability":   {func(_ *testing.T, cfg *Config) { cfg.Durability = "often" }, "want auto, primary, replicas or fsync"},
		"both of them":     {func(_ *testing.T, cfg *Config) { cfg.Durability, cfg.Replicas = Primary, 1 }, "name one of the two"},
		"replicas missing": {func(_ *testing.T, cfg *Config) { cfg.Replicas = -1 }, "want 0 to 16"},
		"bad name":         {func(_ *testing.T, cfg *Config) { cfg.Name = "{a}" }, "the cluster's name"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, right)
			s, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			incarnation := s.Incarnation()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s = mustOpen(t, cfg); s.Incarnation() != incarnation {
				t.Errorf("the incarnation is %s, and was %s", s.Incarnation(), incarnation)
			}
			test.change(t, &cfg)
			_, err = Open(t.Context(), cfg)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("Open says %v, want %q", err, test.says)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("Open tells the password: %v", err)
			}
		})
	}
}

// What is damaged in Redis is found, and served to nobody.
func TestDamage(t *testing.T) {
	for name, damage := range map[string]func(k *keys, w *writer) []any{
		"snapshot":         func(k *keys, w *writer) []any { return []any{"SETRANGE", k.of(w.actor), 3, "x"} },
		"snapshot missing": func(k *keys, w *writer) []any { return []any{"DEL", k.of(w.actor)} },
		"journal's middle": func(k *keys, _ *writer) []any { return []any{"XDEL", k.journal, "4-0"} },
		"journal's end":    func(k *keys, _ *writer) []any { return []any{"XDEL", k.journal, "6-0"} },
		"journal's start":  func(k *keys, _ *writer) []any { return []any{"XDEL", k.journal, "2-0"} },
		"journal":          func(k *keys, _ *writer) []any { return []any{"DEL", k.journal} },
		"foreign item":     func(k *keys, _ *writer) []any { return []any{"XADD", k.journal, "7-0", "b", "rubbish"} },
		"foreign field":    func(k *keys, _ *writer) []any { return []any{"XADD", k.journal, "7-0", "x", "y"} },
		"head":             func(k *keys, _ *writer) []any { return []any{"HSET", k.head, "n", "many"} },
		"first":            func(k *keys, _ *writer) []any { return []any{"HSET", k.head, "first", "9"} },
		"time":             func(k *keys, _ *writer) []any { return []any{"HSET", k.head, "at", "noon"} },
		"live":             func(k *keys, _ *writer) []any { return []any{"SADD", k.live, "nobody"} },
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Start(t)
			s := mustOpen(t, config(t, r.URL()))
			w := newWriter(t, s, 2)
			for range 3 {
				b := w.batch(2)
				b.Snapshots = []shard.Snapshot{{Actor: w.actor, Position: w.head + 2, State: []byte("state"), Resident: true}}
				w.insist(b)
			}
			if _, err := s.Recover(t.Context(), 2, w.token); err != nil {
				t.Fatal(err)
			}
			if err := redistest.Client(t, r.URL()).Do(t.Context(), damage(&s.states[2].keys, w)...).Err(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Recover(t.Context(), 2, w.token); !errors.Is(err, values.ErrCorrupt) {
				t.Errorf("Recover says %v, want %v", err, values.ErrCorrupt)
			}
		})
	}
}

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
	"github.com/plywire/plywire/shard/values"
)

// An actor is forgotten only if nothing has happened since the sweep looked.
func TestForgetLooksAgain(t *testing.T) {
	r := redistest.Start(t)
	s := mustOpen(t, config(t, r.URL()))
	w := newWriter(t, s, 1)
	expired, extended := uuid.New(), uuid.New()
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	b := w.batch(1)
	b.Snapshots = []shard.Snapshot{{Actor: expired, Expires: past, Resident: true}, {Actor: extended, Expires: past}}
	w.insist(b)
	b = w.batch(1)
	b.Snapshots = []shard.Snapshot{{Actor: extended, Expires: future}}
	w.insist(b)
	state, both := &s.states[1], []shard.ID{expired, extended}
	if n, err := s.forget(t.Context(), state, "1", both); n != -1 || err != nil {
		t.Errorf("with entries that the sweep has not seen: %d, %v; want -1", n, err)
	}
	for _, actor := range both {
		if _, err := s.Load(t.Context(), 1, actor); err != nil {
			t.Error(err)
		}
	}
	if n, err := s.forget(t.Context(), state, "2", both); n != 1 || err != nil {
		t.Errorf("with one that has got more time: %d, %v; want 1", n, err)
	}
	if _, err := s.Load(t.Context(), 1, expired); !errors.Is(err, shard.ErrNoSnapshot) {
		t.Errorf("Load says %v, want %v", err, shard.ErrNoSnapshot)
	}
	if _, err := s.Load(t.Context(), 1, extended); err != nil {
		t.Error(err)
	}
}

// Who asks is not kept longer than he wants to wait, by a Redis that hangs.
func TestContextBoundsTheWait(t *testing.T) {
	r := redistest.Start(t)
	cfg := config(t, r.URL())
	cfg.ReadTimeout = 10 * time.Minute
	s := mustOpen(t, cfg)
	if err := syscall.Kill(r.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err := s.Acquire(ctx, 1)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a Redis that hangs gives a shard away")
		}
	case <-time.After(time.Minute):
		t.Error("Acquire waits for longer than it may")
	}
	if err := syscall.Kill(r.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// meanwhile does something once, just before a command is sent for the time'th time.
type meanwhile struct {
	command string
	time    int
	do      func()
}

func (m *meanwhile) DialHook(next redis.DialHook) redis.DialHook { return next }

func (m *meanwhile) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (m *meanwhile) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == m.command {
			if m.time--; m.time == 0 {
				m.do()
			}
		}
		return next(ctx, cmd)
	}
}

func TestShardIsTakenWhileItIsRead(t *testing.T) {
	r := redistest.Start(t)
	cfg := config(t, r.URL())
	s, other := mustOpen(t, cfg), mustOpen(t, cfg)
	w := newWriter(t, s, 1)
	w.insist(w.batch(3))
	s.reads.AddHook(&meanwhile{"smembers", 1, func() { newWriter(t, other, 1) }})
	if _, err := s.Recover(t.Context(), 1, w.token); !errors.Is(err, shard.ErrFenced) {
		t.Errorf("Recover says %v, want %v", err, shard.ErrFenced)
	}
}

// A trim that comes between two pages of the journal leaves a gap, which is no damage; and what it takes from under somebody
// who has lost the shard is none either.
func TestTrimWhileReading(t *testing.T) {
	const batches, trim = itemsAtATime + 50, itemsAtATime + 30
	for name, test := range map[string]struct {
		read func(s *Store, w *writer) error
		want error
	}{
		"read": {func(s *Store, w *writer) error {
			entries, err := s.Read(w.Context(), 1, 7, 1<<20)
			if err == nil && (len(entries) != batches+1-trim || entries[0].Position != trim+1) {
				err = fmt.Errorf("it returns %d entries", len(entries))
			}
			return err
		}, nil},
		"sweep": {func(s *Store, w *writer) error {
			_, present, err := s.present(w.Context(), &s.states[1])
			if err == nil && !present[w.actor] {
				err = errors.New("it does not see an actor who has entries")
			}
			return err
		}, nil},
		"recover": {func(s *Store, w *writer) error {
			_, err := s.Recover(w.Context(), 1, w.token)
			return err
		}, shard.ErrFenced},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Start(t)
			cfg := config(t, r.URL())
			s, other := mustOpen(t, cfg), mustOpen(t, cfg)
			w := newWriter(t, s, 1)
			for range batches {
				w.insist(w.batch(1))
			}
			s.reads.AddHook(&meanwhile{"xrange", 2, func() {
				next := newWriter(t, other, 1)
				next.head, next.actor = w.head, w.actor
				b := next.batch(1)
				b.Trim = trim
				next.insist(b)
			}})
			if err := test.read(s, w); !errors.Is(err, test.want) {
				t.Errorf("it says %v, want %v", err, test.want)
			}
		})
	}
}

// A gap that no trim has left is damage, whoever reads.
func TestGap(t *testing.T) {
	r := redistest.Start(t)
	s := mustOpen(t, config(t, r.URL()))
	w := newWriter(t, s, 1)
	for range 5 {
		w.insist(w.batch(2))
	}
	b := w.batch(1)
	b.Trim = 3 // of 1 to 2 and 3 to 4: the first batch goes, the second stays
	w.insist(b)
	if err := redistest.Client(t, r.URL()).XDel(t.Context(), s.states[1].keys.journal, "6-0").Err(); err != nil {
		t.Fatal(err)
	}
	if entries, err := s.Read(t.Context(), 1, 0, 100); !errors.Is(err, values.ErrCorrupt) {
		t.Errorf("Read returns %d entries and says %v, want %v", len(entries), err, values.ErrCorrupt)
	}
}

// An actor whose time runs out while his shard is recovered is gone, and not damaged.
func TestForgottenWhileRecovering(t *testing.T) {
	r := redistest.Start(t)
	s := mustOpen(t, config(t, r.URL()))
	w := newWriter(t, s, 1)
	expired, stays := uuid.New(), uuid.New()
	b := w.batch(0)
	b.Snapshots = []shard.Snapshot{{Actor: expired, Expires: time.Now().Add(-time.Hour), Resident: true}, {Actor: stays, Resident: true}}
	w.insist(b)
	s.reads.AddHook(&meanwhile{"mget", 1, func() {
		if err := s.sweep(context.Background()); err != nil {
			t.Error(err)
		}
	}})
	got, err := s.Recover(t.Context(), 1, w.token)
	if err != nil || len(got.Snapshots) != 1 || got.Snapshots[0].Actor != stays {
		t.Errorf("Recover returns %d snapshots and says %v", len(got.Snapshots), err)
	}
}

// An answer that is not to the batch proves nothing.
func TestVerdict(t *testing.T) {
	w := &work{batch: &shard.Batch{ID: uuid.New()}}
	id := w.batch.ID.String()
	for name, test := range map[string]struct {
		said []any
		want error
	}{
		"done":       {[]any{"OK", id}, nil},
		"again":      {[]any{"DUP", id}, nil},
		"another's":  {[]any{"OK", uuid.NewString()}, shard.ErrUnknown},
		"short":      {[]any{"OK"}, shard.ErrUnknown},
		"nothing":    {nil, shard.ErrUnknown},
		"new word":   {[]any{"PERHAPS", id}, shard.ErrUnknown},
		"fenced":     {[]any{"FENCED", id}, shard.ErrFenced},
		"other head": {[]any{"HEAD", id, "7"}, shard.ErrHead},
	} {
		cmd := redis.NewCmd(context.Background())
		cmd.SetVal(test.said)
		if err := w.verdict(cmd); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	for said, want := range map[string]error{"OOM command not allowed": shard.ErrRefused, "MOVED 1 h:1": shard.ErrRefused, "ASK 1 h:1": shard.ErrRefused,
		"TRYAGAIN Multiple keys": shard.ErrRefused, "CLUSTERDOWN The cluster is down": shard.ErrRefused, "UNBLOCKED force": shard.ErrUnknown, "ERR something": shard.ErrUnknown} {
		if err := refusal(saidError(said)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", said, err, want)
		}
	}
}

// saidError is an error that Redis says.
type saidError string

func (e saidError) Error() string { return string(e) }
func (saidError) RedisError()     {}

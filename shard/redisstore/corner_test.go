package redisstore

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
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

// usurper takes a shard away in the middle of its recovery.
type usurper struct {
	store *Store
	err   error
}

func (u *usurper) DialHook(next redis.DialHook) redis.DialHook { return next }

func (u *usurper) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (u *usurper) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "smembers" {
			_, u.err = u.store.Acquire(ctx, 1)
		}
		return next(ctx, cmd)
	}
}

func TestShardIsTakenWhileItIsRead(t *testing.T) {
	r := redistest.Start(t)
	cfg := config(t, r.URL())
	s := mustOpen(t, cfg)
	w := newWriter(t, s, 1)
	w.insist(w.batch(3))
	u := &usurper{store: mustOpen(t, cfg)}
	s.reads.AddHook(u)
	if _, err := s.Recover(t.Context(), 1, w.token); !errors.Is(err, shard.ErrFenced) || u.err != nil {
		t.Errorf("Recover says %v (%v), want %v", err, u.err, shard.ErrFenced)
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

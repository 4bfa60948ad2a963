package twinstore_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/storetest"
	"github.com/plywire/plywire/shard/twinstore"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opened {
		var passed time.Duration
		cfg := twinstore.DefaultConfig()
		cfg.Now = func() time.Time { return time.Now().Add(passed) }
		store := open(t, cfg)
		return storetest.Opened{
			Store: store,
			Reopen: func(*testing.T) shard.Store {
				store = store.Reopen()
				return store
			},
			Crash: func(*testing.T) { store.Crash() },
			Pass:  func(_ *testing.T, d time.Duration) { passed += d },
		}
	})
}

func open(t *testing.T, cfg twinstore.Config) *twinstore.Store {
	t.Helper()
	store, err := twinstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func acquire(t *testing.T, store shard.Store, id int) shard.Token {
	t.Helper()
	token, err := store.Acquire(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func head(t *testing.T, store shard.Store, id int, token shard.Token) uint64 {
	t.Helper()
	recovery, err := store.Recover(t.Context(), id, token)
	if err != nil {
		t.Fatal(err)
	}
	return recovery.Head
}

// move makes a batch of one entry.
func move(id int, token shard.Token, head uint64) *shard.Batch {
	return &shard.Batch{Shard: id, Token: token, ID: uuid.New(), Head: head,
		Entries: []shard.Entry{{Position: head + 1, Event: []byte("move")}}}
}

// answer is a done which remembers.
type answer struct {
	calls int
	err   error
}

func (a *answer) done(err error) { a.calls, a.err = a.calls+1, err }

func TestConfigWithoutShards(t *testing.T) {
	if _, err := twinstore.New(twinstore.Config{}); err == nil || !strings.Contains(err.Error(), "Shards") {
		t.Errorf("New says %v, want a fault of Shards", err)
	}
}

// TestFaults puts a batch to which the fault happens, and then the same again, as an owner would.
func TestFaults(t *testing.T) {
	tests := map[twinstore.Fault]struct {
		first  error
		head   uint64 // after the first answer
		second error  // to the same batch again, without a fault
		end    uint64
	}{
		twinstore.FaultNone:    {nil, 1, nil, 1},
		twinstore.FaultRefuse:  {shard.ErrRefused, 0, nil, 1},
		twinstore.FaultApplied: {shard.ErrUnknown, 1, nil, 1},
		twinstore.FaultLost:    {shard.ErrUnknown, 0, nil, 1},
		twinstore.FaultLate:    {shard.ErrUnknown, 0, nil, 1},
		twinstore.FaultFence:   {shard.ErrFenced, 0, shard.ErrFenced, 0},
	}
	for fault, test := range tests {
		for _, manual := range []bool{false, true} {
			t.Run(fault.String(), func(t *testing.T) {
				next := fault
				cfg := twinstore.DefaultConfig()
				cfg.Manual = manual
				cfg.Fault = func(*shard.Batch) twinstore.Fault { return next }
				store := open(t, cfg)
				b := move(1, acquire(t, store, 1), 0)
				other := store.Reopen() // to look at the contents

				var first, second answer
				store.Commit(b, first.done)
				if manual && !store.Step(0) {
					t.Fatal("nothing to step")
				}
				if first.calls != 1 || !errors.Is(first.err, test.first) {
					t.Fatalf("first answer: %d calls, %v; want %v", first.calls, first.err, test.first)
				}
				if fault != twinstore.FaultFence {
					if got := head(t, other, 1, b.Token); got != test.head {
						t.Errorf("head after the first answer is %d, want %d", got, test.head)
					}
				}
				next = twinstore.FaultNone
				store.Commit(b, second.done)
				store.StepAll()
				if second.calls != 1 || !errors.Is(second.err, test.second) {
					t.Errorf("second answer: %d calls, %v; want %v", second.calls, second.err, test.second)
				}
				if got := head(t, other, 1, acquire(t, other, 1)); got != test.end {
					t.Errorf("head in the end is %d, want %d", got, test.end)
				}
				if first.calls != 1 {
					t.Errorf("the first done was called %d times", first.calls)
				}
			})
		}
	}
}

// TestLate lets a batch arrive long after its answer: once when its owner is still there, once when there is another.
func TestLate(t *testing.T) {
	for name, newOwner := range map[string]bool{"same owner": false, "new owner": true} {
		t.Run(name, func(t *testing.T) {
			cfg := twinstore.DefaultConfig()
			cfg.Fault = func(*shard.Batch) twinstore.Fault { return twinstore.FaultLate }
			store := open(t, cfg)
			token := acquire(t, store, 1)
			var a answer
			store.Commit(move(1, token, 0), a.done)
			if len(store.Pending()) != 1 {
				t.Fatalf("%d batches wait, want 1", len(store.Pending()))
			}
			want := uint64(1)
			if newOwner {
				token, want = acquire(t, store, 1), 0
			}
			store.StepAll()
			if got := head(t, store, 1, token); got != want {
				t.Errorf("head is %d, want %d", got, want)
			}
			if a.calls != 1 {
				t.Errorf("done was called %d times", a.calls)
			}
		})
	}
}

func TestDelayWaitsForStep(t *testing.T) {
	cfg := twinstore.DefaultConfig()
	cfg.Fault = func(b *shard.Batch) twinstore.Fault {
		if b.Shard == 1 {
			return twinstore.FaultDelay
		}
		return twinstore.FaultNone
	}
	store := open(t, cfg)
	slow, fast := move(1, acquire(t, store, 1), 0), move(2, acquire(t, store, 2), 0)
	var a, b answer
	store.Commit(slow, a.done)
	store.Commit(fast, b.done)
	if a.calls != 0 || b.calls != 1 || b.err != nil {
		t.Fatalf("%d calls of the slow, %d of the fast (%v); want 0 and 1", a.calls, b.calls, b.err)
	}
	if got := head(t, store, 1, slow.Token); got != 0 {
		t.Errorf("head is %d before the step", got)
	}
	store.StepAll()
	if a.calls != 1 || a.err != nil || head(t, store, 1, slow.Token) != 1 {
		t.Errorf("after the step: %d calls, %v", a.calls, a.err)
	}
}

// TestStepAnyOrder steps the younger batch first.
func TestStepAnyOrder(t *testing.T) {
	cfg := twinstore.DefaultConfig()
	cfg.Manual = true
	store := open(t, cfg)
	first, second := move(1, acquire(t, store, 1), 0), move(2, acquire(t, store, 2), 0)
	var a, b answer
	store.Commit(first, a.done)
	store.Commit(second, b.done)
	if got := store.Pending(); len(got) != 2 || got[0].ID != first.ID || got[1].ID != second.ID {
		t.Fatalf("pending are %v", got)
	}
	if store.Step(2) || store.Step(-1) {
		t.Error("Step of nothing says true")
	}
	if !store.Step(1) || a.calls != 0 || b.calls != 1 {
		t.Errorf("after Step(1): %d and %d calls, want 0 and 1", a.calls, b.calls)
	}
	if n := store.StepAll(); n != 1 || a.calls != 1 {
		t.Errorf("StepAll did %d, want 1", n)
	}
}

func TestCrash(t *testing.T) {
	cfg := twinstore.DefaultConfig()
	cfg.Manual = true
	store := open(t, cfg)
	durable, waiting := move(1, acquire(t, store, 1), 0), move(2, acquire(t, store, 2), 0)
	var a, b, c answer
	store.Commit(durable, a.done)
	store.StepAll()
	store.Commit(waiting, b.done)
	store.Crash()
	if store.StepAll() != 0 || b.calls != 0 {
		t.Errorf("the done of a batch that crashed was called %d times", b.calls)
	}
	if store.Commit(durable, c.done); !errors.Is(c.err, shard.ErrClosed) {
		t.Errorf("Commit after the crash says %v", c.err)
	}
	again := store.Reopen()
	if got := head(t, again, 1, durable.Token); got != 1 {
		t.Errorf("what was durable is gone: head %d", got)
	}
	if got := head(t, again, 2, waiting.Token); got != 0 {
		t.Errorf("what was not durable is there: head %d", got)
	}
}

// TestBreaches does to the store what no owner may, and an owner without fault.
func TestBreaches(t *testing.T) {
	cfg := twinstore.DefaultConfig()
	cfg.Manual = true
	store := open(t, cfg)
	token := acquire(t, store, 1)
	var a, b, c answer
	first := move(1, token, 0)
	store.Commit(first, a.done)
	store.Commit(move(1, token, 1), b.done)
	if b.calls != 1 || !errors.Is(b.err, shard.ErrRefused) {
		t.Errorf("a second batch under way: %d calls, %v", b.calls, b.err)
	}
	other := move(1, acquire(t, store, 1), 0) // of another owner: no breach
	store.Commit(other, c.done)
	first.Entries[0].Event[0] = 'X'
	store.StepAll()
	got := store.Breaches()
	if len(got) != 2 || !strings.Contains(got[0], "under way") || !strings.Contains(got[1], "changed") {
		t.Errorf("breaches are %q", got)
	}
}

// TestSameSeed drives two stores with the same seed and wants the same tokens, answers and contents.
func TestSameSeed(t *testing.T) {
	run := func() (log []any) {
		random := rand.New(rand.NewPCG(1, 2))
		cfg := twinstore.DefaultConfig()
		cfg.Shards, cfg.Seed = 4, 42
		cfg.Now = func() time.Time { return time.Unix(0, 0) }
		cfg.Fault = func(*shard.Batch) twinstore.Fault { return twinstore.Fault(random.IntN(7)) }
		store := open(t, cfg)
		for range 300 {
			id := random.IntN(cfg.Shards)
			token := acquire(t, store, id)
			b := move(id, token, head(t, store, id, token))
			b.ID = uuid.Must(uuid.NewRandomFromReader(rand.NewChaCha8([32]byte{byte(random.Uint32())})))
			b.Snapshots = []shard.Snapshot{{Actor: uuid.UUID{byte(random.Uint32())}, Position: b.Head, Resident: true}}
			store.Commit(b, func(err error) { log = append(log, token, errors.Is(err, shard.ErrUnknown), err == nil) })
			for random.IntN(2) == 0 {
				store.Step(random.IntN(3))
			}
		}
		for id := range cfg.Shards {
			recovery, err := store.Recover(t.Context(), id, acquire(t, store, id))
			log = append(log, recovery, err)
		}
		return log
	}
	if first, second := run(), run(); !reflect.DeepEqual(first, second) {
		t.Error("the same seed gave two histories")
	}
}

package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

// patience is how long a test waits for what must come before it fails.
const patience = 60 * time.Second

// rig is one test's store, and the watch over its dones.
type rig struct {
	*testing.T
	opened Opened
	store  shard.Store
	closed bool

	mu    sync.Mutex
	calls []*atomic.Int32 // how often each done was called
}

func newRig(t *testing.T, opened Opened) *rig {
	t.Helper()
	if n := opened.Store.Shards(); n < ShardsMin {
		t.Fatalf("the store has %d shards; the suite needs %d", n, ShardsMin)
	}
	return &rig{T: t, opened: opened, store: opened.Store}
}

// finish closes the store, whereupon each done must have been called exactly once.
func (r *rig) finish() {
	r.Helper()
	r.close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, calls := range r.calls {
		if n := calls.Load(); n != 1 {
			r.Errorf("done of batch %d was called %d times, want 1", i, n)
		}
	}
}

func (r *rig) close() {
	r.Helper()
	if r.closed {
		return
	}
	r.closed = true
	if err := r.store.Close(); err != nil {
		r.Fatalf("Close: %v", err)
	}
}

// reopen closes the store and opens the same contents.
func (r *rig) reopen() {
	r.Helper()
	r.close()
	r.store, r.closed = r.opened.Reopen(r.T), false
}

// start commits a batch and returns where its answer comes. It watches that done is called once.
func (r *rig) start(b *shard.Batch) <-chan error {
	calls, answer := new(atomic.Int32), make(chan error, 1)
	r.mu.Lock()
	r.calls = append(r.calls, calls)
	r.mu.Unlock()
	r.store.Commit(b, func(err error) {
		if calls.Add(1) == 1 {
			answer <- err
		}
	})
	return answer
}

// await returns the answer to a batch. It may be called by any goroutine.
func (r *rig) await(answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-time.After(patience):
		r.Errorf("done was not called within %v", patience)
		return shard.ErrUnknown
	}
}

func (r *rig) commit(b *shard.Batch) error { return r.await(r.start(b)) }

// must commits a batch that has to succeed.
func (r *rig) must(b *shard.Batch) {
	r.Helper()
	if err := r.commit(b); err != nil {
		r.Fatalf("commit of %d entries and %d snapshots behind %d: %v", len(b.Entries), len(b.Snapshots), b.Head, err)
	}
}

func (r *rig) acquire(id int) shard.Token {
	r.Helper()
	token, err := r.store.Acquire(r.Context(), id)
	if err != nil {
		r.Fatalf("Acquire(%d): %v", id, err)
	}
	return token
}

func (r *rig) recover(id int, token shard.Token) shard.Recovery {
	r.Helper()
	recovery, err := r.store.Recover(r.Context(), id, token)
	if err != nil {
		r.Fatalf("Recover(%d): %v", id, err)
	}
	return recovery
}

// owner is a model of one shard's owner: it makes batches, and remembers what the store must hold.
type owner struct {
	*rig
	id        int
	token     shard.Token
	head      uint64
	trimmed   uint64
	at        time.Time
	entries   []shard.Entry // all since the first
	snapshots map[shard.ID]shard.Snapshot
}

// own acquires an empty shard.
func (r *rig) own(id int) *owner {
	r.Helper()
	return &owner{rig: r, id: id, token: r.acquire(id), snapshots: make(map[shard.ID]shard.Snapshot)}
}

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// batch makes a batch of the owner's with one entry for each event, of the actor given.
func (o *owner) batch(actor shard.ID, events ...string) *shard.Batch {
	b := &shard.Batch{Shard: o.id, Token: o.token, ID: uuid.New(), Head: o.head}
	b.At = start.Add(time.Duration(o.head)*time.Second + 1234*time.Microsecond)
	for i, event := range events {
		b.Entries = append(b.Entries, shard.Entry{Position: o.head + 1 + uint64(i), Actor: actor, Event: []byte(event)})
	}
	return b
}

// with adds a snapshot to a batch, at the position of its last entry.
func with(b *shard.Batch, s shard.Snapshot) *shard.Batch {
	s.Position = b.Head + uint64(len(b.Entries))
	b.Snapshots = append(b.Snapshots, s)
	return b
}

// learn takes into the model that b is durable.
func (o *owner) learn(b *shard.Batch) {
	for _, entry := range b.Entries {
		o.head++
		entry.Position = o.head
		o.entries = append(o.entries, entry)
	}
	for _, snapshot := range b.Snapshots {
		o.snapshots[snapshot.Actor] = snapshot
	}
	o.at, o.trimmed = b.At, max(o.trimmed, b.Trim)
}

// put commits a batch that has to succeed and takes it into the model.
func (o *owner) put(b *shard.Batch) {
	o.Helper()
	o.must(b)
	o.learn(b)
}

// reacquire makes the model the new owner, as after a reopening.
func (o *owner) reacquire() {
	o.Helper()
	o.token = o.acquire(o.id)
}

// load returns the snapshot of an actor, or fails the test.
func (o *owner) load(actor shard.ID) shard.Snapshot {
	o.Helper()
	snapshot, err := o.store.Load(context.Background(), o.id, actor)
	if err != nil {
		o.Fatalf("Load: %v", err)
	}
	return snapshot
}

package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

func testShardsApart(r *rig) {
	actor := uuid.New()
	owners := make([]*owner, 4)
	for i := range owners {
		owners[i] = r.own(i)
	}
	for round := range 3 {
		for i, o := range owners {
			b := o.batch(actor, make([]string, i+1)...)
			if round == 2 && i%2 == 0 {
				b.Trim = o.head
			}
			o.put(with(b, shard.Snapshot{Actor: actor, State: fmt.Append(nil, i, round), Resident: i%2 == 0}))
		}
	}
	for _, o := range owners {
		o.check()
	}
	r.reopen()
	for _, o := range owners {
		o.check()
	}
}

// toil commits batches of every kind until one is not acknowledged or stop is closed, and returns that one.
func (o *owner) toil(batches int) (*shard.Batch, error) {
	actors := []shard.ID{uuid.New(), uuid.New(), uuid.New()}
	for i := range batches {
		actor := actors[i%len(actors)]
		b := o.batch(actor, make([]string, i%5)...)
		for k := range b.Entries {
			b.Entries[k].Event = fmt.Appendf(nil, "shard %d, batch %d, event %d", o.id, i, k)
		}
		if i%3 == 0 {
			with(b, shard.Snapshot{Actor: actor, State: fmt.Append(nil, i), Resident: i%2 == 0})
		}
		if i%10 == 9 {
			b.Trim = b.Head / 2
		}
		if err := o.commit(b); err != nil {
			return b, err
		}
		o.learn(b)
	}
	return nil, nil
}

func testConcurrent(r *rig) {
	owners := make([]*owner, min(r.store.Shards(), 32))
	for i := range owners {
		owners[i] = r.own(i)
	}
	var wg sync.WaitGroup
	for _, o := range owners {
		wg.Go(func() {
			if _, err := o.toil(60); err != nil {
				r.Errorf("shard %d: %v", o.id, err)
			}
		})
	}
	wg.Wait()
	for _, o := range owners {
		wg.Go(o.check)
	}
	wg.Wait()
	r.reopen()
	for _, o := range owners {
		o.check()
	}
}

// testFight lets owners take a shard from each other. Each knows what it was told; the journal must be what they were told
// together, without anything of what they were refused.
func testFight(r *rig) {
	const owners, rounds, batches = 4, 10, 5
	var (
		mu    sync.Mutex
		model = &owner{rig: r, id: 2, snapshots: make(map[shard.ID]shard.Snapshot)}
		wg    sync.WaitGroup
	)
	fight := func(name int) error {
		token, err := r.store.Acquire(r.Context(), model.id)
		if err != nil {
			return fmt.Errorf("acquire: %w", err)
		}
		recovery, err := r.store.Recover(r.Context(), model.id, token)
		if err != nil {
			return fmt.Errorf("recover: %w", err)
		}
		mine := &owner{rig: r, id: model.id, token: token, head: recovery.Head, snapshots: make(map[shard.ID]shard.Snapshot)}
		for i := range batches {
			b := mine.batch(uuid.New(), fmt.Sprint("owner ", name, ", batch ", i), "and another")
			if err := r.commit(b); err != nil {
				return err
			}
			mine.learn(b)
			mu.Lock()
			model.entries = append(model.entries, mine.entries[len(mine.entries)-2:]...)
			mu.Unlock()
		}
		return nil
	}
	for name := range owners {
		wg.Go(func() {
			for range rounds {
				if err := fight(name); err != nil && !errors.Is(err, shard.ErrFenced) {
					r.Errorf("owner %d: %v", name, err)
				}
			}
		})
	}
	wg.Wait()

	got := r.recover(model.id, r.acquire(model.id))
	if got.Head != uint64(len(model.entries)) || len(got.Entries) != len(model.entries) {
		r.Fatalf("the journal has %d entries and its head is %d; %d were acknowledged", len(got.Entries), got.Head, len(model.entries))
	}
	acknowledged := make(map[uint64]shard.Entry)
	for _, entry := range model.entries {
		acknowledged[entry.Position] = entry
	}
	for _, entry := range got.Entries {
		if !reflect.DeepEqual(entry, acknowledged[entry.Position]) {
			r.Errorf("entry %d is %q, acknowledged was %q", entry.Position, entry.Event, acknowledged[entry.Position].Event)
		}
	}
}

// testCommitInDone makes each batch in the done of the one before, as an owner may that has more to commit.
func testCommitInDone(r *rig) {
	o := r.own(2)
	const batches = 50
	result := make(chan error, 1)
	var next func(left int)
	next = func(left int) {
		b := o.batch(uuid.New(), "a")
		called := false
		r.store.Commit(b, func(err error) {
			if called {
				r.Error("done was called twice")
				return
			}
			called = true
			if err == nil {
				o.learn(b)
			}
			if err != nil || left == 1 {
				result <- err
				return
			}
			next(left - 1)
		})
	}
	next(batches)
	if err := r.await(result); err != nil {
		r.Fatalf("a batch committed within a done: %v", err)
	}
	if o.head != batches {
		r.Errorf("head is %d, want %d", o.head, batches)
	}
	o.check()
}

// testBatchMemory writes over all that a batch points to once done was called, and wants the batch unchanged before.
func testBatchMemory(r *rig) {
	o := r.own(2)
	for range 3 {
		actor := uuid.New()
		b := with(o.batch(actor, "first event", "second event"), shard.Snapshot{Actor: actor, State: []byte("state"),
			Tail: [][]byte{[]byte("tail one"), []byte("tail two")}, Resident: true})
		kept := copyBatch(b)
		o.must(b)
		if !reflect.DeepEqual(b, kept) {
			r.Error("the store changed the batch")
		}
		for i := range b.Entries {
			clear(b.Entries[i].Event)
			b.Entries[i] = shard.Entry{}
		}
		clear(b.Snapshots[0].State)
		clear(b.Snapshots[0].Tail[0])
		b.Snapshots[0].Tail[1] = nil
		b.Snapshots[0] = shard.Snapshot{}
		*b = shard.Batch{}
		o.learn(kept)
		o.check()
	}
	o.reopen()
	o.check()
}

// testRecoveryMemory writes over what the store returned.
func testRecoveryMemory(r *rig) {
	o := r.own(2)
	actor := uuid.New()
	o.put(with(o.batch(actor, "event"), shard.Snapshot{Actor: actor, State: []byte("state"), Tail: [][]byte{[]byte("tail")},
		Resident: true}))
	o.check()
	recovery, snapshot := o.recover(o.id, o.token), o.load(actor)
	if r.Failed() {
		return
	}
	for _, s := range append(recovery.Snapshots, snapshot) {
		clear(s.State)
		clear(s.Tail[0])
		s.Tail[0] = nil
	}
	clear(recovery.Entries[0].Event)
	o.check()
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

func testAcquire(r *rig) {
	first, other, second := r.acquire(3), r.acquire(4), r.acquire(3)
	if first.Epoch == 0 || other.Epoch == 0 {
		r.Errorf("an epoch is 0, which is nobody's: %v, %v", first, other)
	}
	if second.Epoch <= first.Epoch {
		r.Errorf("the epoch went from %d to %d, want it to grow", first.Epoch, second.Epoch)
	}
	if first.Owner == second.Owner || first.Owner == other.Owner || first.Owner == uuid.Nil {
		r.Errorf("owners %s, %s and %s, want three new ones", first.Owner, other.Owner, second.Owner)
	}
}

func testEmpty(r *rig) {
	r.own(0).check()
	if last := r.own(r.store.Shards() - 1); last.recover(last.id, last.token).Head != 0 {
		r.Error("the head of an untouched shard is not 0")
	}
}

func testShardRange(r *rig) {
	for _, id := range []int{-1, r.store.Shards()} {
		if _, err := r.store.Acquire(r.Context(), id); err == nil {
			r.Errorf("Acquire(%d) succeeds", id)
		}
		if _, err := r.store.Recover(r.Context(), id, shard.Token{Epoch: 1}); err == nil {
			r.Errorf("Recover(%d) succeeds", id)
		}
		if _, err := r.store.Load(r.Context(), id, uuid.New()); err == nil || errors.Is(err, shard.ErrNoSnapshot) {
			r.Errorf("Load(%d) says %v, want another error", id, err)
		}
		if _, err := r.store.Read(r.Context(), id, 0, 1); err == nil {
			r.Errorf("Read(%d) succeeds", id)
		}
		if err := r.commit(&shard.Batch{Shard: id, Token: shard.Token{Epoch: 1}, ID: uuid.New()}); err == nil {
			r.Errorf("Commit to shard %d succeeds", id)
		}
	}
}

func testContext(r *rig) {
	o := r.own(0)
	o.put(with(o.batch(uuid.New(), "a"), shard.Snapshot{Actor: uuid.New()}))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.store.Acquire(ctx, 1); !errors.Is(err, context.Canceled) {
		r.Errorf("Acquire says %v, want %v", err, context.Canceled)
	}
	if _, err := r.store.Recover(ctx, 0, o.token); !errors.Is(err, context.Canceled) {
		r.Errorf("Recover says %v, want %v", err, context.Canceled)
	}
	if _, err := r.store.Load(ctx, 0, uuid.New()); !errors.Is(err, context.Canceled) {
		r.Errorf("Load says %v, want %v", err, context.Canceled)
	}
	if _, err := r.store.Read(ctx, 0, 0, 1); !errors.Is(err, context.Canceled) {
		r.Errorf("Read says %v, want %v", err, context.Canceled)
	}
}

func testPositions(r *rig) {
	o := r.own(1)
	for i := range 20 {
		o.put(o.batch(uuid.New(), make([]string, i%4)...))
	}
	if o.head != 30 {
		r.Fatalf("the test has made %d entries, want 30", o.head)
	}
	o.check()
}

func testPositionsUnset(r *rig) {
	o := r.own(1)
	for range 3 {
		b := o.batch(uuid.New(), "a", "b")
		for i := range b.Entries {
			b.Entries[i].Position = 0
		}
		o.put(b)
	}
	o.check()
}

func testAtomic(r *rig) {
	o := r.own(2)
	actor := uuid.New()
	o.put(with(o.batch(actor, "a", "b"), shard.Snapshot{Actor: actor, State: []byte("ab"), Resident: true}))
	o.check()

	stranger := with(o.batch(uuid.New(), "x"), shard.Snapshot{Actor: actor, State: []byte("x")})
	stranger.Token.Owner, stranger.Trim, stranger.At = uuid.New(), 3, start.Add(time.Hour)
	o.refused(stranger, shard.ErrFenced)
	late := with(o.batch(uuid.New(), "x"), shard.Snapshot{Actor: actor, State: []byte("x")})
	late.Head, late.Entries[0].Position, late.Snapshots[0].Position = 1, 2, 2
	late.Trim, late.At = 2, start.Add(time.Hour)
	o.refused(late, shard.ErrHead)
}

func testSnapshotsOnly(r *rig) {
	o := r.own(2)
	first, second := uuid.New(), uuid.New()
	o.put(with(o.batch(first), shard.Snapshot{Actor: first, State: []byte("before any entry"), Resident: true}))
	o.check()
	o.put(o.batch(second, "a", "b"))
	o.put(with(with(o.batch(first), shard.Snapshot{Actor: first, State: []byte("later")}),
		shard.Snapshot{Actor: second, State: []byte("ab")}))
	o.check()
	o.put(o.batch(second, "c"))
	o.check()
}

func testEmptyBatch(r *rig) {
	o := r.own(2)
	o.put(o.batch(uuid.New()))
	o.check()
	o.put(o.batch(uuid.New(), "a"))
	b := o.batch(uuid.New())
	b.At = start.Add(time.Hour)
	o.put(b)
	o.check()
	b = o.batch(uuid.New(), "b")
	b.At = time.Time{}
	o.put(b)
	o.check()
}

func testHead(r *rig) {
	o := r.own(2)
	o.put(o.batch(uuid.New(), "a", "b", "c"))
	for _, head := range []uint64{0, 2, 4, 1000} {
		b := o.batch(uuid.New(), "x")
		b.Head, b.Entries[0].Position = head, head+1
		o.refused(b, shard.ErrHead)
		b = o.batch(uuid.New())
		b.Head = head
		o.refused(b, shard.ErrHead)
	}
	o.put(o.batch(uuid.New(), "d"))
	o.check()
}

// testMalformed puts batches that no owner should make. Whatever the answer is, it is no success, and nothing changed.
func testMalformed(r *rig) {
	o := r.own(2)
	o.put(o.batch(uuid.New(), "a", "b", "c"))
	actor := uuid.New()
	for name, spoil := range map[string]func(*shard.Batch){
		"no id":                     func(b *shard.Batch) { b.ID = shard.BatchID{} },
		"a position of the past":    func(b *shard.Batch) { b.Entries[0].Position = 1 },
		"a gap":                     func(b *shard.Batch) { b.Entries[1].Position += 1 },
		"a snapshot of the future":  func(b *shard.Batch) { b.Snapshots[0].Position = 6 },
		"a trim of what is to come": func(b *shard.Batch) { b.Trim = 6 },
	} {
		b := with(o.batch(actor, "x", "y"), shard.Snapshot{Actor: actor})
		spoil(b)
		if err := o.commit(b); err == nil {
			r.Errorf("%s: the batch is accepted", name)
		}
		o.check()
	}
	o.put(o.batch(actor, "d"))
	o.check()
}

func testContents(r *rig) {
	o := r.own(5)
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	for i, snapshot := range []shard.Snapshot{
		{State: nil, Tail: nil},
		{State: []byte("state"), Tail: [][]byte{[]byte("first"), {}, []byte("third"), binary}, Resident: true},
		{State: nil, Tail: [][]byte{[]byte("from the start")}},
		{State: binary, Resident: true, Expires: time.Now().Add(time.Hour).Truncate(time.Millisecond)},
	} {
		snapshot.Actor = uuid.New()
		o.put(with(o.batch(snapshot.Actor, "", string(binary), fmt.Sprint("event ", i)), snapshot))
	}
	o.check()
	o.put(with(o.batch(uuid.Nil, "of the zero actor"), shard.Snapshot{Actor: uuid.Nil, State: []byte("zero")}))
	o.put(o.batch(uuid.Max, "of the last actor"))
	o.check()
}

func testManyEntries(r *rig) {
	o := r.own(6)
	events := make([]string, 5000)
	for i := range events {
		events[i] = fmt.Sprintf("%d:%s", i, strings.Repeat("x", i%150))
	}
	o.put(o.batch(uuid.New(), "before"))
	o.put(o.batch(uuid.New(), events...))
	o.put(o.batch(uuid.New(), "after"))
	o.check()
}

func testLargeValues(r *rig) {
	o := r.own(6)
	large := strings.Repeat("0123456789abcdef", 1<<16)
	actor := uuid.New()
	o.put(with(o.batch(actor, "small", large, "small"), shard.Snapshot{Actor: actor, State: []byte(large),
		Tail: [][]byte{[]byte(large)}}))
	o.check()
	o.put(o.batch(actor, large))
	o.check()
}

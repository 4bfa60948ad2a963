package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

func testReplace(r *rig) {
	o := r.own(1)
	actor, other := uuid.New(), uuid.New()
	for i := range 10 {
		s := shard.Snapshot{Actor: actor, State: fmt.Appendf(nil, "state %d", i), Resident: i%3 == 0}
		if i%2 == 0 {
			s.Tail = [][]byte{fmt.Appendf(nil, "tail %d", i)}
		}
		o.put(with(o.batch(actor, "a"), s))
		o.check()
		if i == 4 {
			o.put(with(o.batch(other, "b"), shard.Snapshot{Actor: other, State: []byte("stays")}))
		}
	}
	o.reopen()
	o.check()
}

func testRecoverSnapshots(r *rig) {
	o := r.own(1)
	resident, covered, behind, gone := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	none := uuid.New()
	o.put(with(o.batch(resident, "a"), shard.Snapshot{Actor: resident, State: []byte("1"), Resident: true}))
	o.put(with(o.batch(gone, "a"), shard.Snapshot{Actor: gone, State: []byte("2")}))
	o.put(with(o.batch(behind, "a"), shard.Snapshot{Actor: behind, State: []byte("3")}))
	trim := o.batch(none)
	trim.Trim = o.head
	o.put(trim)
	o.check()

	o.put(with(o.batch(covered, "a", "b"), shard.Snapshot{Actor: covered, State: []byte("4")}))
	o.put(o.batch(behind, "b"))
	o.put(o.batch(none, "a"))
	o.check()

	// A resident that is not any more, and one that becomes it, without any entry.
	o.put(with(with(o.batch(none), shard.Snapshot{Actor: resident, State: []byte("5")}),
		shard.Snapshot{Actor: gone, State: []byte("6"), Resident: true}))
	o.check()
	trim = o.batch(none)
	trim.Trim = o.head
	o.put(trim)
	o.check()
	o.reopen()
	o.check()
	o.reacquire()
	o.check()
}

func testLoad(r *rig) {
	o, other := r.own(1), r.own(2)
	actor, resident, bare := uuid.New(), uuid.New(), uuid.New()
	if _, err := r.store.Load(r.Context(), 1, actor); !errors.Is(err, shard.ErrNoSnapshot) {
		r.Errorf("Load before any snapshot says %v, want %v", err, shard.ErrNoSnapshot)
	}
	o.put(with(with(o.batch(bare, "a"), shard.Snapshot{Actor: actor, State: []byte("at rest")}),
		shard.Snapshot{Actor: resident, State: []byte("resident"), Resident: true}))
	other.put(with(other.batch(actor, "a"), shard.Snapshot{Actor: actor, State: []byte("the other shard's")}))
	for range 2 {
		if got := o.load(actor); string(got.State) != "at rest" {
			r.Errorf("Load returns %q", got.State)
		}
		if got := o.load(resident); string(got.State) != "resident" || !got.Resident {
			r.Errorf("Load returns %q, resident %v", got.State, got.Resident)
		}
		if got := other.load(actor); string(got.State) != "the other shard's" {
			r.Errorf("Load returns %q", got.State)
		}
		for _, missing := range []struct {
			id    int
			actor shard.ID
		}{{1, bare}, {2, resident}, {3, actor}, {1, uuid.New()}, {1, uuid.Nil}, {1, uuid.Max}} {
			if _, err := r.store.Load(r.Context(), missing.id, missing.actor); !errors.Is(err, shard.ErrNoSnapshot) {
				r.Errorf("Load(%d, %s) says %v, want %v", missing.id, missing.actor, err, shard.ErrNoSnapshot)
			}
		}
		r.reopen()
	}
}

func testRead(r *rig) {
	o, other := r.own(1), r.own(2)
	read := func(id int, after uint64, limit int) []shard.Entry {
		r.Helper()
		entries, err := r.store.Read(r.Context(), id, after, limit)
		if err != nil {
			r.Fatalf("Read(%d, %d, %d): %v", id, after, limit, err)
		}
		return entries
	}
	sameEntries(r.T, read(1, 0, 10), nil)
	for range 5 {
		o.put(o.batch(uuid.New(), "a", "b", "c"))
		other.put(other.batch(uuid.New(), "other"))
	}
	for range 2 {
		sameEntries(r.T, read(1, 0, 100), o.entries)
		sameEntries(r.T, read(1, 0, 15), o.entries)
		sameEntries(r.T, read(1, 0, 4), o.entries[:4])
		sameEntries(r.T, read(1, 4, 4), o.entries[4:8])
		sameEntries(r.T, read(1, 12, 4), o.entries[12:])
		sameEntries(r.T, read(1, 4, 0), nil)
		sameEntries(r.T, read(1, 15, 4), nil)
		sameEntries(r.T, read(1, 1000, 4), nil)
		sameEntries(r.T, read(2, 0, 100), other.entries)
		sameEntries(r.T, read(3, 0, 100), nil)
		r.reopen()
	}
	b := o.batch(uuid.New())
	b.Trim = 7
	o.put(b)
	sameEntries(r.T, read(1, 7, 3), o.entries[7:10])
	all := read(1, 0, 100)
	o.checkEntries(all)
	sameEntries(r.T, read(1, 0, 2), all[:2])
	clear(all[0].Event)
	o.checkEntries(read(1, 0, 100))
}

func testTrim(r *rig) {
	o := r.own(1)
	for i := range 30 {
		b := o.batch(uuid.New(), "a", "b", "c")
		if i%3 == 2 {
			b.Trim = b.Head - 2
		}
		o.put(b)
		o.check()
	}
	o.reopen()
	o.check()
}

func testTrimBounds(r *rig) {
	o := r.own(1)
	o.put(o.batch(uuid.New(), "a", "b", "c", "d"))
	b := o.batch(uuid.New(), "e")
	b.Trim = 3
	o.put(b)
	b = o.batch(uuid.New(), "f")
	b.Trim = 1
	o.put(b)
	o.check()
	b = o.batch(uuid.New(), "x")
	b.Trim = o.head + 2
	if err := o.commit(b); err == nil {
		o.Error("a batch may trim what is not there yet")
	}
	o.check()
	o.put(o.batch(uuid.New(), "g", "h", "i"))
	o.check()
}

func testTrimAll(r *rig) {
	o := r.own(1)
	b := o.batch(uuid.New(), "a", "b", "c")
	b.Trim = 3 // its own entries too
	o.put(b)
	o.check()
	o.reopen()
	o.check()
	o.put(o.batch(uuid.New(), "d"))
	o.check()
	o.reopen()
	o.reacquire()
	o.check()
}

func testExpire(r *rig) {
	o := r.own(1)
	soon, resident, later, never := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	now := time.Now().Truncate(time.Millisecond)
	b := o.batch(soon, "a")
	for _, s := range []shard.Snapshot{
		{Actor: soon, Expires: now.Add(time.Hour)},
		{Actor: resident, Expires: now.Add(time.Hour), Resident: true},
		{Actor: later, Expires: now.Add(24 * time.Hour)},
		{Actor: never, Resident: true},
	} {
		with(b, s)
	}
	b.Trim = 1
	o.put(b)
	o.check()
	if r.opened.Pass == nil {
		return
	}
	r.opened.Pass(r.T, 55*time.Minute)
	o.check()
	r.opened.Pass(r.T, 15*time.Minute)
	o.gone(soon)
	o.gone(resident)
	delete(o.snapshots, soon)
	delete(o.snapshots, resident)
	o.check()
	r.reopen()
	o.gone(soon)
	o.check()
}

// testExpireEntries is about the actor whose entries are still there, because they wait for the relay: with the snapshot
// forgotten they would be taken for the whole of it.
func testExpireEntries(r *rig) {
	o := r.own(1)
	actor := uuid.New()
	b := o.batch(actor, "a", "b")
	b.Trim = 1
	o.put(with(b, shard.Snapshot{Actor: actor, State: []byte("ab"), Expires: time.Now().Add(time.Hour).Truncate(time.Millisecond)}))
	o.check()
	if r.opened.Pass == nil {
		return
	}
	r.opened.Pass(r.T, 2*time.Hour)
	recovery := r.recover(1, o.token)
	for _, entry := range recovery.Entries {
		if entry.Actor == actor && len(recovery.Snapshots) == 0 {
			r.Errorf("entry %d of an actor whose snapshot is forgotten", entry.Position)
		}
	}
	o.checkEntries(recovery.Entries)
	b = o.batch(uuid.New())
	b.Trim = 2
	o.put(b)
	r.opened.Pass(r.T, 10*time.Minute)
	o.gone(actor)
}

func testExpireRevoked(r *rig) {
	o := r.own(1)
	kept, extended := uuid.New(), uuid.New()
	now := time.Now().Truncate(time.Millisecond)
	o.put(with(with(o.batch(uuid.New()), shard.Snapshot{Actor: kept, Expires: now.Add(time.Hour)}),
		shard.Snapshot{Actor: extended, Expires: now.Add(time.Hour)}))
	o.put(with(with(o.batch(uuid.New()), shard.Snapshot{Actor: kept}),
		shard.Snapshot{Actor: extended, Expires: now.Add(3 * time.Hour)}))
	o.check()
	if r.opened.Pass == nil {
		return
	}
	r.opened.Pass(r.T, 2*time.Hour)
	o.check()
	r.opened.Pass(r.T, 2*time.Hour)
	o.gone(extended)
	if _, err := r.store.Load(context.Background(), 1, kept); err != nil {
		r.Errorf("Load of the actor that does not expire any more: %v", err)
	}
}

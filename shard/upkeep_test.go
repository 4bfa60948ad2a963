package shard_test

import (
	"context"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
)

// stored is the snapshot that the store has of an actor, or nil.
func (r *rig) stored(id shard.ID) *shard.Snapshot {
	r.Helper()
	snapshot, err := r.store.Load(context.Background(), 0, id)
	if err != nil {
		return nil
	}
	return &snapshot
}

// journal is the positions of the entries in the journal.
func (r *rig) journal() (positions []uint64) {
	r.Helper()
	entries, err := r.store.Read(context.Background(), 0, 0, 1<<20)
	must(r, err)
	for _, each := range entries {
		positions = append(positions, each.Position)
	}
	return positions
}

func TestSnapshotAfterEvents(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shard.SnapshotEvents = 3 })
	for i := range uint64(7) {
		r.done(a, note{i})
	}
	r.metricIs("snapshots_total", 2)
	if got := r.stored(a); got.Position != 6 || len(got.State) != 6*eventLen {
		t.Fatalf("the snapshot is at %d with %d bytes, want 6 with %d", got.Position, len(got.State), 6*eventLen)
	}
	r.crash(0)
	r.stepAll()
	r.notes(a, 0, 1, 2, 3, 4, 5, 6)
}

// A snapshot is in the batch of the events that it covers, or behind it; and a batch has one of an actor, the last.
func TestSnapshotIsNeverAhead(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shard.SnapshotEvents = 2 })
	r.send(a, note{1})
	for i := range uint64(5) {
		r.send(a, note{2 + i})
	}
	r.waiting(1)
	if batch := r.store.Pending()[0]; len(batch.Snapshots) != 0 {
		t.Fatalf("the batch under way has snapshots %v", batch.Snapshots)
	}
	r.step()
	batch := r.store.Pending()[0]
	if len(batch.Snapshots) != 1 || batch.Snapshots[0].Position != batch.Head+5 || len(batch.Snapshots[0].State) != 6*eventLen {
		t.Fatalf("the second batch has snapshots %+v, want one of all six events", batch.Snapshots)
	}
	r.crash(0) // before the batch is durable
	r.stepAll()
	r.notes(a, 1)
}

func TestSnapshotAfterAWhile(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual, s.shard.PassivateAfter = false, time.Hour })
	r.send(a, note{1})
	r.clock.pass(4 * time.Minute)
	if r.stored(a) != nil {
		t.Fatal("a snapshot after four minutes, want it after five")
	}
	r.clock.pass(time.Minute + 10*time.Second)
	if got := r.stored(a); got == nil || got.Position != 1 {
		t.Fatalf("the snapshot after five minutes is %+v", got)
	}
	r.clock.pass(time.Hour)
	r.metricIs("snapshots_total", 1) // nothing new to snapshot
}

func TestPassivation(t *testing.T) {
	r := newRig(t, nil)
	r.done(a, note{1})
	r.done(b, wake{r.clock.Now().Add(time.Hour)})
	r.done(c, stays{true})
	r.clock.pass(2*time.Minute + 6*time.Second)
	if r.node.Loaded() != 3 {
		t.Fatalf("%d actors in memory while their snapshots are on the way, want 3", r.node.Loaded())
	}
	// A command that comes meanwhile is decided on, and the actor stays.
	w := r.send(a, note{2})
	r.stepAll()
	w.is(t, uint32(2))
	r.clock.pass(2*time.Minute + 10*time.Second)
	r.stepAll()
	r.clock.pass(10 * time.Second)
	r.stepAll()
	if r.node.Loaded() != 2 {
		t.Fatalf("%d actors in memory, want the one with a deadline and the one that stays", r.node.Loaded())
	}
	r.metricIs("passivated_total", 1)
	// Back from the store, while several wait.
	ws := []*answer{{}, {}, {}}
	for i, w := range ws {
		must(t, r.node.Send(shard.Command{Actor: a, Body: note{uint64(10 + i)}, Sender: w}))
	}
	r.stepAll()
	for i, w := range ws {
		w.is(t, uint32(3+i))
	}
	r.notes(a, 1, 2, 10, 11, 12)
	if visible := len(r.world.of(a, "thaw")); visible != 0 {
		t.Fatal("an actor that was asked for after it had left memory is thawed")
	}
	r.done(c, stays{false})
	r.clock.pass(3 * time.Minute)
	r.stepAll()
	r.clock.pass(time.Minute)
	if r.node.Loaded() != 1 {
		t.Fatalf("%d actors in memory, want the one with a deadline", r.node.Loaded())
	}
}

// Whoever takes the shard over has just those in memory that wait for something, or that no snapshot covers.
func TestResident(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual, s.shard.SnapshotEvents = false, 2 })
	deadline := r.clock.Now().Add(24 * time.Hour)
	r.done(a, note{1})
	r.done(a, wake{deadline}) // in a snapshot, with a deadline
	r.done(b, note{1})
	r.done(b, note{2}) // in a snapshot, without
	r.done(c, wake{deadline})
	r.done(c, note{1}) // in a snapshot with a deadline,
	r.done(c, wake{})
	r.done(c, note{2}) // and then in one without
	r.clock.pass(10 * time.Minute)
	r.done(d, note{1}) // in no snapshot
	r.crash(0)
	r.metricIs("restored_total", 2)
	r.metricIs("actors", 2)
	r.notes(a, 1)
	r.notes(d, 1)
	r.metricIs("loads_total", 0)
	r.notes(b, 1, 2)
	r.notes(c, 1, 2)
	r.metricIs("loads_total", 2)
}

// waker is a ledger whose deadline is not known before its events are visible.
type waker struct {
	*ledger
	visible time.Time
}

func (w *waker) Visible(now time.Time) { w.visible = now }

func (w *waker) Needs() shard.Needs {
	if w.visible.IsZero() {
		return shard.Needs{}
	}
	return shard.Needs{Deadline: w.visible.Add(10 * time.Minute)}
}

type wakers struct{ *world }

func (w *wakers) New(id shard.ID) shard.Actor { return &waker{ledger: w.world.New(id).(*ledger)} }

func (w *wakers) Restore(id shard.ID, snapshot []byte) (shard.Actor, error) {
	l, err := w.world.Restore(id, snapshot)
	if err != nil {
		return nil, err
	}
	return &waker{ledger: l.(*ledger)}, nil
}

// A deadline that comes up after the snapshot was written makes the actor resident nonetheless.
func TestResidentByLateDeadline(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual, s.shard.SnapshotEvents = false, 1 })
	r.actors = &wakers{r.world}
	r.crash(0)
	r.done(a, note{1})
	if got := r.stored(a); got == nil || !got.Resident {
		t.Fatalf("the snapshot is %+v, want it resident", got)
	}
}

// Commands for actors that do not exist leave nothing behind, and do not cost a goroutine each.
func TestNobody(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shard.MailboxLen = 100 })
	refused := 0
	for i := range 1000 {
		w := &answer{}
		must(t, r.node.Send(shard.Command{Actor: shard.ID{1, byte(i), byte(i >> 8)}, Body: look{}, Sender: w}))
		if w.times == 1 {
			w.fails(t, shard.ErrUnavailable)
			refused++
		}
	}
	if _, beside := r.clock.count(); beside > 8 {
		t.Fatalf("%d actors are read from the store side by side", beside)
	}
	if refused != 900 || r.node.Loaded() != 100 {
		t.Fatalf("%d commands refused, %d actors in memory, want 900 and 100", refused, r.node.Loaded())
	}
	r.clock.settle()
	if r.node.Loaded() != 0 {
		t.Fatalf("%d actors in memory that never had an event", r.node.Loaded())
	}
	for i := range 1000 {
		r.send(shard.ID{1, byte(i), byte(i >> 8)}, look{}).ok(t)
	}
	if r.node.Loaded() != 0 {
		t.Fatalf("%d actors in memory that never had an event", r.node.Loaded())
	}
	r.waiting(0)
}

// Many commands for the same nobody cost one look into the store.
func TestNobodyTwice(t *testing.T) {
	r := newRig(t, nil)
	for range 50 {
		must(t, r.node.Send(shard.Command{Actor: a, Body: look{}}))
	}
	r.clock.settle()
	r.metricIs("loads_total", 1)
	// A nobody that comes into being among them is somebody.
	ws := []*answer{{}, {}, {}}
	for i, body := range []any{look{}, note{1}, look{}} {
		must(t, r.node.Send(shard.Command{Actor: a, Body: body, Sender: ws[i]}))
	}
	r.stepAll()
	ws[1].is(t, uint32(1))
	if n := len(ws[2].reply.([]event)); n != 1 {
		t.Fatalf("the second look shows %d events, want 1", n)
	}
}

// The journal is trimmed up to the first entry that no snapshot covers.
func TestTrim(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual, s.shard.SnapshotEvents, s.shard.SnapshotInterval = false, 10, time.Hour })
	r.done(b, many{15})
	r.done(a, note{1}) // 16
	r.done(b, many{100})
	r.clock.pass(10 * time.Second)
	if first := r.journal()[0]; first != 1 {
		t.Fatalf("the journal begins at %d, want 1: not enough is free", first)
	}
	r.done(a, wake{r.clock.Now().Add(24 * time.Hour)})
	for i := range uint64(7) {
		r.done(a, note{2 + i})
	}
	r.clock.pass(10 * time.Second)
	if first := r.journal()[0]; first != 1 {
		t.Fatalf("the journal begins at %d, want 1: it has an entry that no snapshot covers", first)
	}
	r.done(a, note{100}) // the tenth: it is snapshotted
	r.done(b, note{1})
	last := r.journal()[len(r.journal())-1]
	r.clock.pass(10 * time.Second)
	if got := r.journal(); len(got) != 1 || got[0] != last {
		t.Fatalf("the journal has %v, want %d", got, last)
	}
	r.crash(0)
	r.stepAll()
	r.notes(a, 1, 2, 3, 4, 5, 6, 7, 8, 100)
}

// An actor that the store has forgotten, or may forget at any time, comes to new life with all that it was.
func TestEventAfterExpiry(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual = false })
	r.done(a, note{1})
	r.done(a, end{})
	r.clock.pass(3 * time.Minute) // in a snapshot that expires, out of memory
	r.done(a, look{})
	r.done(b, many{300}) // for the trim
	for range 70 {
		r.clock.pass(time.Minute)
		r.done(a, look{}) // somebody always looks
	}
	if r.stored(a) != nil {
		t.Fatal("the store has not forgotten the snapshot")
	}
	r.done(a, note{2})
	r.crash(0)
	r.notes(a, 1, 2)
}

func TestUpkeepIsBounded(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual, s.shard.SnapshotInterval = false, 5*time.Second })
	for i := range 1000 {
		r.send(shard.ID{1, byte(i), byte(i >> 8)}, note{1})
	}
	for i := range 4 {
		before := r.metric("snapshots_total")
		r.clock.pass(5 * time.Second)
		if n := r.metric("snapshots_total") - before; i > 0 && (n == 0 || n > 256) {
			t.Fatalf("%v snapshots in one upkeep, want some, at most 256", n)
		}
	}
	r.clock.pass(20 * time.Second)
	r.metricIs("snapshots_total", 1000)
}

package shard_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
)

// An actor that panics costs that command. What it had done before is there again, and nothing else.
func TestPanicCostsOneCommand(t *testing.T) {
	for _, where := range []string{"receive", "needs"} {
		t.Run(where, func(t *testing.T) {
			r := newRig(t, nil)
			r.done(a, note{1})
			r.world.order(where, 1)
			w := r.send(a, note{2})
			w.fails(t, shard.ErrInternal)
			r.waiting(0)
			r.notes(a, 1)
			if seq := r.done(a, note{3}); seq != uint32(2) {
				t.Fatalf("the next note has seq %v, want 2", seq)
			}
			r.metricIs("panics_total", 1)
			r.crash(0)
			r.stepAll()
			r.notes(a, 1, 3)
		})
	}
}

// A panic's answer says nothing before what came earlier is durable, and what came earlier is not lost.
func TestPanicBehindBatches(t *testing.T) {
	r := newRig(t, nil)
	w1 := r.send(a, note{1})
	w2 := r.send(a, note{2})
	r.world.order("receive", 1)
	w3 := r.send(a, note{3})
	w4 := r.send(a, note{4}) // waits for the actor to be mended
	for _, w := range []*answer{w1, w2, w3, w4} {
		w.none(t)
	}
	r.step()
	w1.is(t, uint32(1))
	w3.none(t)
	r.step()
	w2.is(t, uint32(2))
	w3.fails(t, shard.ErrInternal)
	w4.none(t)
	r.step()
	w4.is(t, uint32(3))
	r.notes(a, 1, 2, 4)
	r.said.is(t, one(a, 1), one(a, 2), one(a, 3))
}

// An actor that fails again is shut off. Its journal is kept, and does not hold up that of the others.
func TestSecondPanicQuarantines(t *testing.T) {
	r := newRig(t, nil)
	for i := range uint64(5) {
		r.done(a, note{i})
	}
	for range 2 {
		r.world.order("receive", 1)
		r.send(a, note{100}).fails(t, shard.ErrInternal)
		r.stepAll()
	}
	for range 3 {
		r.send(a, look{}).fails(t, shard.ErrInternal)
	}
	r.metricIs("quarantined_total", 1)
	r.done(b, many{300})
	r.clock.pass(10 * time.Minute)
	r.stepAll()
	r.clock.pass(time.Minute)
	r.stepAll()
	if entries, err := r.store.Read(r.Context(), 0, 0, 1000); err != nil || len(entries) > 0 {
		t.Fatalf("%d entries are left in the journal (%v), want none", len(entries), err)
	}
	r.send(a, look{}).fails(t, shard.ErrInternal) // and it stays shut off
	r.crash(0)
	r.stepAll()
	r.notes(a, 0, 1, 2, 3, 4)
}

// Nobody serves an actor that is shut off: the next owner charges nobody for that time.
func TestQuarantineIsNobodysTime(t *testing.T) {
	r := newRig(t, nil)
	r.done(a, wake{r.clock.Now().Add(time.Hour)})
	r.clock.pass(time.Second)
	var alive time.Time
	for range 2 {
		alive = r.clock.Now()
		r.world.order("receive", 1)
		r.send(a, note{1}).fails(t, shard.ErrInternal)
		r.stepAll()
	}
	r.metricIs("quarantined_total", 1)
	for range 2 { // and the owner after the next, if the actor still cannot be read
		r.clock.pass(time.Minute)
		r.done(b, note{uint64(r.clock.Now().Unix())})
		r.world.order("restore", 1)
		r.world.order("new", 1)
		r.crash(time.Minute)
		r.stepAll()
	}
	r.world.order("restore", 0)
	r.world.order("new", 0)
	r.world.calls = nil
	r.crash(time.Minute)
	r.thaws("in service again", 1, alive)
}

// An actor whose journal cannot be read is shut off as well, wherever that shows.
func TestJournalThatCannotBeRead(t *testing.T) {
	tests := map[string]struct {
		snapshot bool // there is a snapshot of the actor
		break_   func(w *world)
		mend     func(w *world)
	}{
		"panic in apply":   {false, func(w *world) { w.order("apply", 1000) }, func(w *world) { w.order("apply", 0) }},
		"error of apply":   {false, func(w *world) { w.refuse = errors.New("as ordered") }, func(w *world) { w.refuse = nil }},
		"panic in new":     {false, func(w *world) { w.order("new", 1000) }, func(w *world) { w.order("new", 0) }},
		"panic in restore": {true, func(w *world) { w.order("restore", 1000) }, func(w *world) { w.order("restore", 0) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.done(a, note{1})
			if test.snapshot {
				r.clock.pass(2*time.Minute + 10*time.Second)
				r.stepAll()
			}
			r.done(a, note{2})
			test.break_(r.world)
			r.crash(0)
			r.stepAll()
			for range 2 {
				r.send(a, look{}).fails(t, shard.ErrInternal)
			}
			r.clock.pass(10 * time.Minute)
			r.stepAll()
			test.mend(r.world)
			r.send(a, look{}).fails(t, shard.ErrInternal)
			if r.send(b, look{}); r.node.Loaded() != 1 {
				t.Fatalf("%d actors in memory, want the one that is quarantined", r.node.Loaded())
			}
			r.crash(0)
			r.stepAll()
			r.notes(a, 1, 2)
		})
	}
}

// A commit goes on although an actor fails at hearing of it.
func TestPanicInVisible(t *testing.T) {
	r := newRig(t, nil)
	r.world.order("visible", 1)
	w, other := r.send(a, note{1}), r.send(b, note{1})
	r.stepAll()
	w.is(t, uint32(1))
	other.is(t, uint32(1))
	r.said.is(t, one(a, 1), one(b, 1))
	r.notes(a, 1)
	r.metricIs("panics_total", 1)
	r.metricIs("quarantined_total", 0)
}

func TestPanicInSnapshot(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shard.SnapshotEvents = 3 })
	r.done(a, note{1})
	r.done(a, note{2})
	r.world.order("snapshot", 1)
	w := r.send(a, note{3})
	r.stepAll()
	w.is(t, uint32(3)) // it was decided on before
	r.said.is(t, one(a, 1), one(a, 2), one(a, 3))
	r.notes(a, 1, 2, 3)
	r.crash(0)
	r.stepAll()
	r.notes(a, 1, 2, 3)
}

// A broken actor comes back even if the store could not read it at first, with all that it had.
func TestBrokenActorOutlivesTheStoresTroubles(t *testing.T) {
	trouble := false
	r := newRig(t, func(s *setup) {
		s.wrap = func(inner shard.Store) shard.Store { return &badReads{inner, &trouble} }
	})
	r.done(a, note{1})
	r.done(a, wake{r.clock.Now().Add(time.Minute)})
	r.world.order("receive", 1)
	trouble = true
	r.send(a, note{2}).fails(t, shard.ErrInternal)
	w := r.send(a, look{})
	w.none(t)
	trouble = false
	r.done(b, note{1})
	trouble = true
	r.done(b, many{2000}) // enough to be trimmed, were it not for a
	r.clock.pass(15 * time.Second)
	r.stepAll()
	w.fails(t, shard.ErrUnavailable)
	r.send(a, look{}).none(t)
	trouble = false
	r.clock.pass(2 * time.Second)
	r.stepAll()
	r.notes(a, 1)
	r.clock.pass(2 * time.Minute)
	if len(r.world.of(a, "tick")) != 1 {
		t.Fatal("the deadline of an actor that was mended is forgotten")
	}
}

// badReads is a store of which actors and entries cannot be read now.
type badReads struct {
	shard.Store
	bad *bool
}

func (s *badReads) Load(ctx context.Context, index int, actor shard.ID) (shard.Snapshot, error) {
	if *s.bad {
		return shard.Snapshot{}, errors.New("as ordered")
	}
	return s.Store.Load(ctx, index, actor)
}

func TestActorThatCannotBeLoaded(t *testing.T) {
	trouble := true
	r := newRig(t, func(s *setup) {
		s.wrap = func(inner shard.Store) shard.Store { return &badReads{inner, &trouble} }
	})
	r.send(a, note{1}).fails(t, shard.ErrUnavailable)
	if r.node.Loaded() != 0 {
		t.Fatal("an actor that could not be loaded stays in memory")
	}
	trouble = false
	r.done(a, note{1})
	r.notes(a, 1)
}

// Nobody serves an actor that is broken, however long it cannot be mended: the next owner charges nobody for that time.
func TestBrokenActorsTime(t *testing.T) {
	trouble := false
	r := newRig(t, func(s *setup) {
		s.wrap = func(inner shard.Store) shard.Store { return &badReads{inner, &trouble} }
	})
	r.done(a, wake{r.clock.Now().Add(time.Hour)})
	r.done(b, note{1})
	r.clock.pass(time.Second)
	alive := r.clock.Now()
	trouble = true
	r.world.order("receive", 1)
	r.send(a, note{1}).fails(t, shard.ErrInternal)
	for i := range uint64(3) {
		r.clock.pass(10 * time.Second)
		r.done(b, note{2 + i})
	}
	r.world.order("receive", 1) // at the thaw
	r.crash(time.Minute)
	r.clock.pass(10 * time.Second)
	r.done(b, note{5})
	trouble = false
	r.world.calls = nil
	r.crash(time.Minute)
	r.thaws("in service again", 1, alive)
}

// A mended actor is told for how long nobody served it.
func TestMendedActorIsThawed(t *testing.T) {
	r := newRig(t, nil)
	r.done(a, note{1})
	r.clock.pass(time.Second)
	broke := r.clock.Now()
	r.world.order("receive", 1)
	must(t, r.node.Send(shard.Command{Actor: a, Body: note{2}}))
	r.clock.stall(300 * time.Millisecond)
	r.clock.settle()
	thaws := r.world.of(a, "thaw")
	if len(thaws) != 1 || !thaws[0].thaw.Alive.Equal(broke) {
		t.Fatalf("thawed %v, want once with %v", thaws, broke)
	}
}

// Those outside may fail; it is their loss alone.
func TestPanicOutside(t *testing.T) {
	r := newRig(t, nil)
	w1 := r.send(a, note{1})
	w1.then = func() { panic("as ordered") }
	w2 := r.send(a, note{2})
	r.said.then = func() { panic("as ordered") }
	r.stepAll()
	w1.is(t, uint32(1))
	w2.is(t, uint32(2))
	r.notes(a, 1, 2)
	r.metricIs("panics_total", 3)
	r.metricIs("quarantined_total", 0)
}

// Where the shard itself fails, or its store does, it ends rather than go on with what it cannot rely on.
func TestPanicOfTheStore(t *testing.T) {
	t.Run("at commands", func(t *testing.T) { testPanicOfTheStore(t, false) })
	t.Run("at commands that have waited", func(t *testing.T) { testPanicOfTheStore(t, true) })
}

func testPanicOfTheStore(t *testing.T, loading bool) {
	r := newRig(t, func(s *setup) {
		s.shard.BatchEntries = 2 // the store panics in the middle of a turn
		s.wrap = func(inner shard.Store) shard.Store { return &panickingStore{inner} }
	})
	r.send(b, stays{true}).ok(t)
	ws := make([]*answer, 11)
	give := func(i int, id shard.ID) {
		ws[i] = &answer{}
		must(t, r.node.Send(shard.Command{Actor: id, Body: note{uint64(i)}, Sender: ws[i]}))
	}
	test := func() {
		for i := range 5 {
			give(i, b) // to be decided on in one turn
		}
	}
	if loading {
		test = func() {}
		for i := range 5 {
			give(i, a) // to be decided on when the actor is loaded
		}
	}
	for i := range 5 {
		give(5+i, c) // still being loaded then
	}
	ws[10] = &answer{then: test}
	must(t, r.node.Send(shard.Command{Actor: b, Body: look{}, Sender: ws[10]}))
	r.clock.settle()
	ws[10].ok(t)
	for i, w := range ws[:10] {
		if w.times != 1 || !errors.Is(w.err, shard.ErrUnavailable) {
			t.Errorf("command %d was answered %d times, the last with %v, %v", i, w.times, w.reply, w.err)
		}
	}
	if err := r.node.Send(shard.Command{Actor: b, Body: look{}}); !errors.Is(err, shard.ErrUnavailable) {
		t.Fatalf("Send to a shard that has panicked: %v", err)
	}
	select {
	case <-r.node.Failed():
	default:
		t.Fatal("the node does not say that it has failed")
	}
	if err := r.node.Drain(r.Context()); err == nil || !strings.Contains(err.Error(), "as ordered") {
		t.Fatalf("Drain: %v, want the reason", err)
	}
}

type panickingStore struct{ shard.Store }

func (s *panickingStore) Commit(*shard.Batch, func(error)) { panic("as ordered") }

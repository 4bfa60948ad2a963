package shard_test

import (
	"testing"
	"time"

	"github.com/plywire/plywire/shard/twinstore"
)

// thaws expects that the ledger was thawed so often since the last look, the last time with alive.
func (r *rig) thaws(what string, times int, alive time.Time) {
	r.Helper()
	r.world.mu.Lock()
	calls := r.world.calls
	r.world.calls = nil
	r.world.mu.Unlock()
	n := 0
	for _, each := range calls {
		if each.id != a || each.what != "thaw" {
			continue
		}
		if n++; !each.thaw.Alive.Equal(alive) {
			r.Fatalf("%s: thawed as alive at %v, want %v", what, each.thaw.Alive, alive)
		}
	}
	if n != times {
		r.Fatalf("%s: thawed %d times, want %d", what, n, times)
	}
}

// The first thing that an actor hears from a new owner is when it was last served.
func TestThawAtTakeOver(t *testing.T) {
	r := newRig(t, nil)
	start := r.clock.Now()
	r.done(a, wake{start.Add(10 * time.Second)})
	r.clock.pass(time.Second)
	r.done(b, note{1}) // a sign of life
	alive := r.clock.Now()
	r.clock.pass(time.Second)
	r.thaws("before", 0, alive)

	r.crash(time.Minute)
	r.thaws("at the start", 1, alive)
	if end := r.world.of(a, "tick"); len(end) > 0 {
		t.Fatal("a deadline counts although nobody was served")
	}
	r.stepAll()
	r.clock.pass(8900 * time.Millisecond)
	r.thaws("later", 0, alive)
	r.clock.pass(100 * time.Millisecond) // nine of the ten seconds were left when it was last served
	r.ticks(a, start, 70*time.Second+time.Second)

	// One which was thawed but whose new deadline was never durable is thawed again.
	r.stepAll()
	r.done(a, wake{r.clock.Now().Add(10 * time.Second)})
	alive = r.clock.Now()
	r.world.calls = nil
	r.crash(time.Minute)
	r.thaws("the second start", 1, alive)
	r.crash(time.Minute)
	r.thaws("the third start", 1, alive)
}

// Where the process stood still, the first to run the shard finds out: before any timer, before any command, once.
func TestThawAfterStall(t *testing.T) {
	for name, first := range map[string]func(r *rig){
		"the pulse":           func(r *rig) { r.clock.pass(0) },
		"a command":           func(r *rig) { r.send(a, look{}); r.clock.pass(0) },
		"a command from then": func(r *rig) { r.sendAt(a, look{}, r.clock.Now().Add(-time.Minute)); r.clock.pass(0) },
		"another's command":   func(r *rig) { r.send(b, look{}); r.clock.pass(0) },
		"the store":           func(r *rig) { r.step(); r.clock.pass(0) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			start := r.clock.Now()
			r.done(a, wake{start.Add(10 * time.Second)})
			r.clock.pass(2 * time.Second)
			r.send(b, note{2}) // on its way to the store all the time
			alive := r.clock.Now()
			r.thaws("before", 0, alive)
			r.clock.stall(time.Hour)
			first(r)
			r.thaws("after", 1, alive)
			r.clock.pass(time.Second)
			r.stepAll()
			r.thaws("later", 0, alive)
			r.clock.pass(time.Hour)
			r.ticks(a, start, time.Hour+10*time.Second)
		})
	}
}

// Two stalls are two, and what ran between them counts as served.
func TestTwoStalls(t *testing.T) {
	r := newRig(t, nil)
	r.done(a, wake{r.clock.Now().Add(time.Hour)})
	r.clock.stall(10 * time.Second)
	alive := r.clock.Now()
	r.send(b, look{})
	r.stepAll()
	r.thaws("first stall", 1, alive.Add(-10*time.Second))
	r.clock.stall(20 * time.Second)
	r.clock.pass(time.Second)
	r.stepAll()
	r.thaws("second stall", 1, alive)
	r.metricIs("stalls_total", 1) // the node did not run in between
}

// One actor that keeps the shard for itself does not cost the others their time.
func TestThawAfterSlowCommand(t *testing.T) {
	r := newRig(t, nil)
	start := r.clock.Now()
	r.done(a, wake{start.Add(5 * time.Second)})
	r.send(b, slow{20 * time.Second})
	r.thaws("after", 1, start)
	r.metricIs("slow_turns_total", 1)
	r.stepAll()
	r.clock.pass(time.Minute)
	r.ticks(a, start, 25*time.Second)
}

// A short hiccup is none of this.
func TestNoThawAfterHiccup(t *testing.T) {
	r := newRig(t, nil)
	start := r.clock.Now()
	r.done(a, wake{start.Add(time.Second)})
	for range 20 {
		r.clock.stall(700 * time.Millisecond)
		r.clock.pass(0)
	}
	r.thaws("after", 0, start)
	r.clock.pass(5 * time.Second)
	r.metricIs("stalls_total", 0)
}

// While the shard refuses what comes because the store does not answer, nobody is served either.
func TestThawAfterBacklog(t *testing.T) {
	for name, test := range map[string]struct {
		lasts time.Duration
		times int
	}{"for long": {time.Minute, 1}, "for a moment": {500 * time.Millisecond, 0}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(s *setup) { s.shard.BatchEntries = 4 })
			start := r.clock.Now()
			r.done(a, wake{start.Add(10 * time.Second)})
			r.clock.pass(2 * time.Second)
			for i := range uint64(6) {
				r.send(b, note{i})
			}
			full := r.clock.Now()
			r.clock.pass(test.lasts)
			r.ticks(a, start)
			r.stepAll()
			r.thaws("after", test.times, full)
			r.clock.pass(time.Minute)
			r.ticks(a, start, 10*time.Second+test.lasts*time.Duration(test.times))
		})
	}
}

// More actors than fit into a batch are thawed one batch after the other, and each before anything else.
func TestThawOfMany(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shard.BatchEntries = 4 })
	start := r.clock.Now()
	actors := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}
	for _, i := range actors {
		r.done([16]byte{i}, wake{start.Add(10 * time.Second)})
	}
	r.crash(time.Minute)
	last := [16]byte{actors[len(actors)-1]}
	if n := len(r.world.of(last, "thaw")); n != 0 {
		t.Fatalf("all were thawed at once")
	}
	r.stepAll()
	for _, i := range actors {
		if n := len(r.world.of([16]byte{i}, "thaw")); n != 1 {
			t.Fatalf("actor %d was thawed %d times, want once", i, n)
		}
		r.ticks([16]byte{i}, start)
	}
	r.clock.pass(10 * time.Second)
	r.stepAll()
	r.clock.pass(time.Second)
	for _, i := range actors {
		if n := len(r.world.of([16]byte{i}, "tick")); n != 1 {
			t.Fatalf("actor %d heard %d ticks, want one", i, n)
		}
	}
}

// Who is still frozen when there is another stall gets the time back since before the first.
func TestStallWhileFrozen(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shard.BatchEntries = 2 })
	start := r.clock.Now()
	for i := range byte(8) {
		r.done([16]byte{1 + i}, wake{start.Add(10 * time.Second)})
	}
	r.clock.stall(20 * time.Second)
	r.clock.pass(100 * time.Millisecond)
	last := [16]byte{8}
	if n := len(r.world.of(last, "thaw")); n != 0 {
		t.Fatal("all were thawed at once")
	}
	r.clock.stall(20 * time.Second)
	r.stepAll()
	thaws := r.world.of(last, "thaw")
	if len(thaws) != 1 || !thaws[0].thaw.Alive.Equal(start) {
		t.Fatalf("thawed %v, want once, as alive at %v", thaws, start)
	}
}

// A crash while some are still frozen charges nobody for that time.
func TestCrashWhileFrozen(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shard.BatchEntries = 2 })
	start := r.clock.Now()
	for i := range byte(8) {
		r.done([16]byte{1 + i}, wake{start.Add(10 * time.Second)})
	}
	alive := r.clock.Now()
	r.crash(time.Minute)
	r.step() // some are thawed
	r.clock.pass(time.Second)
	r.step()
	r.crash(time.Minute)
	last := [16]byte{8}
	thaws := r.world.of(last, "thaw")
	if len(thaws) == 0 {
		r.stepAll()
		thaws = r.world.of(last, "thaw")
	}
	if got := thaws[len(thaws)-1].thaw.Alive; got.After(alive) {
		t.Fatalf("the last actor is thawed as alive at %v, and was last served at %v", got, alive)
	}
	r.stepAll()
}

// Nobody's clock runs while the shard is being drained: no move is taken any more.
func TestNoTickWhileDraining(t *testing.T) {
	r := newRig(t, func(s *setup) { s.fault = func() twinstore.Fault { return twinstore.FaultNone } })
	start := r.clock.Now()
	r.done(a, wake{start.Add(300 * time.Millisecond)}) // so near that a wake-up is set
	r.send(b, note{1})
	ended := r.draining()
	r.clock.pass(10 * time.Second)
	r.ticks(a, start)
	r.stepAll()
	must(t, ended())
	r.ticks(a, start)
}

// An owner without anything to write still shows that it lives, so that a later one charges the players for what they used.
func TestSignOfLife(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual = false })
	start := r.clock.Now()
	r.done(a, wake{start.Add(time.Hour)})
	r.clock.pass(10 * time.Minute)
	r.world.calls = nil
	r.crash(time.Hour)
	thaws := r.world.of(a, "thaw")
	if len(thaws) != 1 {
		t.Fatalf("thawed %v", thaws)
	}
	if missing := start.Add(10 * time.Minute).Sub(thaws[0].thaw.Alive); missing > 10*time.Second || missing < 0 {
		t.Fatalf("the last sign of life was %v before the crash, want less than 10s", missing)
	}
}

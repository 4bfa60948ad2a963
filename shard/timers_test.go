package shard_test

import (
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
)

// ticks expects that the ledger heard a tick at these times, given as so long after the start.
func (r *rig) ticks(id shard.ID, start time.Time, want ...time.Duration) {
	r.Helper()
	calls := r.world.of(id, "tick")
	if len(calls) != len(want) {
		r.Fatalf("%d ticks (%v), want %d", len(calls), calls, len(want))
	}
	for i, each := range calls {
		if got := each.now.Sub(start); got != want[i] {
			r.Fatalf("tick %d came after %v, want %v", i, got, want[i])
		}
	}
}

func TestTick(t *testing.T) {
	r := newRig(t, nil)
	start := r.clock.Now()
	r.done(a, wake{start.Add(10 * time.Second)})
	r.done(b, wake{start.Add(7 * time.Second)})
	r.done(c, wake{start.Add(9 * time.Second)})
	r.done(c, wake{}) // not any more
	r.clock.pass(9 * time.Second)
	r.stepAll()
	r.ticks(b, start, 7*time.Second)
	r.clock.pass(time.Minute)
	r.ticks(a, start, 10*time.Second)
	r.ticks(b, start, 7*time.Second)
	r.ticks(c, start)
	// A tick is a command: what it decides is told when it is durable, and not lost.
	r.said.all = nil
	r.said.is(t)
	r.stepAll()
	r.said.is(t, one(a, 2))
}

func TestDeadlineMoves(t *testing.T) {
	r := newRig(t, nil)
	start := r.clock.Now()
	at := func(d time.Duration) { r.done(a, wake{start.Add(d)}) }
	at(10 * time.Second)
	at(5 * time.Second) // nearer
	r.clock.pass(2 * time.Second)
	at(20 * time.Second) // away
	r.clock.pass(10 * time.Second)
	at(30 * time.Second)
	r.clock.pass(10 * time.Second)
	r.ticks(a, start)
	at(25 * time.Second) // nearer again
	r.clock.pass(time.Minute)
	r.ticks(a, start, 25*time.Second)
}

// The same among others, whose deadlines come between.
func TestDeadlinesPassEachOther(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual = false })
	start := r.clock.Now()
	at := func(i byte) shard.ID { return shard.ID{1, i} }
	for i := range byte(20) {
		r.done(at(i), wake{start.Add(time.Duration(100+i) * time.Second)})
	}
	for i := range byte(20) {
		r.done(at(i), wake{start.Add(time.Duration(50-i) * time.Second)})
	}
	r.clock.pass(2 * time.Minute)
	for i := range byte(20) {
		r.ticks(at(i), start, time.Duration(50-i)*time.Second)
	}
}

func TestDeadlineInThePast(t *testing.T) {
	r := newRig(t, nil)
	start := r.clock.Now()
	r.send(a, wake{start.Add(-time.Hour)})
	r.clock.pass(10 * time.Millisecond)
	r.ticks(a, start) // its players have not even seen it
	r.stepAll()
	r.ticks(a, start, 10*time.Millisecond)
}

// An actor that does not move its deadline is told again, but may not keep the shard for itself.
func TestDeadlineThatDoesNotMove(t *testing.T) {
	r := newRig(t, nil)
	r.world.idle = true
	r.done(a, wake{r.clock.Now().Add(time.Second)})
	r.clock.pass(2 * time.Second)
	if n := len(r.world.of(a, "tick")); n < 5 || n > 15 {
		t.Fatalf("%d ticks in a second, want about 10", n)
	}
	r.notes(a)
	r.world.idle = false
	r.clock.pass(time.Second)
	n := len(r.world.of(a, "tick"))
	r.stepAll()
	r.clock.pass(time.Minute)
	if more := len(r.world.of(a, "tick")); more != n {
		t.Fatalf("%d ticks after the deadline was moved", more-n)
	}
}

// A command that came after the deadline finds that it has passed, as of when the command came; one that came before and
// was kept waiting is decided on first.
func TestLateCommand(t *testing.T) {
	for name, test := range map[string]struct {
		came time.Duration
		want []time.Duration // ticks
	}{
		"came before the deadline": {900 * time.Millisecond, nil},
		"came at the deadline":     {1000 * time.Millisecond, []time.Duration{1000 * time.Millisecond}},
		"came after the deadline":  {1100 * time.Millisecond, []time.Duration{1100 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			start := r.clock.Now()
			r.done(a, wake{start.Add(time.Second)})
			r.clock.pass(800 * time.Millisecond)
			r.clock.stall(500 * time.Millisecond) // its alarms do not ring in time
			r.sendAt(a, wake{}, start.Add(test.came))
			r.stepAll()
			r.ticks(a, start, test.want...)
		})
	}
}

// An actor's time never goes back, whatever arrival times its commands have.
func TestTimeOfAnActorDoesNotGoBack(t *testing.T) {
	r := newRig(t, nil)
	r.done(a, note{1})
	r.clock.pass(time.Second)
	r.done(a, note{2})
	r.sendAt(a, note{3}, r.clock.Now().Add(-time.Hour))
	r.sendAt(a, note{4}, r.clock.Now().Add(time.Hour))
	r.send(a, note{5})
	r.stepAll()
	r.notes(a, 1, 2, 3, 4, 5)
}

// No deadline counts while what the actor's clocks run for has not been seen: the store is slow, not the player.
func TestNoTickBeforeEventsAreVisible(t *testing.T) {
	r := newRig(t, nil)
	start := r.clock.Now()
	r.done(b, note{1})
	r.send(a, wake{start.Add(time.Second)})
	r.clock.pass(10 * time.Second)
	r.send(a, note{1})
	r.clock.pass(time.Second)
	r.ticks(a, start)
	r.step()
	r.ticks(a, start) // the note is not durable yet
	r.step()
	r.ticks(a, start, 11*time.Second)
	if visible := r.world.of(a, "visible"); len(visible) != 1 || visible[0].seq != 2 {
		t.Fatalf("visible: %v, want once, when both events are", visible)
	}
}

// Wake-ups are neither missed nor heaped up.
func TestWakeUps(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual = false })
	start := r.clock.Now()
	for i := range 200 {
		r.send(a, wake{start.Add(time.Duration(i+10) * time.Minute)})
		r.clock.pass(time.Second)
	}
	if alarms, _ := r.clock.count(); alarms > 2 {
		t.Fatalf("%d alarms are set, want that of the pulse and that of the upkeep", alarms)
	}
	for i := range 200 {
		r.send(b, wake{r.clock.Now().Add(400*time.Millisecond - time.Duration(i)*time.Millisecond)})
		r.send(c, wake{r.clock.Now().Add(400*time.Millisecond + time.Duration(i)*time.Millisecond)})
	}
	for range 200 {
		r.send(d, look{})
	}
	if alarms, _ := r.clock.count(); alarms > 2+200 {
		t.Fatalf("%d alarms are set, want at most one for each first deadline", alarms)
	}
	r.done(b, wake{})
	r.done(c, wake{})
	r.clock.pass(time.Second)
	for i := range byte(100) {
		r.send(shard.ID{1, i}, wake{start.Add(time.Hour + time.Duration(i)*time.Millisecond)})
	}
	r.clock.pass(2 * time.Hour)
	for i := range byte(100) {
		r.ticks(shard.ID{1, i}, start, time.Hour+time.Duration(i)*time.Millisecond)
	}
	r.clock.pass(4 * time.Hour)
	r.ticks(a, start, 209*time.Minute)
	if alarms, _ := r.clock.count(); alarms > 3 {
		t.Fatalf("%d alarms are set while nobody has a deadline", alarms)
	}
}

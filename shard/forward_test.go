package shard_test

import (
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// A command to another actor goes out when it is durable that it was asked for.
func TestForward(t *testing.T) {
	r := newRig(t, nil)
	w := r.send(a, pass{7, b})
	r.clock.pass(time.Second)
	if r.node.Loaded() != 1 {
		t.Fatal("the command went out before it was durable")
	}
	r.step()
	w.is(t, uint32(1))
	r.stepAll()
	r.notes(b, 7)
	r.notes(a)
}

// While the other's shard is behind, or its actor cannot be loaded, the command is tried again.
func TestForwardIsTriedAgain(t *testing.T) {
	trouble, fault := false, twinstore.FaultNone
	r := newRig(t, func(s *setup) {
		s.shard.BatchEntries = 2
		s.fault = func() twinstore.Fault { return fault }
		s.wrap = func(inner shard.Store) shard.Store { return &badReads{inner, &trouble} }
	})
	r.done(a, note{1})
	trouble = true
	r.done(a, pass{7, b})
	r.clock.pass(30 * time.Second)
	trouble = false
	r.clock.pass(10 * time.Second)
	r.stepAll()
	r.notes(b, 7)
	r.metricIs("forward_lost_total", 0)
	if n := r.metric("forward_retries_total"); n < 5 || n > 15 {
		t.Fatalf("tried again %v times, want about 10", n)
	}
	// And the same while too much waits for the store.
	r.send(a, pass{8, c})
	r.send(a, note{2})
	fault = twinstore.FaultLost
	r.send(d, note{1})
	fault = twinstore.FaultNone
	r.step()
	r.send(d, note{2})
	r.send(d, note{3})
	r.clock.pass(time.Second)
	r.stepAll()
	r.clock.pass(10 * time.Second)
	r.stepAll()
	r.notes(c, 8)
}

// A command that could not be delivered brings its actor back when the shard is taken over, even if its events are in a
// snapshot; one that was delivered does not.
func TestForwardOutlivesACrash(t *testing.T) {
	trouble := false
	r := newRig(t, func(s *setup) {
		s.shard.SnapshotEvents = 1
		s.wrap = func(inner shard.Store) shard.Store { return &badReads{inner, &trouble} }
	})
	r.done(c, note{1})
	r.send(d, pass{9, c})
	r.stepAll()
	r.clock.pass(10 * time.Minute)
	r.stepAll()
	r.clock.pass(time.Minute)
	r.stepAll()
	r.send(a, note{1})
	r.stepAll()
	trouble = true
	r.send(a, pass{7, b})
	r.stepAll()
	r.clock.pass(20 * time.Minute) // it is given up
	r.stepAll()
	r.metricIs("forward_lost_total", 1)
	if r.node.Loaded() == 0 {
		t.Fatal("an actor has left memory before all that it asked for was delivered")
	}
	trouble = false
	r.crash(0)
	r.metricIs("restored_total", 1)
	r.stepAll()
	r.clock.pass(time.Minute)
	r.stepAll()
	r.notes(b, 7)
	r.notes(c, 1, 9)
}

// A command that fails with whom it is for is given up.
func TestForwardToAFailingActor(t *testing.T) {
	r := newRig(t, nil)
	r.done(b, note{1})
	r.send(a, pass{7, b})
	r.world.order("receive", 1)
	r.step()
	r.metricIs("forward_lost_total", 1)
	r.clock.pass(time.Minute)
	r.stepAll()
	r.notes(b, 1)
}

func TestForwardWhileDraining(t *testing.T) {
	r := newRig(t, nil)
	r.send(a, pass{7, b})
	ended := r.draining()
	r.stepAll()
	must(t, ended())
	r.crash(0) // b hears of it from the next owner
	r.stepAll()
	r.clock.pass(time.Second)
	r.stepAll()
	r.notes(b, 7)
}

package shard_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// draining begins a drain, which is over if what is returned says something else than that a context has ended.
func (r *rig) draining() (ended func() error) {
	over, cancel := context.WithCancel(r.Context())
	cancel()
	drain := func() error { return r.node.Drain(over) }
	if err := drain(); err == nil {
		r.Fatal("the drain is over already")
	}
	return drain
}

func TestDrainOfAnIdleNode(t *testing.T) {
	r := newRig(t, nil)
	must(t, r.node.Drain(r.Context()))
	must(t, r.node.Drain(r.Context())) // again
	if err := r.node.Send(shard.Command{Actor: a, Body: look{}}); !errors.Is(err, shard.ErrUnavailable) {
		t.Fatalf("Send to a drained node: %v", err)
	}
	r.clock.pass(time.Minute)
	if alarms, _ := r.clock.count(); alarms != 0 {
		t.Fatalf("%d alarms are set on a drained node", alarms)
	}
}

func TestDrainBeforeStart(t *testing.T) {
	r := newRig(t, nil)
	r.prepare()
	must(t, r.node.Drain(r.Context()))
	must(t, r.node.Start(r.Context()))
	if err := r.node.Send(shard.Command{Actor: a, Body: look{}}); !errors.Is(err, shard.ErrUnavailable) {
		t.Fatalf("Send to a node that was drained before it was started: %v", err)
	}
}

// What was accepted is decided on, all of it becomes durable and is snapshotted, and then nothing is left.
func TestDrain(t *testing.T) {
	bad := 0
	r := newRig(t, func(s *setup) {
		s.shard.BatchBytes = 400 // room for a few snapshots
		s.fault = func() twinstore.Fault {
			if bad++; bad == 12 || bad == 13 {
				return twinstore.FaultLost // in the middle of the drain
			}
			return twinstore.FaultNone
		}
	})
	for i := range byte(10) {
		r.done(shard.ID{1, i}, note{1})
	}
	flying, pending, loading := r.send(a, note{1}), r.send(a, note{2}), &answer{}
	must(t, r.node.Send(shard.Command{Actor: b, Body: note{3}, Sender: loading}))
	first, second := r.draining(), r.draining()
	if err := r.node.Send(shard.Command{Actor: a, Body: look{}}); !errors.Is(err, shard.ErrUnavailable) {
		t.Fatalf("Send to a node that is being drained: %v", err)
	}
	batches := 0
	for r.node.Loaded() > 0 {
		r.clock.pass(2 * time.Second)
		if r.store.Step(0) {
			batches++
		}
	}
	must(t, first())
	must(t, second())
	flying.is(t, uint32(1))
	pending.is(t, uint32(2))
	loading.is(t, uint32(1))
	if batches < 5 {
		t.Fatalf("drained with %d batches, want several, each of a bounded size", batches)
	}
	r.metricIs("commit_retries_total", 2)
	for i := range byte(10) {
		if r.stored(shard.ID{1, i}) == nil {
			t.Fatalf("no snapshot of actor %d", i)
		}
	}
	r.crash(0)
	r.metricIs("restored_total", 0)
	r.notes(a, 1, 2)
	r.notes(b, 3)
}

// Who was accepted before the drain and waits for an actor to be loaded is still heard.
func TestDrainWaitsForLoads(t *testing.T) {
	r := newRig(t, nil)
	w := &answer{}
	must(t, r.node.Send(shard.Command{Actor: a, Body: note{1}, Sender: w}))
	ended := r.draining()
	r.stepAll()
	w.is(t, uint32(1))
	must(t, ended())
}

// A drain that cannot end is given up, and loses nothing that was acknowledged.
func TestDrainGivenUp(t *testing.T) {
	r := newRig(t, nil)
	r.done(a, note{1})
	w := r.send(a, note{2})
	if err := r.draining()(); !errors.Is(err, context.Canceled) {
		t.Fatalf("Drain: %v, want that ctx has ended", err)
	}
	w.none(t)
	r.crash(0)
	r.stepAll()
	r.notes(a, 1)
}

// A shard that loses its journal while it is being drained does not hold the drain up, and the drain says so.
func TestDrainOfALostShard(t *testing.T) {
	r := newRig(t, nil)
	w := r.send(a, note{1})
	ended := r.draining()
	fence(r)
	r.stepAll()
	if err := ended(); !errors.Is(err, shard.ErrFenced) {
		t.Fatalf("Drain: %v, want %v", err, shard.ErrFenced)
	}
	w.fails(t, shard.ErrUnavailable)
}

// A store that is closed under a drain is no failure of the node's: somebody ends it all.
func TestClosedUnderADrain(t *testing.T) {
	fault := twinstore.FaultLost
	r := newRig(t, func(s *setup) { s.fault = func() twinstore.Fault { return fault } })
	w := r.send(a, note{1})
	ended := r.draining()
	r.step()
	must(t, r.store.Close())
	r.clock.pass(2 * time.Second)
	if err := ended(); !errors.Is(err, shard.ErrClosed) {
		t.Fatalf("Drain: %v, want %v", err, shard.ErrClosed)
	}
	w.fails(t, shard.ErrUnavailable)
	select {
	case err := <-r.node.Failed():
		t.Fatalf("the node has failed with %v", err)
	default:
	}
}

// From when a drain begins nobody is served, however long it takes: the next owner charges nobody for it.
func TestDrainIsNobodysTime(t *testing.T) {
	r := newRig(t, nil)
	r.done(a, wake{r.clock.Now().Add(time.Minute)})
	r.send(b, note{1})
	r.send(b, note{2}) // a batch that is made in the middle of the drain
	r.clock.pass(time.Second)
	alive := r.clock.Now()
	ended := r.draining()
	for range 6 {
		r.clock.pass(5 * time.Second) // longer than StallAfter
		r.store.Step(0)
	}
	must(t, ended())
	r.world.calls = nil
	r.crash(time.Minute)
	r.thaws("after the drain", 1, alive)
}

package shard_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// readCounter is a store that counts what is read of it.
type readCounter struct {
	shard.Store
	recoveries int
}

func (c *readCounter) Recover(ctx context.Context, id int, token shard.Token) (shard.Recovery, error) {
	c.recoveries++
	return c.Store.Recover(ctx, id, token)
}

// passing is a shard that goes from one node to another.
type passing struct {
	*several
	store   *readCounter
	from    *shard.Node
	arrival *shard.Arrival
	chunks  int
	each    func() // after each chunk
	away    int    // how often the store does not answer while the shard is given
}

func newPassing(t *testing.T) *passing {
	p := &passing{}
	s := newSeveral(t, func(c *setup) {
		c.manual = false
		c.fault = func() twinstore.Fault {
			if p.away > 0 {
				p.away--
				return twinstore.FaultLost
			}
			return twinstore.FaultNone
		}
		c.wrap = func(store shard.Store) shard.Store {
			p.store = &readCounter{Store: store}
			return p.store
		}
	})
	p.several = s
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	return p
}

// pass gives the shard away, and gathers it at another node.
func (p *passing) pass(heir func([]shard.Passing) error) shard.Passed {
	p.Helper()
	p.from = p.node
	p.another()
	p.arrival = p.node.Expect(0)
	type given struct {
		shard.Passed
		err error
	}
	done, slow := make(chan given, 1), p.away > 0
	go func() {
		passed, err := p.from.Give(p.Context(), 0, heir)
		done <- given{passed, err}
	}()
	for {
		p.clock.settle()
		select {
		case g := <-done:
			must(p.T, g.err)
			return g.Passed
		default:
		}
		if slow && !p.from.Served(0) {
			p.clock.pass(time.Second)
		}
	}
}

func (p *passing) takeOver(passed shard.Passed) (warm bool) {
	p.Helper()
	warm, err := p.node.TakeOver(p.Context(), p.arrival, passed)
	must(p.T, err)
	return warm
}

func (p *passing) add(some []shard.Passing) error {
	p.chunks++
	if p.each != nil {
		p.each()
	}
	return p.arrival.Add(some)
}

// All that was in memory is there, with what was done while it was passed, and nothing is read from the store.
func TestPass(t *testing.T) {
	p := newPassing(t)
	for i := range byte(100) {
		p.done(shard.ID{1, i}, note{uint64(i)})
		p.done(shard.ID{1, i}, wake{p.clock.Now().Add(time.Hour)})
	}
	p.each = func() {
		w := &answer{}
		if err := p.from.Send(shard.Command{Actor: shard.ID{1, 5}, Body: note{uint64(1000 + p.chunks)}, Sender: w}); err == nil {
			w.ok(t)
		}
	}
	passed := p.pass(p.add)
	if !passed.Warm || p.chunks < 4 || passed.Head < 200 {
		t.Fatalf("passed in %d chunks: %+v", p.chunks, passed)
	}
	reads := p.store.recoveries
	p.clock.stall(7 * time.Second)
	p.takeOver(passed)
	p.clock.settle()
	if p.store.recoveries != reads {
		t.Error("the shard was read from the store")
	}
	for i := range byte(100) {
		if i != 5 {
			p.notes(shard.ID{1, i}, uint64(i))
		}
	}
	if got := p.done(shard.ID{1, 5}, look{}).([]event); len(got) < 3+p.chunks-1 {
		t.Errorf("of what was done while it was passed there is only %v", got)
	}
	thaws := p.world.of(shard.ID{1, 7}, "thaw")
	if last := thaws[len(thaws)-1]; last.now.Sub(last.thaw.Alive) < 7*time.Second {
		t.Errorf("the players were charged for the passing: %+v", last)
	}
	p.done(shard.ID{1, 7}, note{77})
	// What the new owner writes fits what the old one wrote.
	before := p.metric("panics_total") + p.metric("quarantined_total")
	p.another()
	must(t, p.node.Take(t.Context(), 0))
	p.clock.settle()
	p.notes(shard.ID{1, 7}, 7, 77)
	if after := p.metric("panics_total") + p.metric("quarantined_total"); after != 0 || before != 0 {
		t.Error("what was written does not fit")
	}
}

// Who has owned the shard in between is noticed: then it is read from the store.
func TestPassIsOvertaken(t *testing.T) {
	p := newPassing(t)
	p.done(a, note{1})
	passed := p.pass(p.add)
	warm := p.node
	p.another()
	must(t, p.node.Take(t.Context(), 0))
	p.clock.settle()
	p.done(a, note{2})
	p.node = warm
	p.takeOver(passed)
	p.clock.settle()
	p.notes(a, 1, 2)
}

// Where the passing fails the shard is given all the same.
func TestPassFails(t *testing.T) {
	p := newPassing(t)
	p.done(a, note{1})
	passed := p.pass(func([]shard.Passing) error { return errors.New("no") })
	if passed.Warm {
		t.Error("what was not passed counts as passed")
	}
	p.takeOver(passed)
	p.clock.settle()
	p.notes(a, 1)
}

// What is quarantined is not passed: the next owner finds out for himself.
func TestQuarantinedIsNotPassed(t *testing.T) {
	p := newPassing(t)
	p.done(a, note{1})
	p.done(b, note{2})
	p.world.order("receive", 2)
	for range 2 {
		p.send(b, look{})
		p.clock.pass(time.Second)
	}
	if p.metric("quarantined_total") != 1 {
		t.Fatal("nothing is quarantined")
	}
	if passed := p.pass(p.add); passed.Warm {
		t.Error("a shard with a quarantined actor is passed")
	} else {
		p.takeOver(passed)
	}
	p.clock.settle()
	p.notes(a, 1)
	p.notes(b, 2)
}

// Players lose no time while a shard is given, however long that takes.
func TestPassTakesLong(t *testing.T) {
	p := newPassing(t)
	p.done(a, wake{p.clock.Now().Add(time.Hour)})
	p.away = 20
	began := p.clock.Now()
	passed := p.pass(p.add)
	took := p.clock.Now().Sub(began)
	if took < 5*time.Second {
		t.Fatalf("the shard was given within %v", took)
	}
	p.takeOver(passed)
	p.clock.settle()
	thaws := p.world.of(a, "thaw")
	if last := thaws[len(thaws)-1]; last.thaw.Alive.Sub(began) > took/2 { // time may pass before the shard hears that it is given
		t.Errorf("the players were charged for the passing, which began at %v: %+v", began, last)
	}
}

func TestArrivalOfNonsense(t *testing.T) {
	p := newPassing(t)
	if err := p.node.Expect(0).Add([]shard.Passing{{Actor: a, State: []byte{1, 2, 3}}}); err == nil {
		t.Error("nonsense is an actor")
	}
}

// What was passed and has changed since is passed again, also if by then the store has all of it and nobody needs it in memory;
// and if it has left memory, all is read from the store.
func TestPassedAndSnapshottedSince(t *testing.T) {
	for name, away := range map[string]time.Duration{"in memory": 0, "left": 3 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			p := newPassing(t)
			p.done(a, note{1})
			values := []uint64{1}
			p.each = func() {
				for len(values) < shard.DefaultConfig().SnapshotEvents { // the last brings a snapshot
					value, w := uint64(len(values)+1), &answer{}
					if err := p.from.Send(shard.Command{Actor: a, Body: note{value}, Sender: w}); err != nil {
						return
					}
					w.ok(t)
					values = append(values, value)
				}
				p.clock.pass(away)
			}
			passed := p.pass(p.add)
			if len(values) == 1 || passed.Warm == (away > 0) {
				t.Fatalf("%d values, %+v", len(values), passed)
			}
			p.takeOver(passed)
			p.clock.settle()
			p.notes(a, values...)
		})
	}
}

package shard

import (
	"context"
	"fmt"
	"time"
)

// Passing is one actor on its way from a node to the next owner of its shard, so that it need not be read from the store.
type Passing struct {
	Actor  ID
	State  []byte // as AppendSnapshot wrote it
	Around []byte // as AppendAround wrote it; empty: nothing
	// What the store has of it.
	Resident bool
	Expires  time.Time
	Dirty    uint64 // position of its first entry that no snapshot in the store covers; 0: none
	DirtyAt  time.Time
	Events   int // in no snapshot in the store
}

// Surrounded may be implemented by an Actor that knows something which is not durable, such as who is there. Where its shard is
// passed from one node to another that is passed, too.
type Surrounded interface {
	AppendAround(dst []byte) []byte
	// RestoreAround is called once, before anything else, on an actor that was just restored.
	RestoreAround(around []byte) error
}

// Passed is how a shard was when a node ended serving it. All of it is durable.
type Passed struct {
	Warm    bool // all actors that have to be in memory were passed
	Epoch   Epoch
	Head    uint64
	Trimmed uint64
	Alive   time.Time // until when its players were served
}

// passChunk is how many actors are written at a time, between which others have their turns.
const passChunk = 32

// Give ends serving a shard so that another node can take it: what was accepted is made durable, what comes is refused with
// ErrAway, and nothing is snapshotted that need not be. heir is told the actors, most of them while they are still served; nil:
// nobody is. If it fails the shard is given all the same, and the next owner has to read the store. It blocks until all is
// durable, or ctx ends, after which the shard still ends as soon as it can. An error that does not come from ctx says that the
// shard has lost its journal.
func (n *Node) Give(ctx context.Context, index int, heir func([]Passing) error) (Passed, error) {
	s := n.slots[index].current.Load()
	if s == nil {
		return Passed{}, fmt.Errorf("give shard %d: %w", index, ErrAway)
	}
	warm := heir != nil
	for more := warm; more && warm; {
		var some []Passing
		some, more, warm = s.passSome(ctx, passChunk)
		warm = warm && heir(some) == nil
	}
	var rest []Passing
	var passed Passed
	ended := make(chan error, 1)
	s.drain(false, func(err error) {
		n.slots[index].current.CompareAndSwap(s, nil)
		ended <- err
	}, func(now time.Time) { rest, passed = s.passRest(now, warm) })
	if _, err := next(ctx, ended); err != nil {
		return Passed{}, fmt.Errorf("give shard %d: %w", index, err)
	}
	passed.Warm = passed.Warm && (len(rest) == 0 || heir(rest) == nil)
	return passed, nil
}

// passSome writes some of the actors that were not passed as they are now. It blocks until the shard has its turn.
func (s *shard) passSome(ctx context.Context, most int) (some []Passing, more, ok bool) {
	done := make(chan struct{})
	s.tell(func(time.Time) {
		defer close(done)
		if s.open {
			some, more, ok = s.writeOut(most)
		}
	})
	select {
	case <-done:
		return some, more, ok
	case <-ctx.Done():
		return nil, false, false
	}
}

// passRest writes what was not passed as it is now, when nothing is going to change any more.
func (s *shard) passRest(now time.Time, warm bool) (rest []Passing, passed Passed) {
	passed = Passed{Epoch: s.token.Epoch, Head: s.head, Trimmed: s.trimmed, Alive: s.lastAlive(now)}
	if warm {
		rest, _, warm = s.writeOut(len(s.all))
		passed.Warm = warm && !s.missing
	}
	return rest, passed
}

// writeOut writes the actors that have to be in memory wherever the shard is, so many of them at the most. It is not ok if there
// is one that cannot be passed.
func (s *shard) writeOut(most int) (some []Passing, more, ok bool) {
	for _, e := range s.all {
		switch {
		case e.state != entryLive && (e.exists || e.faults > 0):
			return nil, false, false // whoever takes the shard has to find out what is wrong with it
		case e.state != entryLive, e.passed, !e.exists:
			continue
		case !e.told && !e.needed() && e.dirty == 0: // whoever wants it finds it in the store
			continue
		case !s.settled(e): // it may never become true, and its clock does not run yet
			continue
		case len(some) == most:
			return some, true, true
		}
		state, written := s.write(e)
		if !written {
			return nil, false, false
		}
		e.passed, e.told = true, true
		some = append(some, Passing{Actor: e.id, State: state, Around: s.around(e), Resident: e.resident, Expires: e.expires, Dirty: e.dirty, DirtyAt: e.dirtyAt, Events: e.events})
	}
	return some, false, true
}

// around is what an actor knows that is not durable. A panic costs that alone.
func (s *shard) around(e *entry) []byte {
	actor, is := e.actor.(Surrounded)
	if !is {
		return nil
	}
	defer s.recovered(e)
	return actor.AppendAround(nil)
}

// Arrival is a shard on its way here from the node that serves it. Its methods are called by one goroutine.
type Arrival struct {
	node   *Node
	index  int
	places map[ID]int
	actors []arrived
}

type arrived struct {
	Passing
	actor Actor
}

// Expect begins to gather the actors of a shard.
func (n *Node) Expect(index int) *Arrival {
	return &Arrival{node: n, index: index, places: make(map[ID]int)}
}

// Add makes actors of what was passed, in the place of what was passed of them before.
func (a *Arrival) Add(some []Passing) error {
	for _, p := range some {
		actor, err := rebuild(a.node.actors, p.Actor, found{snapshot: Snapshot{State: p.State}})
		if err != nil {
			return fmt.Errorf("actor %s: %w", p.Actor, err)
		}
		if around, is := actor.(Surrounded); is && len(p.Around) > 0 {
			if err := around.RestoreAround(p.Around); err != nil {
				return fmt.Errorf("what is around actor %s: %w", p.Actor, err)
			}
		}
		p.State, p.Around = nil, nil
		if at, known := a.places[p.Actor]; known {
			a.actors[at] = arrived{p, actor}
			continue
		}
		a.places[p.Actor] = len(a.actors)
		a.actors = append(a.actors, arrived{p, actor})
	}
	return nil
}

// TakeOver is Take for a shard whose actors were passed. If somebody else has owned it in between they are forgotten, and read
// from the store: then it was not warm.
func (n *Node) TakeOver(ctx context.Context, a *Arrival, passed Passed) (warm bool, err error) {
	err = n.takeWith(ctx, []int{a.index}, func(ctx context.Context, s *shard, token Token) error {
		if !passed.Warm || token.Epoch != passed.Epoch+1 {
			return s.recoverAll(ctx, token)
		}
		warm = true
		return s.begin(ctx, func(now time.Time) {
			s.token = token
			s.moveIn(now, a, passed)
		})
	})
	return warm && err == nil, err
}

// moveIn puts the actors that have arrived into memory. They are not served before serve.
func (s *shard) moveIn(now time.Time, a *Arrival, passed Passed) {
	s.entries = make(map[ID]*entry, len(a.actors))
	s.settleAt(passed.Head, passed.Trimmed, passed.Alive)
	for i := range a.actors {
		p := &a.actors[i]
		e := s.admit(p.Actor)
		e.exists, e.resident, e.expires, e.usedAt = true, p.Resident, p.Expires, now
		e.dirty, e.dirtyAt, e.events, e.actor = p.Dirty, p.DirtyAt, p.Events, p.actor
		s.metrics.arrived.Inc()
		s.enliven(now, e)
	}
}

package simulation

import (
	"errors"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// tables makes the tables of a process, each with somebody who listens in.
type tables struct {
	process *process
	real    *table.Tables
}

// New returns the table of a game that does not exist yet.
func (ts *tables) New(id shard.ID) shard.Actor { return ts.overhear(id, ts.real.New(id)) }

func (ts *tables) overhear(id shard.ID, actor shard.Actor) shard.Actor {
	if !ts.process.dead {
		ts.process.sim.record(id).clock.loads++
	}
	return &overheard{Actor: actor, process: ts.process, id: id}
}

// Restore returns the table that AppendSnapshot wrote.
func (ts *tables) Restore(id shard.ID, snapshot []byte) (shard.Actor, error) {
	actor, err := ts.real.Restore(id, snapshot)
	if err != nil {
		ts.process.sim.fail("%s cannot be restored: %v", ts.process.sim.record(id), err)
		return nil, err
	}
	return ts.overhear(id, actor), nil
}

// overheard is a table that somebody listens to, and that panics now and then.
type overheard struct {
	shard.Actor
	process *process
	id      shard.ID
	latest  time.Time
}

var errOrdered = errors.New("simulation: an actor panics, as it should")

// Receive passes a command on and notes what comes of it.
func (o *overheard) Receive(now time.Time, body any) shard.Turn {
	s := o.process.sim
	if o.process.dead || s.violation != nil {
		return o.Actor.Receive(now, body)
	}
	r := s.record(o.id)
	if now.Before(o.latest) || now.After(s.now) {
		s.fail("%s is told that it is %v, after %v, at %v", r, now, o.latest, s.now)
	}
	o.latest = now
	if _, tick := body.(shard.Tick); tick && len(r.emitted) != len(r.durable) {
		s.fail("%s hears a Tick while events of its own are not durable", r)
	}
	o.panics("before")
	turn := o.Actor.Receive(now, body)
	o.panics("after")
	r.emit(turn.Events, now)
	if len(turn.Events) > 0 {
		r.same(o.Actor)
	}
	return turn
}

// panics panics, seldom.
func (o *overheard) panics(when string) {
	s := o.process.sim
	often := 1500
	if s.poisoned == o.id {
		often = 8 // who has panicked does it again
	}
	if s.faulty && s.chance(often) {
		s.poisoned = o.id
		s.note(Panics, "%s panics %s it has decided", s.record(o.id), when)
		panic(errOrdered)
	}
}

// Apply checks nothing: what comes of it is checked with the next event.
func (o *overheard) Apply(event []byte) error {
	err := o.Actor.Apply(event)
	if err != nil {
		o.process.sim.fail("%s: %v", o.process.sim.record(o.id), err)
	}
	return err
}

// Visible checks that everything is durable.
func (o *overheard) Visible(now time.Time) {
	s := o.process.sim
	if !o.process.dead {
		s.sync()
		if r := s.record(o.id); len(r.emitted) != len(r.durable) {
			s.fail("%s hears that all is visible, and %d of %d events are durable", r, len(r.durable), len(r.emitted))
		} else {
			r.clock.visible(s.mark())
		}
	}
	o.Actor.Visible(now)
}

package shard

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// faultsMax is how often an actor may fail before no command reaches it any more.
const faultsMax = 2

// errFaults is why an actor is quarantined that could be rebuilt.
var errFaults = errors.New("it panicked twice")

// recovered is deferred by what calls into an actor: it turns a panic into a return. Its caller has to break e down.
func (s *shard) recovered(e *entry) {
	if cause := recover(); cause != nil {
		s.log.Error().Stringer("actor", e.id).Int("shard", s.index).Interface("panic", cause).Bytes("stack", debug.Stack()).
			Msg("actor panicked")
	}
}

// breakDown takes an actor that has panicked out of service: its state in memory cannot be trusted. It is rebuilt from the
// store as soon as all that it has decided on is there.
func (s *shard) breakDown(now time.Time, e *entry) {
	e.faults++
	s.metrics.panics.Inc()
	s.unschedule(e)
	e.state, e.actor, e.unseen = entryBroken, nil, false
	s.freeze(e, now)
	s.mend(e)
}

// mend begins to rebuild a broken actor if all its events are durable; otherwise the commit does.
func (s *shard) mend(e *entry) {
	if e.place >= 0 && e.state == entryBroken && s.settled(e) {
		s.load(e)
	}
}

// rebuild makes an actor of what the store has of it. A panic of the actor's is an error.
func rebuild(actors Actors, id ID, what found) (actor Actor, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			actor, err = nil, fmt.Errorf("rebuild: panic: %v", cause)
		}
	}()
	if len(what.snapshot.State) == 0 {
		actor = actors.New(id)
	} else if actor, err = actors.Restore(id, what.snapshot.State); err != nil {
		return nil, fmt.Errorf("restore snapshot at %d: %w", what.snapshot.Position, err)
	}
	for i, event := range what.snapshot.Tail {
		if err := actor.Apply(event); err != nil {
			return nil, fmt.Errorf("apply event %d of the snapshot's tail: %w", i+1, err)
		}
	}
	for _, each := range what.tail {
		if err := actor.Apply(each.Event); err != nil {
			return nil, fmt.Errorf("apply entry %d: %w", each.Position, err)
		}
	}
	return actor, nil
}

// abandon notes that nobody serves e from now on, if its deadline shows that somebody's time may run in it.
func (s *shard) abandon(e *entry) {
	alive := s.now
	switch {
	case !e.resident && !e.returns():
		return
	case e.frozen:
		alive = e.alive
	case !s.open:
		alive = s.alive
	}
	if s.abandoned.IsZero() || alive.Before(s.abandoned) {
		s.abandoned = alive
	}
}

// quarantine shuts an actor off until somebody, such as a repaired program, takes the shard over. Its journal is kept as it
// is, in the tail of a snapshot, so that it does not hold up the trimming of everybody's.
func (s *shard) quarantine(e *entry, what found, cause error) {
	s.abandon(e)
	e.state, e.actor, e.frozen = entryQuarantined, nil, false
	s.unschedule(e)
	s.metrics.quarantined.Inc()
	s.log.Error().Err(cause).Stringer("actor", e.id).Int("shard", s.index).Msg("actor quarantined: nobody can use it until a repaired program is started")
	for _, cmd := range s.takeWaiting(e) {
		s.answer(cmd.Sender, nil, errQuarantined)
	}
	switch {
	case !e.exists:
		s.drop(e)
	case len(what.tail) > 0:
		kept := what.snapshot
		kept.Actor, kept.Position = e.id, what.tail[len(what.tail)-1].Position
		kept.Resident, kept.Expires = true, time.Time{}
		for _, each := range what.tail {
			kept.Tail = append(kept.Tail, each.Event)
		}
		s.keep(e, kept)
	default:
		e.dirty, e.events = 0, 0
	}
}

package shard

import (
	"errors"
	"fmt"
	"time"
)

// faultsMax is how often an actor may fail before no command reaches it any more.
const faultsMax = 2

// breakDown takes an actor that has panicked out of service: its state in memory cannot be trusted. It is rebuilt from the
// store as soon as all that it has decided on is there.
func (s *Shard) breakDown(e *entry) {
	e.faults++
	s.metrics.panics.Inc()
	s.unschedule(e)
	e.state = entryBroken
	s.mend(e)
}

// mend begins to rebuild a broken actor if all its events are durable; otherwise the commit does.
func (s *Shard) mend(e *entry) {
	if e.state == entryBroken && e.batch <= s.committed {
		e.state, e.actor = entryLoading, nil
		s.load(e)
	}
}

// rebuild makes an actor from its snapshot and the entries after it. A panic of the actor's is an error.
func rebuild(actors Actors, id ID, snapshot Snapshot, tail []Entry) (actor Actor, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			actor, err = nil, fmt.Errorf("rebuild: panic: %v", cause)
		}
	}()
	if len(snapshot.State) == 0 {
		actor = actors.New(id)
	} else if actor, err = actors.Restore(id, snapshot.State); err != nil {
		return nil, fmt.Errorf("restore snapshot at %d: %w", snapshot.Position, err)
	}
	for i, event := range snapshot.Tail {
		if err := actor.Apply(event); err != nil {
			return nil, fmt.Errorf("apply event %d after the snapshot: %w", i+1, err)
		}
	}
	for _, entry := range tail {
		if entry.Position <= snapshot.Position {
			continue
		}
		if err := actor.Apply(entry.Event); err != nil {
			return nil, fmt.Errorf("apply entry %d: %w", entry.Position, err)
		}
	}
	return actor, nil
}

// quarantine shuts an actor off. Its journal is kept as it is, in the tail of a snapshot, so that it does not hold up the
// trimming of everybody's.
func (s *Shard) quarantine(e *entry, snapshot Snapshot, tail []Entry, cause error) {
	e.state, e.actor = entryQuarantined, nil
	s.unschedule(e)
	s.metrics.quarantined.Inc()
	s.log.Error().Err(cause).Stringer("actor", e.id).Int("shard", s.index).Msg("actor quarantined: nobody can use it until a repaired program loads it")
	waiting := e.waiting
	e.waiting = nil
	for _, cmd := range waiting {
		s.answer(cmd, nil, fmt.Errorf("%w: it is quarantined: its journal cannot be read", ErrInternal))
	}
	if e.dirty == 0 {
		return
	}
	kept := snapshot
	kept.Actor, kept.Resident = e.id, false
	for _, entry := range tail {
		if entry.Position > snapshot.Position {
			kept.Tail = append(kept.Tail, entry.Event)
			kept.Position = entry.Position
		}
	}
	s.pending.Snapshots = append(s.pending.Snapshots, kept)
	s.touch(e)
	e.dirty, e.events = 0, 0
}

// errFaults is why an actor is quarantined that could be rebuilt.
var errFaults = errors.New("it panicked twice")

// stuck returns the actor that has kept the shard busy for longer than the limit, and for how long.
func (s *Shard) stuck(now time.Time, limit time.Duration) (ID, time.Duration, bool) {
	since := s.turnSince.Load()
	if since == 0 {
		return ID{}, 0, false
	}
	took := now.Sub(time.Unix(0, since))
	if actor := s.turnActor.Load(); actor != nil && took > limit {
		return *actor, took, true
	}
	return ID{}, took, took > limit
}

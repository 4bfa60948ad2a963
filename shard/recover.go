package shard

import (
	"context"
	"fmt"
	"time"
)

// start takes the shard over: it acquires it, reads its journal, and gives back to its actors the time in which nobody
// served them. It blocks.
func (s *Shard) start(ctx context.Context) error {
	token, err := s.store.Acquire(ctx, s.index)
	if err != nil {
		return fmt.Errorf("acquire shard %d: %w", s.index, err)
	}
	recovery, err := s.store.Recover(ctx, s.index, token)
	if err != nil {
		return fmt.Errorf("recover shard %d: %w", s.index, err)
	}
	done := make(chan struct{})
	s.tell(func(now time.Time) {
		defer close(done)
		s.token = token
		s.revive(now, recovery)
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// revive makes the actors out of what the journal says.
func (s *Shard) revive(now time.Time, r Recovery) {
	s.entries = make(map[ID]*entry, len(r.Snapshots))
	s.head, s.batches, s.committed = r.Head, s.batches+1, s.batches
	snapshots := make(map[ID]Snapshot, len(r.Snapshots))
	for _, snapshot := range r.Snapshots {
		snapshots[snapshot.Actor] = snapshot
	}
	tails := make(map[ID][]Entry)
	for _, each := range r.Entries {
		if snapshot, known := snapshots[each.Actor]; !known || each.Position > snapshot.Position {
			tails[each.Actor] = append(tails[each.Actor], each)
		}
	}
	for id, tail := range tails {
		s.reviveActor(now, id, snapshots[id], tail)
	}
	for id, snapshot := range snapshots {
		if tails[id] == nil && snapshot.Resident {
			s.reviveActor(now, id, snapshot, nil)
		}
	}
	for _, e := range s.entries {
		if e.state == entryLive {
			s.guarded(e, Command{}, func() { s.take(now, e, Command{}, e.actor.Receive(now, Thaw{Alive: r.At})) })
		}
	}
}

func (s *Shard) reviveActor(now time.Time, id ID, snapshot Snapshot, tail []Entry) {
	e := &entry{id: id, state: entryLive, exists: true, resident: snapshot.Resident, usedAt: now, events: len(tail)}
	if len(tail) > 0 {
		e.dirty, e.dirtyAt = tail[0].Position, now
	}
	s.entries[id] = e
	s.loaded.Add(1)
	s.metrics.restored.Inc()
	var err error
	if e.actor, err = rebuild(s.actors, id, snapshot, tail); err != nil {
		s.quarantine(e, snapshot, tail, err)
	}
}

// unstall gives back to the actors the time since the pulse, once: the process stood still. No flag may fall, and no move
// be charged, for time in which nobody was served.
func (s *Shard) unstall(now time.Time, pulse *time.Time) {
	if s.thawed == pulse {
		return
	}
	s.thawed = pulse
	alive := *pulse
	for _, e := range s.entries {
		if e.state == entryLive && !e.needs.Deadline.IsZero() {
			s.guarded(e, Command{}, func() { s.take(now, e, Command{}, e.actor.Receive(now, Thaw{Alive: alive})) })
		}
	}
}

// drain refuses what comes from now on, snapshots every actor, and calls done when all of it is durable.
func (s *Shard) drain(done func()) {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.tell(func(now time.Time) {
		if s.entries == nil {
			done()
			return
		}
		s.drained = done
		for _, e := range s.entries {
			if e.state == entryLive && e.dirty != 0 {
				s.snapshot(e, now)
			}
		}
	})
}

// finishDrain ends a drain when everything is durable.
func (s *Shard) finishDrain() {
	if s.drained == nil {
		return
	}
	done := s.drained
	s.drained, s.entries, s.timers = nil, nil, nil
	s.loaded.Store(0)
	done()
}

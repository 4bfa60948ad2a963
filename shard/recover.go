package shard

import (
	"context"
	"fmt"
	"time"
)

// acquire makes this node the owner of the shard. It blocks.
func (s *shard) acquire(ctx context.Context) (Token, error) {
	token, err := s.store.Acquire(ctx, s.index)
	if err != nil {
		return token, fmt.Errorf("acquire shard %d: %w", s.index, err)
	}
	return token, nil
}

// recoverAll rebuilds the actors of the shard, which this node owns. They are not served before serve. It blocks.
func (s *shard) recoverAll(ctx context.Context, token Token) error {
	recovery, err := s.store.Recover(ctx, s.index, token)
	if err != nil {
		return fmt.Errorf("recover shard %d: %w", s.index, err)
	}
	done := make(chan struct{})
	s.tell(func(now time.Time) {
		defer close(done)
		if !s.closed {
			s.token = token
			s.revive(now, recovery)
		}
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("recover shard %d: %w", s.index, context.Cause(ctx))
	}
}

// revive makes the actors out of what the journal says, in its order.
func (s *shard) revive(now time.Time, r Recovery) {
	s.entries = make(map[ID]*entry, len(r.Snapshots))
	s.head, s.trimmed, s.alive = r.Head, r.Head, r.At
	s.batches, s.committed = 1, 0
	if len(r.Entries) > 0 {
		s.trimmed = r.Entries[0].Position - 1
	}
	s.epoch.Store(uint64(s.token.Epoch))
	s.durableHead.Store(s.head)
	s.trimmedTo.Store(s.trimmed)
	all := make(map[ID]*found, len(r.Snapshots))
	order := make([]ID, 0, len(r.Snapshots))
	for _, snapshot := range r.Snapshots {
		all[snapshot.Actor] = &found{snapshot: snapshot, exists: true}
		order = append(order, snapshot.Actor)
	}
	for _, each := range r.Entries {
		what := all[each.Actor]
		if what == nil {
			what = &found{exists: true}
			all[each.Actor] = what
			order = append(order, each.Actor)
		}
		if each.Position > what.snapshot.Position {
			what.tail = append(what.tail, each)
		}
	}
	for _, id := range order {
		if what := all[id]; what.snapshot.Resident || len(what.tail) > 0 {
			s.reviveActor(now, id, *what)
		}
	}
}

func (s *shard) reviveActor(now time.Time, id ID, what found) {
	e := s.admit(id)
	e.exists, e.resident, e.expires, e.usedAt = true, what.snapshot.Resident, what.snapshot.Expires, now
	if e.events = len(what.tail); e.events > 0 {
		e.dirty, e.dirtyAt = what.tail[0].Position, now
	}
	s.metrics.restored.Inc()
	var err error
	if e.actor, err = rebuild(s.actors, id, what); err != nil {
		s.quarantine(e, what, err)
		return
	}
	s.enliven(now, e)
}

// serve lets the actors be used, after they have been given back the time in which nobody served them.
func (s *shard) serve(time.Time) {
	if s.closed {
		return
	}
	s.open = true
	s.freezeAll(s.alive)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving = true
}

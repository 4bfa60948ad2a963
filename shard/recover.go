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
	return s.begin(ctx, func(now time.Time) {
		s.token = token
		s.revive(now, recovery)
	})
}

// begin has the actors brought into memory on the shard's goroutine. It blocks.
func (s *shard) begin(ctx context.Context, fill func(now time.Time)) error {
	done := make(chan struct{})
	s.tell(func(now time.Time) {
		defer close(done)
		if !s.closed {
			fill(now)
		}
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("recover shard %d: %w", s.index, context.Cause(ctx))
	}
}

// settleAt is where the journal stands when the shard is taken over, and when its players were last served.
func (s *shard) settleAt(head, trimmed uint64, alive time.Time) {
	s.head, s.trimmed, s.alive = head, trimmed, alive
	s.batches, s.committed = 1, 0
	s.epoch.Store(uint64(s.token.Epoch))
	s.durableHead.Store(head)
	s.trimmedTo.Store(trimmed)
}

// revive makes the actors out of what the journal says, in its order.
func (s *shard) revive(now time.Time, r Recovery) {
	s.entries = make(map[ID]*entry, len(r.Snapshots))
	trimmed := r.Head
	if len(r.Entries) > 0 {
		trimmed = r.Entries[0].Position - 1
	}
	s.settleAt(r.Head, trimmed, r.At)
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

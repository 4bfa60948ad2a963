package shard

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// loadsMax is how many actors of a shard are read from the store side by side.
	loadsMax = 8
	// readStep is how many entries are read from the journal at a time.
	readStep = 1024
)

// found is what the store says about one actor. Nothing of it is set if the store knows nothing.
type found struct {
	snapshot Snapshot
	tail     []Entry // behind the snapshot
	exists   bool
}

// last is the position of the last entry that is in it.
func (f found) last() uint64 {
	if n := len(f.tail); n > 0 {
		return f.tail[n-1].Position
	}
	return f.snapshot.Position
}

// load reads an actor from the store, beside the shard; if enough are being read already, after them.
func (s *shard) load(e *entry) {
	e.state = entryLoading
	s.toLoad = append(s.toLoad, e)
	s.loadNext()
}

func (s *shard) loadNext() {
	for s.loading < loadsMax && len(s.toLoad) > 0 {
		e := s.toLoad[0]
		s.toLoad[0], s.toLoad = nil, s.toLoad[1:]
		s.loading++
		id, dirty := e.id, e.dirty
		s.time.Go(func() {
			what, err := s.find(id, dirty)
			s.tell(func(now time.Time) {
				s.loading--
				s.loadNext()
				if e.place >= 0 {
					s.loadedWith(now, e, what, err)
				}
			})
		})
	}
}

// reading tells whether actors are being loaded, for which commands may wait.
func (s *shard) reading() bool { return s.loading > 0 || len(s.toLoad) > 0 }

// find reads the last snapshot of an actor, and its entries from position dirty on; 0: there are none that no snapshot
// covers. It blocks.
func (s *shard) find(id ID, dirty uint64) (what found, err error) {
	switch what.snapshot, err = s.store.Load(context.Background(), s.index, id); {
	case err == nil:
		what.exists = true
	case !errors.Is(err, ErrNoSnapshot):
		return found{}, err
	}
	if dirty == 0 {
		return what, nil
	}
	for after := dirty - 1; ; {
		entries, err := s.store.Read(context.Background(), s.index, after, readStep)
		if err != nil {
			return found{}, err
		}
		for _, each := range entries {
			if after = each.Position; each.Actor == id && after > what.snapshot.Position {
				what.tail, what.exists = append(what.tail, each), true
			}
		}
		if len(entries) < readStep {
			return what, nil
		}
	}
}

// loadedWith goes on with an actor when the store has answered.
func (s *shard) loadedWith(now time.Time, e *entry, what found, err error) {
	if err != nil {
		s.notLoaded(e, err)
		return
	}
	if last := what.last(); last > s.head {
		// A batch made of this would be malformed, and refused for ever instead of fenced.
		s.stop(fmt.Errorf("%w: the store has entry %d, and this owner has written %d", ErrFenced, last, s.head))
		return
	}
	e.exists, e.resident, e.expires, e.usedAt = what.exists, what.snapshot.Resident, what.snapshot.Expires, now
	if e.faults >= faultsMax {
		s.quarantine(e, what, errFaults)
		return
	}
	if e.actor, err = rebuild(s.actors, e.id, what); err != nil {
		s.quarantine(e, what, err)
		return
	}
	s.metrics.loads.Inc()
	s.enliven(now, e)
	for range len(e.waiting) { // if it breaks, the others wait for it again, in their order
		cmd := e.waiting[0]
		e.waiting = e.waiting[1:]
		s.waiting--
		now = s.deal(now, cmd)
	}
}

// notLoaded goes on with an actor which the store could not read. One that was in memory before comes back without being
// asked: it may have a deadline.
func (s *shard) notLoaded(e *entry, err error) {
	s.log.Warn().Err(err).Stringer("actor", e.id).Int("shard", s.index).Msg("actor cannot be loaded now")
	for _, cmd := range s.takeWaiting(e) {
		s.refuse(cmd)
	}
	if e.faults == 0 {
		s.drop(e)
		return
	}
	e.state = entryBroken
	if s.drained == nil {
		s.time.After(s.config.RetryMax, func() { s.tell(func(time.Time) { s.mend(e) }) })
	}
}

// enliven puts an actor that was rebuilt into service.
func (s *shard) enliven(now time.Time, e *entry) {
	e.state = entryLive
	s.refresh(now, e, false)
}

// takeWaiting returns the commands that wait for e, which has none then.
func (s *shard) takeWaiting(e *entry) []Command {
	waiting := e.waiting
	s.waiting -= len(waiting)
	e.waiting = nil
	return waiting
}

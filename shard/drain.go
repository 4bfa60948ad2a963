package shard

import "time"

// drain refuses what comes from now on, snapshots every actor if keep says so, and calls done when all is durable; or with the
// reason for which the shard has stopped, then or before. last, if not nil, is called before the actors are forgotten, unless
// the shard has stopped.
func (s *shard) drain(keep bool, done func(error), last func(now time.Time)) {
	s.serveNoMore()
	at := s.time.Now() // not when the shard comes to it: from now on nobody is served
	s.tell(func(time.Time) {
		s.serveNoMore() // again: serve may have come in between
		first := s.drained == nil
		if first {
			s.drainedAt = at
		}
		s.drained, s.kept = append(s.drained, done), s.kept || keep
		if last != nil {
			s.last = last
		}
		switch {
		case !s.open:
			s.close(nil)
		case first && len(s.timers) > 0:
			s.pending.beat = true // up to now, the players were served
		}
	})
}

// serveNoMore has every command refused that was not accepted yet. It is safe for concurrent use.
func (s *shard) serveNoMore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving = false
}

// snapshotForDrain snapshots actors if the shard is being drained and they are to be: as many as fit into a batch, and the others with the next.
func (s *shard) snapshotForDrain(now time.Time) {
	if !s.open || !s.kept || s.reading() {
		return
	}
	for _, e := range s.all {
		if s.full() {
			return
		}
		if e.state == entryLive && e.dirty != 0 {
			s.snapshot(now, e)
		}
	}
}

// finishDrain ends a drain when everything is durable and nobody waits.
func (s *shard) finishDrain() {
	if s.open && s.drained != nil && s.flying == nil && s.pending.empty() && !s.reading() {
		if s.last != nil {
			s.last(s.now)
		}
		s.close(nil)
	}
}

package shard

import "time"

// look reads the clock. A shard is told to look several times within Config.StallAfter. If it did not for longer, the
// process stood still, or somebody kept the shard for himself; either way nobody was served: no flag may fall, and no move
// be charged, for that time. A shard that is being drained is not told any more: the next owner gives all of it back.
func (s *shard) look() time.Time {
	now := s.time.Now()
	if s.open && s.drained == nil && between(s.now, now) > s.config.StallAfter {
		s.freezeAll(s.now)
	}
	s.now = now
	s.checkLease(now)
	return now
}

// checkLease notes when this node may not serve any more, and when it may again. Nobody is served in between: another node may
// have taken the shard and answered its players, who must not hear from this one what was true before.
func (s *shard) checkLease(now time.Time) {
	end, held := s.lease.Load().held(now)
	switch {
	case !held && !s.paused:
		s.paused, s.since = true, end
	case held && s.paused:
		s.paused = false
		if s.open && s.drained == nil {
			s.freezeAll(s.since)
		}
	}
}

// between is the time from a to b, by the monotonic or the wall clock, whichever says more: a machine that was suspended
// shows that on the wall clock alone, and deadlines that were read from the journal are compared on that.
func between(a, b time.Time) time.Duration { return max(b.Sub(a), b.Round(0).Sub(a.Round(0))) }

// choked tells whether too much waits for the store. As long as it does, commands are refused and no Tick is given; if
// that was long, the time is given back.
func (s *shard) choked(now time.Time) bool {
	if s.full() && s.flying == nil {
		s.flush(now)
	}
	full := s.full()
	switch {
	case full && s.fullSince.IsZero():
		s.fullSince = now
	case !full && !s.fullSince.IsZero():
		since := s.fullSince
		s.fullSince = time.Time{}
		if now.Sub(since) > s.config.StallAfter {
			s.freezeAll(since)
		}
	}
	return full
}

// freezeAll notes that no actor was served since alive.
func (s *shard) freezeAll(alive time.Time) {
	for _, e := range s.all {
		s.freeze(e, alive)
	}
}

// freeze notes that e was not served since alive. If it is frozen already, the earlier time counts.
func (s *shard) freeze(e *entry, alive time.Time) {
	switch {
	case e.state == entryQuarantined, e.state == entryLoading && e.faults == 0: // it was not served before either
	case !e.frozen:
		e.frozen, e.alive = true, alive
		s.frozen = append(s.frozen, e)
	case alive.Before(e.alive):
		e.alive = alive
	}
}

const (
	thawChunk = 64 // actors thawed in one turn, so that those who move do not wait for all others
	thawPause = 2 * time.Millisecond
)

// thawAll lets the frozen actors go on, as many at a time as are quickly told and the pending batch has room for; the others follow. An actor that is
// asked something, or whose deadline comes, is thawed before.
func (s *shard) thawAll(now time.Time) {
	var broken []*entry // to be thawed when they are mended; until then nobody serves them
	for n := 0; len(s.frozen) > 0 && s.open && !s.paused && !s.choked(now); n++ {
		if n == thawChunk {
			s.time.After(thawPause, func() { s.tell(func(time.Time) {}) })
			break
		}
		e := s.frozen[0]
		s.frozen[0], s.frozen = nil, s.frozen[1:]
		if e.place >= 0 && e.frozen && e.state == entryLive {
			s.thaw(now, e)
		}
		if e.place >= 0 && e.frozen {
			broken = append(broken, e)
		}
	}
	s.frozen = append(s.frozen, broken...)
}

// thaw tells e that it is served again. It returns false if the actor has panicked.
func (s *shard) thaw(now time.Time, e *entry) bool {
	return s.ask(now, now, e, Command{Body: Thaw{Alive: e.alive}})
}

// lastAlive is the last moment up to which all players were served, for a later owner: now, unless somebody is still frozen
// or quarantined, or the shard takes no commands any more because it is being drained.
func (s *shard) lastAlive(now time.Time) time.Time {
	if s.drained != nil {
		now = s.drainedAt
	}
	if s.paused && s.since.Before(now) {
		now = s.since
	}
	if !s.abandoned.IsZero() && s.abandoned.Before(now) {
		now = s.abandoned
	}
	for _, e := range s.frozen {
		if e.frozen && !e.alive.IsZero() && e.alive.Before(now) {
			now = e.alive
		}
	}
	return now
}

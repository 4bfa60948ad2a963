package shard

import "time"

const (
	// upkeepSnapshots bounds the snapshots of one upkeep, so that they do not hold up the moves.
	upkeepSnapshots = 256
	// trimEvents is how many times Config.SnapshotEvents of entries have to be free before the journal is trimmed.
	trimEvents = 4
)

// upkeep snapshots what has waited for long, lets idle actors leave memory, and frees the journal.
func (s *shard) upkeep(now time.Time) {
	if !s.open {
		return
	}
	budget := upkeepSnapshots
	for i := len(s.all) - 1; i >= 0 && budget > 0 && !s.full(); i-- { // backwards: drop fills the gap with the last
		e := s.all[i]
		if e.state != entryLive {
			continue
		}
		idle := !e.needed() && now.Sub(e.usedAt) >= s.config.PassivateAfter
		switch {
		case idle && e.dirty == 0 && !e.resident && s.settled(e):
			s.drop(e)
			s.metrics.passivated.Inc()
		case idle && (e.dirty != 0 || e.resident), e.dirty != 0 && now.Sub(e.dirtyAt) >= s.config.SnapshotInterval:
			s.snapshot(now, e)
			budget--
		}
	}
	s.trim()
	if len(s.timers) > 0 && now.Sub(s.putAt) >= s.config.UpkeepInterval {
		s.pending.beat = true // so that a later owner charges no player for more than he has used
	}
}

// wantsSnapshot tells whether e has to be snapshotted in the batch that is being filled: because of its many events,
// because the store may forget the snapshot without which they mean nothing, or because nothing would bring it back at
// recovery although it has to come.
func (e *entry) wantsSnapshot(events int) bool {
	switch {
	case e.state != entryLive || !e.exists:
		return false
	case e.dirty != 0:
		return e.events >= events || !e.expires.IsZero()
	}
	return !e.resident && e.returns()
}

// returns tells whether whoever takes the shard over has to bring e back.
func (e *entry) returns() bool { return !e.needs.Deadline.IsZero() || e.sends > 0 }

// needed tells whether e has to stay in memory.
func (e *entry) needed() bool { return e.returns() || e.needs.Stay }

// snapshot puts the state of e into the pending batch, together with the events that it has there: it covers all that the
// journal will have of e when the batch is durable, and nothing that it will not.
func (s *shard) snapshot(now time.Time, e *entry) {
	state, ok := s.write(e)
	if !ok {
		s.breakDown(now, e)
		return
	}
	s.metrics.snapshots.Inc()
	s.metrics.snapshotBytes.Add(float64(len(state)))
	s.keep(e, Snapshot{Actor: e.id, Position: s.head, State: state, Resident: e.returns(), Expires: e.needs.Expires})
}

// write asks the actor for its state.
func (s *shard) write(e *entry) (state []byte, ok bool) {
	defer s.recovered(e)
	state = e.actor.AppendSnapshot(nil)
	if len(state) == 0 {
		panic("the snapshot of an actor that has had events is empty")
	}
	return state, true
}

// keep puts a snapshot of e into the pending batch, in the place of one that is there.
func (s *shard) keep(e *entry, snapshot Snapshot) {
	s.touch(e)
	size := len(snapshot.State) + entryBytes
	for _, event := range snapshot.Tail {
		size += len(event) + entryBytes
	}
	s.pending.bytes += size
	if e.kept == 0 {
		s.pending.Snapshots = append(s.pending.Snapshots, snapshot)
		e.kept = len(s.pending.Snapshots)
	} else {
		s.pending.Snapshots[e.kept-1] = snapshot
	}
	e.resident, e.expires, e.dirty, e.events, e.passed = snapshot.Resident, snapshot.Expires, 0, 0, false
}

// trim lets the store forget the entries that snapshots cover.
func (s *shard) trim() {
	floor := s.head - uint64(len(s.pending.Entries))
	for _, e := range s.all {
		if e.dirty != 0 {
			floor = min(floor, e.dirty-1)
		}
	}
	if floor >= s.trimmed+uint64(trimEvents*s.config.SnapshotEvents) {
		s.pending.Trim, s.trimmed = floor, floor
		s.metrics.trims.Inc()
	}
}

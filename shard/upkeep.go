package shard

import "time"

// upkeepSnapshots bounds the snapshots of one upkeep, so that the batch which carries them stays small.
const upkeepSnapshots = 256

// trimStep is how many entries have to be free before the journal is trimmed.
const trimStep = 256

// upkeep snapshots what has waited for long, lets idle actors leave memory, and frees the journal.
func (s *Shard) upkeep(now time.Time) {
	if s.entries == nil {
		return
	}
	budget := upkeepSnapshots
	for _, e := range s.entries {
		idle := e.needs.Deadline.IsZero() && !e.needs.Stay && now.Sub(e.usedAt) >= s.config.PassivateAfter
		switch {
		case e.state == entryQuarantined && e.dirty == 0 && e.batch <= s.committed && now.Sub(e.usedAt) >= s.config.PassivateAfter:
			s.drop(e)
		case e.state != entryLive || budget == 0:
		case idle && e.dirty == 0 && !e.resident && e.batch <= s.committed:
			s.drop(e)
			s.metrics.passivated.Inc()
		case idle && (e.dirty != 0 || e.resident), e.dirty != 0 && now.Sub(e.dirtyAt) >= s.config.SnapshotInterval:
			s.snapshot(e, now)
			budget--
		}
	}
	s.trim()
}

// snapshot puts the state of e into the pending batch, together with the events that it has there: it covers all that the
// journal will have of e when the batch is durable, and nothing that it will not.
func (s *Shard) snapshot(e *entry, now time.Time) {
	s.guarded(e, Command{Actor: e.id}, func() {
		snapshot := Snapshot{Actor: e.id, Position: s.head, State: e.actor.AppendSnapshot(nil),
			Resident: !e.needs.Deadline.IsZero() || e.needs.Stay, Expires: e.needs.Expires}
		s.pending.Snapshots = append(s.pending.Snapshots, snapshot)
		s.touch(e)
		e.resident, e.dirty, e.events = snapshot.Resident, 0, 0
		s.metrics.snapshots.Inc()
		s.metrics.snapshotBytes.Add(float64(len(snapshot.State)))
	})
}

// trim lets the store forget the entries that snapshots cover.
func (s *Shard) trim() {
	floor := s.head - uint64(len(s.pending.Entries))
	for _, e := range s.entries {
		if e.dirty != 0 {
			floor = min(floor, e.dirty-1)
		}
	}
	if floor >= s.trimmed+trimStep {
		s.pending.Trim, s.trimmed = floor, floor
	}
}

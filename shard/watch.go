package shard

import "time"

// stuckTurns is how many times as long as Config.SlowTurn a turn has to take to be called stuck.
const stuckTurns = 20

// slowest is the command of a turn that took longest.
type slowest struct {
	took  time.Duration
	actor ID
}

// timed notes how long a command took.
func (s *shard) timed(actor ID, took time.Duration) {
	if took > s.slow.took {
		s.slow = slowest{took, actor}
	}
}

// reportSlow counts a slow turn, and names the actor that was slow if there is one.
func (s *shard) reportSlow(took time.Duration) {
	if took <= s.config.SlowTurn {
		return
	}
	s.metrics.slowTurns.Inc()
	if s.slow.took > s.config.SlowTurn {
		s.log.Warn().Stringer("actor", s.slow.actor).Int("shard", s.index).Dur("took", s.slow.took).Msg("actor is slow")
	}
}

// stuck tells since when one turn has kept the shard, if that is too long; and with which actor, if it is in one. It is
// safe for concurrent use.
func (s *shard) stuck(now time.Time) (since int64, actor ID, is bool) {
	since = s.busySince.Load()
	if since == 0 || now.Sub(time.Unix(0, since)) <= stuckTurns*s.config.SlowTurn {
		return 0, ID{}, false
	}
	if with := s.busyWith.Load(); with != nil {
		actor = *with
	}
	return since, actor, true
}

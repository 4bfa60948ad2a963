package simulation

import (
	"slices"
	"time"

	"github.com/plywire/plywire/shard"
)

// besideMax is how long what a process runs beside has to wait for its turn at the most: less than what a shard takes for a
// stall.
const besideMax = 200 * time.Millisecond

// timeline is the time of one process: what is going to happen in it, and when.
type timeline struct {
	sim    *sim
	alarms []alarm // by time; those of the same time in the order in which they came
}

type alarm struct {
	at     time.Time
	beside bool // it could run at any time from now on
	f      func()
}

// time is what the shards take for the machine's.
func (t *timeline) time() shard.Time {
	return shard.Time{
		Now:   func() time.Time { return t.sim.now },
		After: func(d time.Duration, f func()) { t.set(d, false, f) },
		Go: func(f func()) {
			d := time.Duration(0)
			if t.sim.faulty && t.sim.chance(2) {
				d = t.sim.upTo(besideMax)
			}
			t.set(d, true, f)
		},
	}
}

func (t *timeline) set(d time.Duration, beside bool, f func()) {
	at := t.sim.now.Add(max(d, 0))
	i := len(t.alarms)
	for i > 0 && t.alarms[i-1].at.After(at) {
		i--
	}
	t.alarms = slices.Insert(t.alarms, i, alarm{at, beside, f})
}

// due takes out the first alarm that is due by then, and returns nil if there is none.
func (t *timeline) due(by time.Time) func() {
	if len(t.alarms) == 0 || t.alarms[0].at.After(by) {
		return nil
	}
	first := t.alarms[0]
	t.alarms = slices.Delete(t.alarms, 0, 1)
	if first.at.After(t.sim.now) {
		t.sim.advance(first.at.Sub(t.sim.now))
	}
	return first.f
}

// hurry runs one of those things that may run now.
func (t *timeline) hurry() {
	var ready []int
	for i, each := range t.alarms {
		if each.beside {
			ready = append(ready, i)
		}
	}
	if len(ready) > 0 {
		i := pick(t.sim, ready)
		f := t.alarms[i].f
		t.alarms = slices.Delete(t.alarms, i, i+1)
		f()
	}
}

// advance lets time go by, and counts it if the players are served.
func (s *sim) advance(d time.Duration) {
	s.now = s.now.Add(d)
	if s.process != nil && s.process.serving {
		s.served += d
	}
}

// pass lets d go by, with all that is to happen meanwhile.
func (s *sim) pass(d time.Duration) {
	until := s.now.Add(d)
	for s.violation == nil && !s.process.lost() {
		s.hurryUp()
		f := s.process.line.due(until)
		if f == nil {
			break
		}
		f()
	}
	if until.After(s.now) {
		s.advance(until.Sub(s.now))
	}
}

// readMax is how long a frame that was read waits at the most until it is decided on.
const readMax = 50 * time.Millisecond

// hurryUp decides on the frames that have waited for too long.
func (s *sim) hurryUp() {
	for _, n := range slices.Clone(s.conns) {
		for len(n.session.inbox) > 0 && s.now.Sub(n.session.inbox[0].mark.at) > readMax && n.session.decide() {
		}
	}
}

// stall lets d go by in which the process does nothing.
func (s *sim) stall(d time.Duration) {
	serving := s.process.serving
	if d > s.setup.shard.StallAfter {
		s.process.serving = false
	}
	s.advance(d)
	s.process.serving = serving
}

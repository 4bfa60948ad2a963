package shard

import (
	"container/heap"
	"time"
)

// tickPause is when an actor is told again that its deadline has passed if it has not moved it.
const tickPause = 100 * time.Millisecond

// timers is a heap of the actors by deadline. An actor whose deadline moves away keeps its place until that has come, so
// that a move on a clock costs the heap nothing.
type timers []*entry

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].deadline.Before(t[j].deadline) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i]; t[i].timer, t[j].timer = i, j }
func (t *timers) Push(x any)        { e := x.(*entry); e.timer = len(*t); *t = append(*t, e) }
func (t *timers) Pop() any {
	last := len(*t) - 1
	e := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	return e
}

// schedule makes sure that e hears of its deadline.
func (s *shard) schedule(e *entry) {
	if e.state != entryLive {
		return
	}
	deadline := e.needs.Deadline
	if !deadline.IsZero() && deadline.Before(e.pause) {
		deadline = e.pause
	}
	switch {
	case deadline.IsZero():
		s.unschedule(e)
	case e.deadline.IsZero():
		e.deadline = deadline
		heap.Push(&s.timers, e)
	case deadline.Before(e.deadline):
		e.deadline = deadline
		heap.Fix(&s.timers, e.timer)
	}
}

func (s *shard) unschedule(e *entry) {
	if !e.deadline.IsZero() {
		heap.Remove(&s.timers, e.timer)
		e.deadline = time.Time{}
	}
}

// fire gives a Tick to every actor whose deadline has passed, unless nobody is served.
func (s *shard) fire(now time.Time) {
	for s.ticking() && !s.timers[0].deadline.After(now) && !s.choked(now) {
		e := s.timers[0]
		s.unschedule(e)
		switch {
		case !s.settled(e):
			// Its players have not seen yet what its clocks run for. The commit schedules it again.
		case e.frozen:
			s.thaw(now, e)
		case e.due(now):
			if s.ask(now, now, e, Command{Body: Tick{}}) && e.due(now) {
				s.metrics.idleTicks.Inc()
				e.pause = now.Add(tickPause)
				s.unschedule(e)
				s.schedule(e)
			}
		default:
			s.schedule(e)
		}
	}
}

// ticking tells whether deadlines count: not while the shard takes no moves, because it is being drained or the lease has run
// out.
func (s *shard) ticking() bool { return s.open && !s.paused && s.drained == nil && len(s.timers) > 0 }

// arm sets the shard's wake-up for the first deadline, if none that comes earlier is set. It need not be set for one that is
// some pulses away; and where the shard is choked, what lets it breathe again wakes it up as well.
func (s *shard) arm() {
	if !s.ticking() || !s.fullSince.IsZero() {
		return
	}
	first := s.timers[0].deadline
	away := max(first.Sub(s.now), 0)
	if away > 2*s.config.pulse() || !s.armed.IsZero() && !s.armed.After(first) {
		return
	}
	s.armed = first
	s.time.After(away, func() { s.tell(func(time.Time) { s.woken(first) }) })
}

// woken forgets the wake-up that has come. The turn fires what is due.
func (s *shard) woken(at time.Time) {
	if s.armed.Equal(at) {
		s.armed = time.Time{}
	}
}

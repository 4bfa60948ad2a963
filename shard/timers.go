package shard

import (
	"container/heap"
	"time"
)

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
func (s *Shard) schedule(e *entry) {
	if e.state != entryLive {
		return
	}
	deadline := e.needs.Deadline
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

func (s *Shard) unschedule(e *entry) {
	if !e.deadline.IsZero() {
		heap.Remove(&s.timers, e.timer)
		e.deadline = time.Time{}
	}
}

// fire gives a Tick to every actor whose deadline has passed.
func (s *Shard) fire(now time.Time) {
	for len(s.timers) > 0 && !s.timers[0].deadline.After(now) {
		e := s.timers[0]
		s.unschedule(e)
		if deadline := e.needs.Deadline; deadline.IsZero() || deadline.After(now) {
			s.schedule(e)
			continue
		}
		s.guarded(e, Command{}, func() { s.take(now, e, Command{}, e.actor.Receive(now, Tick{})) })
		if e.state == entryLive && !e.deadline.IsZero() && !e.deadline.After(now) {
			// An actor that wants to be told again at once would keep the shard for itself.
			s.log.Error().Stringer("actor", e.id).Int("shard", s.index).Msg("actor does not move its deadline on a tick")
			s.breakDown(e)
		}
	}
}

// arm sets the shard's wake-up for the first deadline, if none that comes earlier is set.
func (s *Shard) arm(now time.Time) {
	if len(s.timers) == 0 {
		return
	}
	first := s.timers[0].deadline
	if !s.armed.IsZero() && !s.armed.After(first) {
		return
	}
	s.armed = first
	s.time.After(max(first.Sub(now), 0), func() {
		s.tell(func(now time.Time) {
			if s.armed.Equal(first) {
				s.armed = time.Time{}
			}
			s.fire(now)
		})
	})
}

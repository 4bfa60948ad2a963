package shard_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// life is a process.
type life struct {
	sim   *sim
	clock *clock
	store *twinstore.Store
	node  *shard.Node
	gauge *prometheus.Registry
	asked []*asked
	last  map[shard.ID]int // the last event that was published
	ended bool             // drained, or stopped: who has asked has an answer
}

// asked is a command under way.
type asked struct {
	life  *life
	actor shard.ID
	body  any
	floor int // events that its sender knows of
	times int
}

func (w *asked) String() string { return fmt.Sprintf("%T%v to %s", w.body, w.body, w.actor) }

// quiesce drains the process, and checks that everybody who has asked has heard. It returns false if the process was fenced.
func (l *life) quiesce() bool {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	for range 1000 {
		if !errors.Is(l.node.Drain(now), context.Canceled) {
			l.clock.settle()
			l.ended = true
			for _, w := range l.asked {
				if w.times != 1 {
					l.sim.fail("%T to %s was answered %d times", w.body, w.actor, w.times)
				}
			}
			select {
			case <-l.node.Failed():
				return false
			default:
				return true
			}
		}
		l.clock.settle()
		l.store.Step(0)
		l.sim.sync()
		l.clock.pass(50 * time.Millisecond)
		l.sim.sync()
	}
	l.sim.fail("a drain does not end: %+v", l.node.Status())
	return false
}

// send sends one command.
func (l *life) send() {
	s := l.sim
	w := &asked{life: l, actor: s.actors[s.random.IntN(len(s.actors))]}
	w.floor = s.floor[w.actor]
	switch n := s.random.IntN(20); {
	case n < 8:
		s.nextID++
		w.body = note{s.nextID}
	case n < 11:
		w.body = note{1 + s.random.Uint64N(s.nextID+1)} // maybe again, maybe another's, maybe one that is to come
	case n < 15:
		w.body = look{}
	case n < 16:
		w.body = say{"x"}
	case n < 18:
		w.body = wake{l.clock.Now().Add(time.Duration(s.random.IntN(5000)-500) * time.Millisecond)}
	case n < 19:
		s.nextID++
		w.body = pass{s.nextID, s.actors[s.random.IntN(len(s.actors))]}
	default:
		w.body = stays{s.chance(2)}
	}
	at := time.Time{}
	if s.chance(2) {
		at = l.clock.Now().Add(-time.Duration(s.random.IntN(1000)) * time.Millisecond)
	}
	s.note("send:", w)
	switch what := w.body.(type) {
	case note:
		if key := (noteKey{w.actor, what.id}); s.fates[key] == nil {
			s.fates[key] = &fate{}
		}
	case pass:
		s.passed[what.id] = true
	}
	give := l.node.Send
	if s.chance(4) {
		give = l.node.Post
	}
	switch err := give(shard.Command{Actor: w.actor, Body: w.body, Sender: w, At: at}); {
	case err == nil:
		l.asked = append(l.asked, w)
		if what, is := w.body.(note); is {
			s.fates[noteKey{w.actor, what.id}].asked++
		}
	case !errors.Is(err, shard.ErrUnavailable) || w.times != 0:
		s.fail("Send says %v after %d answers", err, w.times)
	default:
		s.note("refused at once")
	}
}

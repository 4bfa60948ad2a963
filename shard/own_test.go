package shard_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// several is a rig whose node is one of several, with no shard yet.
type several struct {
	*rig
	lost []error // of the shards that have stopped, by the order in which they did
}

func newSeveral(t *testing.T, change func(*setup)) *several {
	s := &several{rig: newRig(t, change)}
	s.another()
	return s
}

// another makes a node in the place of the one before, which goes on where it is.
func (s *several) another() {
	s.prepare()
	s.lost = nil
	s.node.Join(s.node.Post, func(_ int, cause error) { s.lost = append(s.lost, cause) })
	s.node.Begin()
	s.clock.settle()
}

// away expects that a command is refused because the shard is not here.
func (s *several) away(id shard.ID) {
	s.Helper()
	w := &answer{}
	err := s.node.Send(shard.Command{Actor: id, Body: look{}, Sender: w})
	s.clock.settle()
	if err == nil {
		w.fails(s.T, shard.ErrAway)
		return
	}
	if !errors.Is(err, shard.ErrAway) || !errors.Is(err, shard.ErrUnavailable) || w.times != 0 {
		s.Fatalf("Send: %v, and %d answers", err, w.times)
	}
}

func TestTakeAndGive(t *testing.T) {
	s := newSeveral(t, nil)
	s.away(a)
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	s.done(a, note{1})
	if err := s.node.Take(t.Context(), 0); err == nil {
		t.Error("a shard that is here is taken again")
	}
	if !s.node.Served(0) || s.node.Here() != 1 {
		t.Error("a shard that was taken is not served")
	}
	status := s.node.Status()[0]
	if status.Epoch == 0 || status.Head != 1 || status.Journal != 1 {
		t.Errorf("the status is %+v", status)
	}
	late := s.send(a, note{2}) // is on its way to the store when the shard is given away
	given := make(chan error, 1)
	go func() {
		_, err := s.node.Give(t.Context(), 0, nil)
		given <- err
	}()
	for s.node.Served(0) {
		s.clock.settle()
	}
	s.away(a)
	for {
		s.stepAll()
		select {
		case err := <-given:
			must(t, err)
		default:
			continue
		}
		break
	}
	late.is(t, uint32(2))
	if s.node.Served(0) || s.node.Here() != 0 || len(s.lost) != 0 {
		t.Errorf("a shard that was given away is here, or was lost: %v", s.lost)
	}
	if n := s.metric("snapshots_total"); n != 0 {
		t.Errorf("%v snapshots were written to give a shard away", n)
	}
	if _, err := s.node.Give(t.Context(), 0, nil); !errors.Is(err, shard.ErrAway) {
		t.Errorf("giving what is not here: %v", err)
	}
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	s.notes(a, 1, 2)
}

// A shard that somebody else has taken stops here and nothing else does.
func TestLostShard(t *testing.T) {
	s := newSeveral(t, func(c *setup) { c.shards = 4 })
	must(t, s.node.Take(t.Context(), 0, 1, 2, 3))
	s.clock.settle()
	ids := make(map[int]shard.ID)
	for i := byte(1); len(ids) < 4; i++ {
		ids[shard.Of(shard.ID{15: i}, 4)] = shard.ID{15: i}
	}
	for _, id := range ids {
		s.done(id, note{1})
	}
	if _, err := s.store.Reopen().Acquire(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	w := s.send(ids[2], note{2})
	s.stepAll()
	w.fails(t, shard.ErrAway)
	if len(s.lost) != 1 || !errors.Is(s.lost[0], shard.ErrFenced) || s.node.Served(2) {
		t.Errorf("lost: %v", s.lost)
	}
	s.away(ids[2])
	s.done(ids[1], note{2})
	must(t, s.node.Drop(t.Context(), 3, shard.ErrFenced))
	s.clock.settle()
	if len(s.lost) != 2 || s.node.Served(3) {
		t.Errorf("lost after the drop: %v", s.lost)
	}
	must(t, s.node.Drop(t.Context(), 3, shard.ErrFenced)) // it is not here
	must(t, s.node.Take(t.Context(), 2))
	s.clock.settle()
	s.notes(ids[2], 1)
	select {
	case err := <-s.node.Failed():
		t.Errorf("the whole node has failed: %v", err)
	default:
	}
}

// A node whose lease has run out answers nobody and lets no flag fall; when it has one again the players have lost no time.
func TestLease(t *testing.T) {
	s := newSeveral(t, nil)
	s.node.Hold(s.clock.Now(), time.Hour)
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	s.done(a, wake{s.clock.Now().Add(3 * time.Second)})
	began := len(s.world.of(a, "thaw"))
	s.node.Hold(s.clock.Now(), time.Second)
	s.clock.pass(900 * time.Millisecond)
	s.done(a, note{1})
	s.clock.pass(5 * time.Second)
	s.stepAll()
	s.away(a)
	if ticks := s.world.of(a, "tick"); len(ticks) != 0 {
		t.Errorf("%d ticks without a lease", len(ticks))
	}
	s.node.Hold(s.clock.Now(), time.Hour)
	s.clock.pass(time.Second)
	s.stepAll()
	thaws := s.world.of(a, "thaw")[began:]
	if len(thaws) != 1 || thaws[0].now.Sub(thaws[0].thaw.Alive) < 4900*time.Millisecond {
		t.Errorf("thaws since the lease ran out: %+v", thaws)
	}
	s.notes(a, 1)
}

// What the store has refused for long, and so has certainly not done, is not done: those who wait hear so, and the shard stops.
func TestRefusedForLong(t *testing.T) {
	refuse := false
	s := newSeveral(t, func(c *setup) {
		c.shard.GiveUpAfter = 2 * time.Second
		c.manual = false
		c.fault = func() twinstore.Fault {
			if refuse {
				return twinstore.FaultRefuse
			}
			return twinstore.FaultNone
		}
	})
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	s.done(a, note{1})
	refuse = true
	w, behind := s.send(a, note{2}), s.send(b, note{3})
	s.clock.pass(1500 * time.Millisecond)
	w.none(t)
	s.clock.pass(2 * time.Second)
	w.fails(t, shard.ErrAway)
	behind.fails(t, shard.ErrAway)
	if len(s.lost) != 1 || !errors.Is(s.lost[0], shard.ErrRefused) {
		t.Fatalf("lost: %v", s.lost)
	}
	refuse = false
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	s.notes(a, 1)
	s.notes(b)
}

// Where nobody knows what became of it, those who wait are told to ask again; and when they do they find out.
func TestUnknownForLong(t *testing.T) {
	away := false
	s := newSeveral(t, func(c *setup) {
		c.shard.GiveUpAfter = 2 * time.Second
		c.manual = false
		c.fault = func() twinstore.Fault {
			if away {
				return twinstore.FaultLost
			}
			return twinstore.FaultNone
		}
	})
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	away = true
	w, behind := s.send(a, note{2}), s.send(b, note{3})
	s.clock.pass(4 * time.Second)
	for _, each := range []*answer{w, behind} {
		each.fails(t, shard.ErrUnavailable)
		if errors.Is(each.err, shard.ErrAway) {
			t.Errorf("it is asked elsewhere although it may have happened here: %v", each.err)
		}
	}
	again := s.send(a, note{2})
	away = false
	s.clock.pass(2 * time.Second)
	again.is(t, uint32(1))
	s.notes(a, 2)
	s.notes(b, 3)
	if len(s.lost) != 0 {
		t.Errorf("lost: %v", s.lost)
	}
}

// A take that fails leaves nothing behind.
func TestTakeFails(t *testing.T) {
	s := newSeveral(t, nil)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.node.Take(over, 0); err == nil {
		t.Fatal("a take whose context has ended succeeds")
	}
	s.clock.settle()
	s.away(a)
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	s.done(a, note{1})
}

package shard_test

import (
	"errors"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// A store that has lost the end of its journal gets it back from the owner, before it gets anything new.
func TestStoreLosesItsTail(t *testing.T) {
	faults := 0
	s := newSeveral(t, func(c *setup) {
		c.manual = false
		c.shard.SnapshotEvents = 4
		c.fault = func() twinstore.Fault {
			if faults > 0 {
				faults--
				return twinstore.FaultLost
			}
			return twinstore.FaultNone
		}
	})
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	for i := range uint64(5) {
		s.done(a, note{i + 1})
	}
	restore := s.store.Save(0)
	for i := range uint64(9) {
		s.done(a, note{i + 6})
		s.done(b, note{i + 100})
	}
	restore()
	faults = 3 // also while it is healed
	w, behind := s.send(a, note{15}), s.send(b, note{109})
	s.clock.pass(10 * time.Second)
	w.is(t, uint32(15))
	behind.is(t, uint32(10))
	s.metricIs("healed_total", 18)
	s.another()
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	s.notes(a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
	s.notes(b, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109)
}

// What is not remembered cannot be brought back: the shard stops, and says so.
func TestStoreLosesTooMuch(t *testing.T) {
	s := newSeveral(t, func(c *setup) {
		c.manual = false
		c.shard.HealBytes = 200
	})
	must(t, s.node.Take(t.Context(), 0))
	s.clock.settle()
	s.done(a, note{1})
	restore := s.store.Save(0)
	for i := range uint64(9) {
		s.done(a, note{i + 2})
	}
	restore()
	w := s.send(a, note{11})
	s.clock.settle()
	w.fails(t, shard.ErrAway)
	var at *shard.HeadError
	if len(s.lost) != 1 || !errors.Is(s.lost[0], shard.ErrHead) || !errors.As(s.lost[0], &at) || at.Head != 1 {
		t.Errorf("lost: %v", s.lost)
	}
}

package localstore

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"
)

// paced opens a store inside a bubble, where time stands still while anybody works, and counts its syncs.
func paced(t *testing.T, change func(*Config)) (s *Store, syncs func() []synced) {
	var seen []synced
	cfg := config(t, vfs.NewMem())
	cfg.Logger = zerolog.Nop()
	cfg.Observer.Synced = func(batches, entries, bytes int, _ time.Duration) {
		seen = append(seen, synced{time.Now(), batches, entries, bytes})
	}
	if change != nil {
		change(&cfg)
	}
	s = mustOpen(t, cfg)
	return s, func() []synced {
		synctest.Wait()
		return seen
	}
}

type synced struct {
	at                      time.Time
	batches, entries, bytes int
}

// TestFirstCommitDoesNotWait commits after quiet moments of several lengths.
func TestFirstCommitDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := paced(t, nil)
		defer s.Close()
		o := own(t, s, 1)
		for _, quiet := range []time.Duration{s.cfg.Pace, 2 * s.cfg.Pace, time.Second, time.Hour} {
			time.Sleep(quiet)
			before := time.Now()
			o.put("move")
			if waited := time.Since(before); waited != 0 {
				t.Errorf("the first commit after %v waited for %v", quiet, waited)
			}
		}
	})
}

// TestPaceGathers commits for many shards at various moments within one pace, and wants one sync.
func TestPaceGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, syncs := paced(t, nil)
		defer s.Close()
		owners := make([]*owner, 20)
		for i := range owners {
			owners[i] = own(t, s, i)
		}
		time.Sleep(time.Second)
		start := time.Now()
		owners[0].put("first") // at once
		answers := make(chan time.Duration, len(owners))
		for _, o := range owners[1:] {
			time.Sleep(s.cfg.Pace / time.Duration(len(owners)+1))
			s.Commit(o.batch("move", "another"), func(err error) {
				if err != nil {
					t.Error(err)
				}
				answers <- time.Since(start)
			})
		}
		for range owners[1:] {
			if at := <-answers; at != s.cfg.Pace {
				t.Errorf("a batch was durable %v after the sync before, want %v", at, s.cfg.Pace)
			}
		}
		if seen := syncs(); len(seen) != 2 || seen[1].batches != 19 || seen[1].entries != 38 {
			t.Errorf("syncs are %v, want one of 1 batch and one of 19 with 38 entries", seen)
		}
	})
}

// TestPaceIsKept commits without a break from one shard, and wants a sync a pace.
func TestPaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, syncs := paced(t, nil)
		defer s.Close()
		o := own(t, s, 1)
		before := time.Now()
		for range 101 {
			o.put("move")
		}
		if took, want := time.Since(before), 101*s.cfg.Pace; took < want-s.cfg.Pace || took > want {
			t.Errorf("101 commits took %v, want about %v", took, want)
		}
		if seen := syncs(); len(seen) != 101 {
			t.Errorf("%d syncs, want 101", len(seen))
		}
	})
}

// TestPaceYields commits so much that waiting would leave the disk idle.
func TestPaceYields(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		events []string
	}{
		"entries":             {nil, make([]string, 128)},
		"bytes":               {nil, []string{strings.Repeat("x", 256<<10)}},
		"no pace":             {func(c *Config) { c.Pace = 0 }, []string{"move"}},
		"one is a full queue": {func(c *Config) { c.PaceEntries = 1 }, []string{"move"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, syncs := paced(t, test.change)
				defer s.Close()
				o := own(t, s, 1)
				before := time.Now()
				for range 50 {
					o.put(test.events...)
				}
				if took := time.Since(before); took != 0 {
					t.Errorf("50 full commits waited for %v", took)
				}
				if seen := syncs(); len(seen) != 50 {
					t.Errorf("%d syncs, want 50", len(seen))
				}
			})
		})
	}
}

// TestPaceYieldsToManyShards fills the queue with small batches of many shards, the last of which must end the wait.
func TestPaceYieldsToManyShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, syncs := paced(t, func(c *Config) { c.PaceEntries = 20 })
		defer s.Close()
		owners := make([]*owner, 21)
		for i := range owners {
			owners[i] = own(t, s, i)
		}
		time.Sleep(time.Second)
		start := time.Now()
		owners[0].put("first")
		answers := make(chan time.Duration, len(owners))
		for _, o := range owners[1:] {
			s.Commit(o.batch("move"), func(error) { answers <- time.Since(start) })
		}
		for range owners[1:] {
			if waited := <-answers; waited != 0 {
				t.Errorf("a batch waited for %v though the queue was full", waited)
			}
		}
		if seen := syncs(); len(seen) != 2 || seen[1].batches != 20 {
			t.Errorf("syncs are %v, want one of 1 batch and one of 20", seen)
		}
	})
}

// TestAcquireDoesNotWait takes all shards one after the other, as a starting server does.
func TestAcquireDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := paced(t, nil)
		defer s.Close()
		before := time.Now()
		for id := range s.Shards() {
			own(t, s, id)
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("taking all shards waited for %v", took)
		}
	})
}

// TestCloseDoesNotWait closes the store while a batch waits for the pace.
func TestCloseDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := paced(t, nil)
		o := own(t, s, 1)
		o.put("first")
		before, answer := time.Now(), make(chan error, 1)
		s.Commit(o.batch("second"), func(err error) { answer <- err })
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-answer; err != nil {
			t.Errorf("commit before Close says %v", err)
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("Close waited for %v", took)
		}
	})
}

// TestTurnIsBounded queues more than one sync may take.
func TestTurnIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, syncs := paced(t, nil)
		defer s.Close()
		large := strings.Repeat("x", turnBytesMax/4)
		owners := make([]*owner, 10)
		for i := range owners {
			owners[i] = own(t, s, i)
		}
		time.Sleep(time.Second)
		owners[0].put("first")
		answers := make(chan error, len(owners))
		before := time.Now()
		s.settled.RLock() // keeps the committer from its first sync until all are waiting
		for _, o := range owners {
			s.Commit(o.batch(large), func(err error) { answers <- err })
		}
		s.settled.RUnlock()
		for range owners {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("full syncs waited for %v", took)
		}
		sum := 0
		for _, each := range syncs()[1:] {
			sum += each.batches
			if each.bytes > turnBytesMax {
				t.Errorf("a sync of %d batches has %d bytes, want %d at the most", each.batches, each.bytes, turnBytesMax)
			}
		}
		if sum != len(owners) {
			t.Errorf("syncs of %d batches, want %d", sum, len(owners))
		}
	})
}

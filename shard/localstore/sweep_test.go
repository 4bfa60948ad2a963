package localstore

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/plywire/plywire/shard"
)

// expiring makes a batch of snapshots, which expire an hour from now, of n actors.
func expiring(o *owner, n int) *shard.Batch {
	b := o.batch()
	for i := range n {
		var actor shard.ID
		binary.BigEndian.PutUint64(actor[:], uint64(i)+1)
		b.Snapshots = append(b.Snapshots, shard.Snapshot{Actor: actor, Position: b.Head, Resident: i%2 == 0, Expires: time.Now().Add(time.Hour)})
	}
	return b
}

// count returns how many keys of some kind there are.
func count(t *testing.T, s *Store, kind byte) (n int) {
	t.Helper()
	err := s.look(t.Context(), 0, func(v *view) error {
		return v.scan([]byte{kind}, []byte{kind + 1}, func(_, _ []byte) (bool, error) {
			n++
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSweepRunsByItself lets more actors expire than one look at the store takes, and waits for the sweep.
func TestSweepRunsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, vfs.NewMem())
		var forgotten atomic.Int64
		cfg.Observer.Forgotten = func(actors int) { forgotten.Add(int64(actors)) }
		s := mustOpen(t, cfg)
		defer s.Close()
		const actors = sweepChunk + sweepWrite + 1
		o := own(t, s, 1)
		if err := o.commit(expiring(o, actors)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if got := count(t, s, keyExpiry); got != actors || forgotten.Load() != 0 {
			t.Errorf("%d actors are left and %d forgotten after 59 minutes, want all left", got, forgotten.Load())
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if got := count(t, s, keyExpiry) + count(t, s, keyResident) + count(t, s, keyAtRest); got != 0 || forgotten.Load() != actors {
			t.Errorf("%d keys are left and %d actors forgotten after 62 minutes, want none and %d", got, forgotten.Load(), actors)
		}
	})
}

// TestSweepSparesTheTouched lets batches come to actors between the moment when the sweep has found them expired and the
// moment when it forgets them.
func TestSweepSparesTheTouched(t *testing.T) {
	var c clock
	s, err := open(config(t, vfs.NewMem()), c.now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	o, other := own(t, s, 1), own(t, s, 2)
	b := expiring(o, 4)
	if err := o.commit(b); err != nil {
		t.Fatal(err)
	}
	c.passed.Store(int64(2 * time.Hour))
	due, _, err := s.due(t.Context(), []byte{keyExpiry})
	if err != nil || len(due[1]) != 4 {
		t.Fatalf("%d expiries are due (%v), want 4", len(due[1]), err)
	}
	expiries := due[1]
	s.watch.begin(1, expiries)
	err = s.look(t.Context(), 1, func(v *view) error {
		for i := range expiries {
			if err := s.confirm(v, 1, &expiries[i], 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	moved, renewed, elsewhere := b.Snapshots[0].Actor, b.Snapshots[1].Actor, b.Snapshots[2].Actor
	touch := o.batch("move")
	touch.Entries[0].Actor = moved
	touch.Snapshots = []shard.Snapshot{{Actor: renewed, State: []byte("renewed")}}
	if err := o.commit(touch); err != nil {
		t.Fatal(err)
	}
	same := other.batch("move") // the same actor's name in another shard is another actor
	same.Entries[0].Actor = elsewhere
	if err := other.commit(same); err != nil {
		t.Fatal(err)
	}
	w := &forgetWork{store: s, expiries: expiries, answer: make(chan error, 1)}
	if err := s.committer.push(w); err != nil {
		t.Fatal(err)
	}
	if err := <-w.answer; err != nil {
		t.Fatal(err)
	}
	s.watch.end()
	for actor, kept := range map[shard.ID]bool{moved: true, renewed: true, elsewhere: false, b.Snapshots[3].Actor: false} {
		if _, err := s.Load(t.Context(), 1, actor); (err == nil) != kept || err != nil && !errors.Is(err, shard.ErrNoSnapshot) {
			t.Errorf("Load(%s) says %v, want it kept: %v", actor, err, kept)
		}
	}
	if err := s.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := count(t, s, keyExpiry); got != 1 {
		t.Errorf("%d expiries are left, want that of the actor which moved", got)
	}
}

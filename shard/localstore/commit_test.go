package localstore

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

func TestSecondBatchUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mustOpen(t, config(t, vfs.NewMem()))
		defer s.Close()
		o := own(t, s, 1)
		o.put("first") // so that the next waits for the pace
		first, second := make(chan error, 1), make(chan error, 1)
		s.Commit(o.batch("second"), func(err error) { first <- err })
		s.Commit(o.batch("at the same time"), func(err error) { second <- err })
		if err := <-second; !errors.Is(err, shard.ErrRefused) {
			t.Errorf("a second batch under way: %v, want %v", err, shard.ErrRefused)
		}
		if err := <-first; err != nil {
			t.Errorf("the first: %v", err)
		}
		o.head++
		o.put("third")
	})
}

func TestBatchTooLarge(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	cfg.BatchBytesMax = 1 << 20
	s := mustOpen(t, cfg)
	defer s.Close()
	o := own(t, s, 1)
	large := o.batch(string(make([]byte, 1<<20)))
	if err := o.commit(large); !errors.Is(err, shard.ErrRefused) {
		t.Errorf("a batch over the limit: %v, want %v", err, shard.ErrRefused)
	}
	large = o.batch()
	large.Snapshots = []shard.Snapshot{{Actor: uuid.New(), Tail: [][]byte{make([]byte, 1<<20)}}}
	if err := o.commit(large); !errors.Is(err, shard.ErrRefused) {
		t.Errorf("a batch over the limit: %v, want %v", err, shard.ErrRefused)
	}
	o.put("small")
}

func TestObserver(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	batches, entries, bytes, committed := 0, 0, 0, 0
	cfg.Observer.Synced = func(b, e, n int, took time.Duration) {
		batches, entries, bytes = batches+b, entries+e, bytes+n
		if took <= 0 {
			t.Error("a sync took no time")
		}
	}
	cfg.Observer.Committed = func(took time.Duration) {
		committed++
		if took <= 0 {
			t.Error("a commit took no time")
		}
	}
	s := mustOpen(t, cfg)
	o := own(t, s, 1)
	b := o.batch("one", "two")
	b.Snapshots = []shard.Snapshot{{Actor: uuid.New()}}
	if err := errors.Join(o.commit(b), o.commit(b)); err != nil { // the second does nothing
		t.Fatal(err)
	}
	stranger := o.batch("x")
	stranger.Head = 99
	if err := o.commit(stranger); !errors.Is(err, shard.ErrHead) {
		t.Fatal(err)
	}
	o.head = 2
	o.put("three")
	s.Close()
	if batches != 2 || entries != 4 || committed != 2 || bytes == 0 {
		t.Errorf("observed %d batches, %d entries and snapshots, %d bytes, %d commits; want 2, 4, some, 2", batches, entries, bytes, committed)
	}
}

func TestCloseTwice(t *testing.T) {
	s := mustOpen(t, config(t, vfs.NewMem()))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

package localstore

import (
	"context"
	"errors"
	"time"

	"github.com/plywire/plywire/shard"
)

const (
	// sweepChunk is how many expiries one look at the store takes at the most.
	sweepChunk = 8192
	// sweepWrite is how many actors are forgotten with one sync at the most.
	sweepWrite = 512
	// sweepPause is the time between two such syncs, so that the sweep stays out of the players' way.
	sweepPause = 20 * time.Millisecond
)

// An actor is forgotten when its snapshot has expired, the journal is trimmed up to the snapshot, and nothing of the actor
// came after: with entries but without the snapshot that they continue, a recovery would make another actor of it.

// sweepAlways sweeps until the store is closed or has failed.
func (s *Store) sweepAlways() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticker := time.NewTicker(s.cfg.SweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-s.closing:
			return
		case <-s.failure.failed:
			return
		}
		if err := s.sweep(ctx); err != nil && !errors.Is(err, shard.ErrClosed) && s.failure.err() == nil {
			s.cfg.Logger.Error().Err(err).Str("dir", s.cfg.Dir).Msg("expired actors cannot be forgotten; it is tried again")
		}
	}
}

// expiry is a key of expiryKey that is due.
type expiry struct {
	key   []byte
	actor shard.ID
	found []byte // the key of the snapshot that has expired; nil: there is none, and only the expiry is to be dropped
}

// sweep forgets what has expired by now.
func (s *Store) sweep(ctx context.Context) error {
	from := []byte{keyExpiry}
	for from != nil {
		due, next, err := s.due(ctx, from)
		if err != nil {
			return err
		}
		for id, expiries := range due {
			for len(expiries) > 0 {
				n := min(len(expiries), sweepWrite)
				if err := s.sweepShard(ctx, id, expiries[:n]); err != nil {
					return err
				}
				expiries = expiries[n:]
			}
		}
		from = next
	}
	return nil
}

// due returns the expiries from a key on that are in the past, by shard, and the key to go on with, nil for the end.
func (s *Store) due(ctx context.Context, from []byte) (due map[int][]expiry, next []byte, err error) {
	due = make(map[int][]expiry)
	end := expiryKey(nil, s.now().Add(-time.Second), s.cfg.Shards-1, shard.ID{0: 0xff})
	count := 0
	err = s.look(ctx, 0, func(v *view) error {
		return v.scan(from, end, func(key, _ []byte) (bool, error) {
			if len(key) != expiryKeyLen {
				return true, nil
			}
			if count++; count > sweepChunk {
				next = append([]byte(nil), key...)
				return false, nil
			}
			_, id, actor := expiryParts(key)
			due[id] = append(due[id], expiry{key: append([]byte(nil), key...), actor: actor})
			return true, nil
		})
	})
	return due, next, err
}

// sweepShard forgets those actors of one shard of which nothing is left but an expired snapshot.
func (s *Store) sweepShard(ctx context.Context, id int, expiries []expiry) error {
	s.watch.begin(id, expiries)
	defer s.watch.end()
	err := s.look(ctx, id, func(v *view) error {
		r, err := readRecord(v.at, id)
		if err != nil {
			return err
		}
		for i := range expiries {
			if err := s.confirm(v, id, &expiries[i], r.trimmed); err != nil {
				return err
			}
		}
		if !s.watch.some() {
			return nil
		}
		return v.entries(id, r.trimmed, r.head, func(e shard.Entry) bool {
			s.watch.spare(e.Actor)
			return true
		})
	})
	if err != nil {
		return err
	}
	w := &forgetWork{store: s, expiries: expiries, answer: make(chan error, 1)}
	if err := s.committer.push(w); err != nil {
		return err
	}
	if err := <-w.answer; err != nil {
		return err
	}
	select {
	case <-time.After(sweepPause):
	case <-s.closing:
	}
	return nil
}

// confirm looks for the snapshot that an expiry is about.
func (s *Store) confirm(v *view, id int, e *expiry, trimmed uint64) error {
	n, err := v.load(id, e.actor)
	switch {
	case errors.Is(err, shard.ErrNoSnapshot):
		return nil
	case err != nil:
		return err
	}
	seconds, _, _ := expiryParts(e.key)
	switch {
	case n.Expires.IsZero() || expirySeconds(n.Expires) != seconds: // there was a newer snapshot
	case n.Position > trimmed:
		s.watch.spare(e.actor)
	default:
		e.found = snapshotKey(nil, n.Resident, id, e.actor)
	}
	return v.wanted()
}

// forgetWork is a part of the sweep on its way through the committer.
type forgetWork struct {
	store    *Store
	expiries []expiry
	count    int
	answer   chan error // has room for the answer
}

func (w *forgetWork) size() (entries, bytes int) {
	return 0, len(w.expiries) * (expiryKeyLen + snapshotKeyLen)
}

func (w *forgetWork) urgent() bool { return false }

// stage forgets whom no batch has touched since the sweep looked. The expiry of one that was spared stays, for the next
// sweep.
func (w *forgetWork) stage(t *turn) {
	for _, e := range w.expiries {
		switch {
		case w.store.watch.spared(e.actor):
		case e.found == nil:
			t.forget(e.key)
		default:
			t.forget(e.key)
			t.forget(e.found)
			w.count++
		}
	}
}

func (w *forgetWork) settle(failed error) {
	if forgotten := w.store.cfg.Observer.Forgotten; forgotten != nil && failed == nil && w.count > 0 {
		forgotten(w.count)
	}
	w.answer <- failed
}

func (w *forgetWork) refuse() { w.settle(w.store.failure.err()) }

package localstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// checkEvery is after how many values a long reading looks whether it is still wanted.
const checkEvery = 1024

// view is the store as it was at one moment, with nothing that was not durable.
type view struct {
	at     *pebble.Snapshot
	ended  func() error // why nobody wants the view any more, if so
	values int          // read so far
}

// look calls read with a view. It blocks for as long as a sync that is under way.
func (s *Store) look(ctx context.Context, id int, read func(*view) error) error {
	if err := s.enter(ctx, id); err != nil {
		return err
	}
	defer s.readers.Done()
	ended := func() error {
		select {
		case <-s.closing:
			return shard.ErrClosed
		default:
			return ctx.Err()
		}
	}
	return guard(s.failure, func() error {
		s.settled.RLock()
		if err := s.failure.err(); err != nil {
			s.settled.RUnlock()
			return err
		}
		v := &view{at: s.db.NewSnapshot(), ended: ended}
		s.settled.RUnlock()
		return errors.Join(read(v), v.at.Close())
	})
}

// wanted says why to stop reading, if so. It looks only now and then.
func (v *view) wanted() error {
	if v.values++; v.values%checkEvery != 0 {
		return nil
	}
	return v.ended()
}

// scan calls each for the values from one key up to, but not including, another, until it returns false.
func (v *view) scan(from, to []byte, each func(key, value []byte) (bool, error)) (err error) {
	iter, err := v.at.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	for more := iter.First(); more; more = iter.Next() {
		value, err := iter.ValueAndErr()
		if err != nil {
			return fmt.Errorf("value of key %x: %w", iter.Key(), err)
		}
		if more, err := each(iter.Key(), value); err != nil || !more {
			return err
		}
		if err := v.wanted(); err != nil {
			return err
		}
	}
	return iter.Error()
}

// entries calls each for the entries behind a position, up to and including another, until it returns false. One that is
// missing is an error.
func (v *view) entries(id int, after, last uint64, each func(shard.Entry) bool) error {
	next, ended := after+1, false
	err := v.scan(entryKey(nil, id, next), entryKey(nil, id, last+1), func(key, value []byte) (bool, error) {
		if at := entryPosition(key); at != next {
			return false, missing(id, next, at-1)
		}
		body, err := values.Unseal(key, value)
		var e shard.Entry
		if err == nil {
			e, err = parseEntry(next, body)
		}
		if err != nil {
			return false, fmt.Errorf("entry %d of shard %d (key %x), an event of an actor: %w", next, id, key, err)
		}
		next++
		ended = !each(e)
		return !ended, nil
	})
	if err == nil && !ended && next <= last {
		return missing(id, next, last)
	}
	return err
}

func missing(id int, first, last uint64) error {
	return fmt.Errorf("%w: entries %d to %d of shard %d are missing from the journal", values.ErrCorrupt, first, last, id)
}

// snapshot reads the snapshot under one key, or fails with shard.ErrNoSnapshot.
func (v *view) snapshot(key []byte) (shard.Snapshot, error) {
	value, closer, err := v.at.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return shard.Snapshot{}, shard.ErrNoSnapshot
	}
	if err != nil {
		return shard.Snapshot{}, fmt.Errorf("value of key %x: %w", key, err)
	}
	n, err := openSnapshot(key, value)
	return n, errors.Join(err, closer.Close())
}

// openSnapshot reads a key of snapshotKey and its value. It copies.
func openSnapshot(key, value []byte) (shard.Snapshot, error) {
	var actor shard.ID
	copy(actor[:], key[headKeyLen:])
	body, err := values.Unseal(key, value)
	var n shard.Snapshot
	if err == nil {
		n, err = values.ParseSnapshot(actor, key[0] == keyResident, body)
	}
	if err != nil {
		return shard.Snapshot{}, fmt.Errorf("snapshot of %s (key %x), without which the actor cannot be restored: %w", actor, key, err)
	}
	return n, nil
}

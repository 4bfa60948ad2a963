package localstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/plywire/plywire/shard"
)

// Recover implements shard.Store. Shards may be recovered side by side.
func (s *Store) Recover(ctx context.Context, id int, token shard.Token) (shard.Recovery, error) {
	var recovery shard.Recovery
	err := s.look(ctx, id, func(v *view) (err error) {
		recovery, err = v.recover(id, token)
		return err
	})
	if err != nil {
		return shard.Recovery{}, fmt.Errorf("recover shard %d: %w", id, err)
	}
	return recovery, nil
}

// Load implements shard.Store.
func (s *Store) Load(ctx context.Context, id int, actor shard.ID) (shard.Snapshot, error) {
	var snapshot shard.Snapshot
	err := s.look(ctx, id, func(v *view) (err error) {
		snapshot, err = v.load(id, actor)
		return err
	})
	if err != nil {
		return shard.Snapshot{}, fmt.Errorf("load %s of shard %d: %w", actor, id, err)
	}
	return snapshot, nil
}

// Read implements shard.Store.
func (s *Store) Read(ctx context.Context, id int, after uint64, limit int) ([]shard.Entry, error) {
	var entries []shard.Entry
	err := s.look(ctx, id, func(v *view) error {
		r, err := readRecord(v.at, id)
		if err != nil {
			return err
		}
		return v.entries(id, max(after, r.trimmed), r.head, func(e shard.Entry) bool {
			if len(entries) >= limit {
				return false
			}
			entries = append(entries, e)
			return true
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read shard %d after %d: %w", id, after, err)
	}
	return entries, nil
}

func (v *view) recover(id int, token shard.Token) (shard.Recovery, error) {
	r, err := readRecord(v.at, id)
	if err != nil {
		return shard.Recovery{}, err
	}
	if !r.owned(token) {
		return shard.Recovery{}, shard.ErrFenced
	}
	recovery := shard.Recovery{Head: r.head, At: r.at}
	absent := make(map[shard.ID]bool) // the actors that have entries, less those whose snapshot was found
	err = v.entries(id, r.trimmed, r.head, func(e shard.Entry) bool {
		absent[e.Actor] = true
		recovery.Entries = append(recovery.Entries, e)
		return true
	})
	if err != nil {
		return shard.Recovery{}, err
	}
	from, to := shardKey(nil, keyResident, id), shardEnd(nil, keyResident, id)
	err = v.scan(from, to, func(key, value []byte) (bool, error) {
		n, err := openSnapshot(key, value)
		recovery.Snapshots = append(recovery.Snapshots, n)
		delete(absent, n.Actor)
		return true, err
	})
	if err != nil {
		return shard.Recovery{}, err
	}
	sorted := make([]shard.ID, 0, len(absent)) // in the order of their keys, so that each block is read once
	for actor := range absent {
		sorted = append(sorted, actor)
	}
	slices.SortFunc(sorted, func(a, b shard.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, actor := range sorted {
		n, err := v.snapshot(snapshotKey(nil, false, id, actor))
		switch {
		case err == nil:
			recovery.Snapshots = append(recovery.Snapshots, n)
		case !errors.Is(err, shard.ErrNoSnapshot):
			return shard.Recovery{}, err
		}
		if err := v.wanted(); err != nil {
			return shard.Recovery{}, err
		}
	}
	return recovery, nil
}

func (v *view) load(id int, actor shard.ID) (shard.Snapshot, error) {
	n, err := v.snapshot(snapshotKey(nil, false, id, actor))
	if errors.Is(err, shard.ErrNoSnapshot) {
		return v.snapshot(snapshotKey(nil, true, id, actor))
	}
	return n, err
}

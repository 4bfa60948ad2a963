package redisstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// snapshotsAtATime is how many are read at once.
const snapshotsAtATime = 256

// snapshots returns those of all actors that are resident or have entries.
func (s *Store) snapshots(ctx context.Context, state *shardState, entries []shard.Entry) ([]shard.Snapshot, error) {
	live, err := s.live(ctx, state)
	if err != nil {
		return nil, err
	}
	actors := make([]shard.ID, 0, len(live))
	wanted := make(map[shard.ID]bool, len(live)) // true: it has to be there
	for _, actor := range live {
		wanted[actor] = true
		actors = append(actors, actor)
	}
	for i := range entries {
		if actor := entries[i].Actor; !known(wanted, actor) {
			wanted[actor] = false
			actors = append(actors, actor)
		}
	}
	var all []shard.Snapshot
	for len(actors) > 0 {
		n := min(len(actors), snapshotsAtATime)
		got, err := s.fetch(ctx, state, actors[:n])
		if err != nil {
			return nil, err
		}
		for i, value := range got {
			value, is := value.(string)
			switch {
			case is:
				snapshot, err := parseSnapshot(&state.keys, actors[i], []byte(value))
				if err != nil {
					return nil, err
				}
				all = append(all, snapshot)
			case wanted[actors[i]]:
				if err := s.forgotten(ctx, state, actors[i]); err != nil {
					return nil, err
				}
			}
		}
		actors = actors[n:]
	}
	return all, nil
}

// forgotten wants that a resident actor without a snapshot is not resident any more: a sweep may have come by.
func (s *Store) forgotten(ctx context.Context, state *shardState, actor shard.ID) error {
	var resident bool
	err := s.at(ctx, state.keys.live, func(ctx context.Context, one *redis.Client) (err error) {
		resident, err = one.SIsMember(ctx, state.keys.live, actor.String()).Result()
		return err
	})
	if err == nil && resident {
		err = fmt.Errorf("%w: the snapshot of %s is missing", values.ErrCorrupt, actor)
	}
	return err
}

func known(wanted map[shard.ID]bool, actor shard.ID) bool {
	_, is := wanted[actor]
	return is
}

// live returns the resident actors.
func (s *Store) live(ctx context.Context, state *shardState) ([]shard.ID, error) {
	var names []string
	err := s.at(ctx, state.keys.live, func(ctx context.Context, one *redis.Client) (err error) {
		names, err = one.SMembers(ctx, state.keys.live).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	return parseIDs(names)
}

func (s *Store) fetch(ctx context.Context, state *shardState, actors []shard.ID) (got []any, err error) {
	names := make([]string, len(actors))
	for i, actor := range actors {
		names[i] = state.keys.of(actor)
	}
	err = s.at(ctx, state.keys.owner, func(ctx context.Context, one *redis.Client) (err error) {
		got, err = one.MGet(ctx, names...).Result()
		return err
	})
	return got, err
}

// Load implements shard.Store.
func (s *Store) Load(ctx context.Context, id int, actor shard.ID) (shard.Snapshot, error) {
	snapshot, err := s.load(ctx, id, actor)
	if err != nil {
		return shard.Snapshot{}, fmt.Errorf("load %s of shard %d: %w", actor, id, err)
	}
	return snapshot, nil
}

func (s *Store) load(ctx context.Context, id int, actor shard.ID) (shard.Snapshot, error) {
	state, err := s.enter(ctx, id)
	if err != nil {
		return shard.Snapshot{}, err
	}
	defer s.readers.Done()
	var value []byte
	err = s.at(ctx, state.keys.of(actor), func(ctx context.Context, one *redis.Client) (err error) {
		value, err = one.Get(ctx, state.keys.of(actor)).Bytes()
		return err
	})
	switch {
	case errors.Is(err, redis.Nil):
		return shard.Snapshot{}, shard.ErrNoSnapshot
	case err != nil:
		return shard.Snapshot{}, err
	}
	return parseSnapshot(&state.keys, actor, value)
}

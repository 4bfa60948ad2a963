package redisstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
)

const (
	sweepChunk = 256 // actors looked at together
	sweepTries = 5   // at a shard whose journal grows meanwhile; then it is left to the next sweep
)

// sweepAlways sweeps until the store is closed.
func (s *Store) sweepAlways() {
	s.every(s.cfg.SweepInterval, func(ctx context.Context) {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Logger.Warn().Err(err).Msg("expired actors cannot be forgotten; it is tried again")
		}
	})
}

// every does something again and again until the store is closed, which ends its context as well.
func (s *Store) every(interval time.Duration, do func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			do(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// sweep forgets what has expired by now in the shards that were acquired here.
func (s *Store) sweep(ctx context.Context) error {
	for id := range s.states {
		state := &s.states[id]
		state.mu.Lock()
		owned := state.owned
		state.mu.Unlock()
		if !owned {
			continue
		}
		if err := s.sweepShard(ctx, state); err != nil {
			return fmt.Errorf("shard %d: %w", id, err)
		}
	}
	return nil
}

// sweepShard forgets the actors of a shard whose time has run out and that have no entries in the journal: with entries but
// without the snapshot that they continue, a recovery would make another actor of them.
func (s *Store) sweepShard(ctx context.Context, state *shardState) error {
	kept := 0 // of those that are due
	for tries := 0; tries < sweepTries; {
		due, err := s.due(ctx, state, kept)
		if err != nil || len(due) == 0 {
			return err
		}
		head, present, err := s.present(ctx, state)
		if err != nil {
			return err
		}
		gone := slices.DeleteFunc(slices.Clone(due), func(actor shard.ID) bool { return present[actor] })
		n := 0
		if len(gone) > 0 {
			if n, err = s.forget(ctx, state, head, gone); err != nil {
				return err
			}
		}
		switch {
		case n < 0:
			tries++
			continue
		case n < len(gone):
			return nil // some have got more time meanwhile; the next sweep looks again
		case n > 0 && s.cfg.Observer.Forgotten != nil:
			s.cfg.Observer.Forgotten(n)
		}
		kept += len(due) - len(gone)
	}
	return nil
}

// due returns some of the actors whose time has run out, leaving out the first of them.
func (s *Store) due(ctx context.Context, state *shardState, skip int) ([]shard.ID, error) {
	var names []string
	err := s.at(ctx, state.keys.expiry, func(ctx context.Context, one *redis.Client) (err error) {
		names, err = one.ZRangeArgs(ctx, redis.ZRangeArgs{Key: state.keys.expiry, ByScore: true,
			Start: "-inf", Stop: strconv.FormatInt(s.now().UnixMilli(), 10), Offset: int64(skip), Count: sweepChunk}).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	return parseIDs(names)
}

// present returns the actors that have entries in the journal, up to the head that it returns.
func (s *Store) present(ctx context.Context, state *shardState) (head string, actors map[shard.ID]bool, err error) {
	err = s.at(ctx, state.keys.head, func(ctx context.Context, one *redis.Client) (err error) {
		head, err = one.HGet(ctx, state.keys.head, "n").Result()
		return err
	})
	if err != nil {
		return "", nil, err
	}
	entries, err := s.read(ctx, state, 0, math.MaxInt)
	if err != nil {
		return "", nil, err
	}
	actors = make(map[shard.ID]bool)
	for i := range entries {
		actors[entries[i].Actor] = true
	}
	return head, actors, nil
}

func (s *Store) forget(ctx context.Context, state *shardState, head string, gone []shard.ID) (n int, err error) {
	names := []string{state.keys.head, state.keys.live, state.keys.expiry}
	args := []any{head, s.now().UnixMilli()}
	for _, actor := range gone {
		names, args = append(names, state.keys.of(actor)), append(args, actor.String())
	}
	err = s.at(ctx, state.keys.head, func(ctx context.Context, one *redis.Client) (err error) {
		n, err = forgetScript.Run(ctx, one, names, args...).Int()
		return err
	})
	return n, err
}

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// itemsAtATime is how many items of the journal are read at once.
const itemsAtATime = 1024

// Recover implements shard.Store. Nobody but the owner changes the shard; if there is a new one meanwhile, it fails.
func (s *Store) Recover(ctx context.Context, id int, token shard.Token) (shard.Recovery, error) {
	recovery, err := s.recover(ctx, id, token)
	if err != nil {
		return shard.Recovery{}, fmt.Errorf("recover shard %d: %w", id, err)
	}
	return recovery, nil
}

func (s *Store) recover(ctx context.Context, id int, token shard.Token) (r shard.Recovery, err error) {
	state, err := s.enter(ctx, id)
	if err != nil {
		return r, err
	}
	defer s.readers.Done()
	before, err := s.look(ctx, state, token)
	if err != nil {
		return r, err
	}
	r.Head, r.At = before.head, before.at
	r.Entries, err = s.read(ctx, state, 0, math.MaxInt)
	if err == nil {
		err = before.agrees(r.Entries)
	}
	if err == nil {
		r.Snapshots, err = s.snapshots(ctx, state, r.Entries)
	}
	// Whether it is still ours comes first: of what is another's now, parts that do not fit together are no damage.
	after, lost := s.look(ctx, state, token)
	switch {
	case lost != nil:
		return r, lost
	case err == nil && after != before:
		err = errors.New("the shard has changed while it was read")
	}
	return r, err
}

// look reads the head of a shard, for its owner.
func (s *Store) look(ctx context.Context, state *shardState, token shard.Token) (record, error) {
	var owner, head *redis.SliceCmd
	err := s.at(ctx, state.keys.owner, func(ctx context.Context, one *redis.Client) error {
		pipe := one.TxPipeline()
		owner = pipe.HMGet(ctx, state.keys.owner, "epoch", "owner")
		head = pipe.HMGet(ctx, state.keys.head, "n", "at", "first")
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return record{}, err
	}
	if text(owner.Val(), 0) != strconv.FormatUint(uint64(token.Epoch), 10) || text(owner.Val(), 1) != token.Owner.String() {
		return record{}, shard.ErrFenced
	}
	return parseRecord(text(head.Val(), 0), text(head.Val(), 1), text(head.Val(), 2))
}

// text is an answer of HMGET; empty where there is none.
func text(got []any, i int) string {
	if i < len(got) {
		if said, is := got[i].(string); is {
			return said
		}
	}
	return ""
}

// read returns the entries behind a position, limit of them at the most.
func (s *Store) read(ctx context.Context, state *shardState, after uint64, limit int) ([]shard.Entry, error) {
	var all []shard.Entry
	for from := after + 1; len(all) < limit; {
		items, err := s.items(ctx, state.keys.journal, from, min(itemsAtATime, limit-len(all)))
		if err != nil || len(items) == 0 {
			return all, err
		}
		for i := 0; i < len(items) && len(all) < limit; i++ {
			entries, err := parseItem(&state.keys, &items[i])
			if err != nil {
				return nil, err
			}
			last := entries[len(entries)-1].Position
			if len(all) > 0 && entries[0].Position != all[len(all)-1].Position+1 {
				if err := s.trimmed(ctx, state, all[len(all)-1].Position+1, entries[0].Position-1); err != nil {
					return nil, err
				}
				all = all[:0] // what is before the gap has been trimmed as well
			}
			for len(entries) > 0 && entries[0].Position <= after {
				entries = entries[1:]
			}
			all = append(all, entries[:min(len(entries), limit-len(all))]...)
			from = last + 1
		}
	}
	return all, nil
}

// trimmed wants that entries which were not found have been trimmed, since the reading began.
func (s *Store) trimmed(ctx context.Context, state *shardState, from, to uint64) error {
	var first string
	err := s.at(ctx, state.keys.head, func(ctx context.Context, one *redis.Client) (err error) {
		first, err = one.HGet(ctx, state.keys.head, "first").Result()
		return err
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if n, err := strconv.ParseUint(first, 10, 64); err != nil || n <= to {
		return fmt.Errorf("%w: entries %d to %d are missing from the journal", values.ErrCorrupt, from, to)
	}
	return nil
}

// items returns items of the journal from the one that has a position on.
func (s *Store) items(ctx context.Context, journal string, from uint64, count int) (items []redis.XMessage, err error) {
	err = s.at(ctx, journal, func(ctx context.Context, one *redis.Client) (err error) {
		items, err = one.XRangeN(ctx, journal, strconv.FormatUint(from, 10), "+", int64(count)).Result()
		return err
	})
	return items, err
}

func parseItem(k *keys, item *redis.XMessage) ([]shard.Entry, error) {
	number, _, _ := strings.Cut(item.ID, "-")
	last, err := strconv.ParseUint(number, 10, 64)
	value, is := item.Values["b"].(string)
	if err != nil || !is {
		return nil, fmt.Errorf("%w: item %s of the journal is not one of ours", values.ErrCorrupt, item.ID)
	}
	return parseEntries(k, last, []byte(value))
}

// Read implements shard.Store.
func (s *Store) Read(ctx context.Context, id int, after uint64, limit int) ([]shard.Entry, error) {
	state, err := s.enter(ctx, id)
	if err == nil {
		defer s.readers.Done()
		var entries []shard.Entry
		if entries, err = s.read(ctx, state, after, limit); err == nil {
			return entries, nil
		}
	}
	return nil, fmt.Errorf("read shard %d after %d: %w", id, after, err)
}

// Package redisstore keeps the shards in Redis, where any node can take them over. Every batch is one script, which does all
// of it or nothing, and only for the owner of the shard: what a node that has lost its shard still sends changes nothing,
// however late it comes.
//
// It must never send a batch again as another batch, and never take for granted what Redis has not said.
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/redisclient"
	"github.com/plywire/plywire/shard"
)

// Store is a shard.Store in Redis. Several processes may have it open; of each shard one at a time is the owner.
type Store struct {
	// Set when the store is opened, never changed.
	cfg         Config
	target      redisclient.Target
	now         func() time.Time      // for nothing but Snapshot.Expires
	journal     redis.UniversalClient // commits
	reads       redis.UniversalClient // all else, so that a restore does not keep a commit waiting
	promise     *promise
	doors       []*queue // where a batch goes in, by its shard: lanes, or the router that knows the lanes
	states      []shardState
	incarnation uuid.UUID
	closing     chan struct{} // closed when Close is called
	tasks       sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	readers sync.WaitGroup // requests under way; none is added once closed
	ended   chan struct{}  // closed when Close has returned
}

var _ shard.Store = (*Store)(nil)

// shardState is what the store remembers of a shard.
type shardState struct {
	keys keys

	mu     sync.Mutex
	flying shard.Token // of the batch under way; zero: none
	owned  bool        // was acquired here: its expired actors are looked for here
	begun  bool        // it is known to have had an owner: if there is none any more, Redis has lost it
}

// Open connects to Redis, checks whether it is fit to keep what must not be lost, and finds the cluster there, or creates it
// where there is none. It blocks, and fails if Redis does not answer.
func Open(ctx context.Context, cfg Config) (*Store, error) { return open(ctx, cfg, time.Now) }

func open(ctx context.Context, cfg Config, now func() time.Time) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	s := &Store{cfg: cfg, now: now, closing: make(chan struct{}), ended: make(chan struct{}), states: make([]shardState, cfg.Shards)}
	for id := range s.states {
		s.states[id].keys = keysOf(cfg.Name, id)
	}
	var err error
	if s.target, err = redisclient.Parse(cfg.URL); err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	s.journal = s.target.Open(cfg.CommitTimeout, cfg.Lanes)
	s.reads = s.target.Open(cfg.ReadTimeout, cfg.Connections)
	if err := s.found(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("redisstore: %w", err), s.disconnect())
	}
	s.openDoors()
	s.tasks.Go(s.sweepAlways)
	s.tasks.Go(s.watchServers)
	cfg.Logger.Info().Stringer("redis", s.target).Str("cluster", cfg.Name).Int("shards", cfg.Shards).Str("durability", string(s.promise.level)).
		Stringer("incarnation", s.incarnation).Msg("store in Redis opened")
	return s, nil
}

// openDoors starts who commits.
func (s *Store) openDoors() {
	server, is := s.journal.(*redis.Client)
	if !is {
		r := newRouter(s)
		s.doors = append(s.doors, r.queue)
		s.tasks.Go(r.run)
		return
	}
	for range s.cfg.Lanes {
		l := newLane(s, server)
		s.doors = append(s.doors, l.queue)
		s.tasks.Go(l.run)
	}
}

// Shards is the number of shards.
func (s *Store) Shards() int { return s.cfg.Shards }

// Incarnation names the life of the cluster's contents: it is drawn when they are begun. Another one means that this is not
// what was there before, but something new in its place.
func (s *Store) Incarnation() uuid.UUID { return s.incarnation }

// Close ends the store after the batches under way. It blocks, no longer than CommitTimeout allows a batch. Closing again
// waits for the same end. It must not be called by a done.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if !first {
		<-s.ended
		return nil
	}
	close(s.closing)
	for _, door := range s.doors {
		door.close()
	}
	s.readers.Wait()
	s.tasks.Wait()
	err := s.disconnect()
	close(s.ended)
	return err
}

func (s *Store) disconnect() error {
	if err := errors.Join(s.journal.Close(), s.reads.Close()); err != nil {
		return fmt.Errorf("redisstore: close: %w", err)
	}
	return nil
}

// enter begins a request. The caller must call s.readers.Done when it has ended.
func (s *Store) enter(ctx context.Context, id int) (*shardState, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if id < 0 || id >= s.cfg.Shards {
		return nil, fmt.Errorf("there are %d shards, numbered from 0", s.cfg.Shards)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, shard.ErrClosed
	}
	s.readers.Add(1)
	return &s.states[id], nil
}

// at does something with the server that holds a key, for ReadTimeout at the most. While the servers of a Redis Cluster say that
// it is another one, nothing has happened, and the right one is looked for.
func (s *Store) at(ctx context.Context, key string, do func(ctx context.Context, one *redis.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadTimeout)
	defer cancel()
	for {
		one, err := redisclient.Master(ctx, s.reads, key)
		if err == nil {
			err = do(ctx, one)
		}
		var said redis.Error
		if redirected := redisclient.Redirected(err); err != nil && (redirected || !errors.As(err, &said)) {
			redisclient.Reload(ctx, s.reads)
			if redirected && wait(ctx, redirectPause) {
				continue
			}
		}
		return err
	}
}

// redirectPause is the time between two looks for the server that holds a key.
const redirectPause = 50 * time.Millisecond

// wait returns false if ctx ends before.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// durably runs a script that writes to one key, and waits until what it has written is durable. If it fails nobody knows
// whether that has happened.
func (s *Store) durably(ctx context.Context, script *redis.Script, key string, args ...any) (*redis.Cmd, error) {
	var said *redis.Cmd
	var spread error
	for range 2 { // the first time, the replicas may be others than those that were counted; then they have been counted anew
		err := s.at(ctx, key, func(ctx context.Context, one *redis.Client) error {
			pipe := one.Pipeline()
			said = script.Eval(ctx, pipe, []string{key}, args...)
			receipt := s.promise.claim(ctx, pipe, one, s.cfg.ReadTimeout)
			_, _ = pipe.Exec(ctx) // each command has its error
			spread = receipt.err()
			return said.Err()
		})
		if err != nil || spread == nil {
			return said, err
		}
	}
	return nil, spread
}

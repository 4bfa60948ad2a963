// Package twinstore is the store in memory: the twin of the real ones, for tests and simulations. It keeps the whole
// contract of shard.Store, has no goroutine and no clock of its own, and does the same again when it is driven the same
// again. It fails, delays and crashes when it is told to.
//
// Nothing of it outlives the process: it must never serve players who are promised more than that.
package twinstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/plywire/plywire/shard"
)

// Config configures a Store. The zero value is invalid; start from DefaultConfig.
type Config struct {
	Shards int
	Seed   uint64 // of the owner ids that Acquire draws

	// Manual makes every batch wait for Step. Otherwise Commit carries it out and calls done before it returns.
	Manual bool

	// Fault, when not nil, is asked once for every batch that Commit accepts, in the order in which they come, and
	// says what goes wrong with it. It must not change the batch or call the store.
	Fault func(*shard.Batch) Fault

	// Now is the store's clock, for nothing but Snapshot.Expires; nil for time.Now.
	Now func() time.Time
}

// DefaultConfig is a store of 256 shards which does at once what it is asked.
func DefaultConfig() Config { return Config{Shards: 256, Now: time.Now} }

// Validate reports every fault of the configuration.
func (c Config) Validate() error {
	if c.Shards < 1 {
		return fmt.Errorf("Shards is %d, want at least 1", c.Shards)
	}
	return nil
}

// Store is a handle on contents in memory: what one process has of a store. Several handles may share the same contents,
// as several nodes share one server; see Reopen.
type Store struct {
	cfg      Config
	contents *contents

	mu       sync.Mutex // guards what follows; never held while a done or a Fault runs
	state    error      // nil while open
	pending  []*pending // batches which wait for Step, oldest first; one a shard and token, and one a FaultLate
	breaches []string
}

var _ shard.Store = (*Store)(nil)

// New returns a store without any contents.
func New(cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("twinstore: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{cfg: cfg, contents: newContents(cfg.Shards, cfg.Seed)}, nil
}

// Reopen returns another handle on the contents of s, whether s is open, closed or crashed. Batches that wait in s are no
// part of the contents.
func (s *Store) Reopen() *Store { return &Store{cfg: s.cfg, contents: s.contents} }

// Shards is the number of shards.
func (s *Store) Shards() int { return s.cfg.Shards }

// Acquire implements shard.Store. It passes by the batches that wait for Step.
func (s *Store) Acquire(ctx context.Context, id int) (shard.Token, error) {
	if err := s.check(ctx, id); err != nil {
		return shard.Token{}, fmt.Errorf("acquire shard %d: %w", id, err)
	}
	return s.contents.acquire(id), nil
}

// Recover implements shard.Store. The snapshots come in the order of their actors, so that a simulation repeats itself.
func (s *Store) Recover(ctx context.Context, id int, token shard.Token) (shard.Recovery, error) {
	if err := s.check(ctx, id); err != nil {
		return shard.Recovery{}, fmt.Errorf("recover shard %d: %w", id, err)
	}
	recovery, err := s.contents.recover(id, token, s.cfg.Now())
	if err != nil {
		return shard.Recovery{}, fmt.Errorf("recover shard %d: %w", id, err)
	}
	return recovery, nil
}

// Load implements shard.Store.
func (s *Store) Load(ctx context.Context, id int, actor shard.ID) (shard.Snapshot, error) {
	if err := s.check(ctx, id); err != nil {
		return shard.Snapshot{}, fmt.Errorf("load %s of shard %d: %w", actor, id, err)
	}
	snapshot, err := s.contents.load(id, actor, s.cfg.Now())
	if err != nil {
		return shard.Snapshot{}, fmt.Errorf("load %s of shard %d: %w", actor, id, err)
	}
	return snapshot, nil
}

// Read implements shard.Store.
func (s *Store) Read(ctx context.Context, id int, after uint64, limit int) ([]shard.Entry, error) {
	if err := s.check(ctx, id); err != nil {
		return nil, fmt.Errorf("read shard %d after %d: %w", id, after, err)
	}
	return s.contents.read(id, after, limit), nil
}

func (s *Store) check(ctx context.Context, id int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if id < 0 || id >= s.cfg.Shards {
		return fmt.Errorf("there are %d shards, numbered from 0", s.cfg.Shards)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Close carries out the batches that wait and ends the handle; the contents stay for Reopen. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.state == nil {
		s.state = shard.ErrClosed
	}
	s.mu.Unlock()
	s.StepAll()
	return nil
}

// Crash ends the handle as the sudden death of its process would. The batches that wait are gone, and their dones are
// never called: whoever waited for them died as well. What was carried out is durable and there after Reopen. From then on
// the handle answers ErrClosed. To crash the store and leave its callers alive, use FaultLost and FaultApplied.
func (s *Store) Crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = fmt.Errorf("%w: it crashed", shard.ErrClosed)
	s.pending = nil
}

// errUnderWay is what a caller hears who puts a second batch before the first was answered.
var errUnderWay = errors.New("a batch of the shard is under way already")

// Breaches lists what callers did against the contract of shard.Store, at most the first hundred: a malformed batch, a
// second batch under way, a batch that was changed before its done was called. A test of a caller wants none.
func (s *Store) Breaches() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.breaches...)
}

// breach notes a fault of the caller. Requires: s.mu is held.
func (s *Store) breach(batch *shard.Batch, what error) {
	const breachesMax = 100
	if len(s.breaches) < breachesMax {
		s.breaches = append(s.breaches, fmt.Sprintf("shard %d, batch %s: %v", batch.Shard, batch.ID, what))
	}
}

// Save remembers what is durable in a shard now. restore brings it back, as a replica does that was promoted without the last
// of what its primary had.
func (s *Store) Save(id int) (restore func()) {
	c := s.contents
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.shards[id]
	kept.entries, kept.snapshots = slices.Clone(kept.entries), maps.Clone(kept.snapshots)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		again := kept
		again.entries, again.snapshots = slices.Clone(kept.entries), maps.Clone(kept.snapshots)
		c.shards[id] = again
	}
}

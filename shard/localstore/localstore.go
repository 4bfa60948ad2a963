// Package localstore keeps the shards of a single node in a folder, with Pebble, which is part of the program: nothing
// else has to be installed or started. One goroutine commits for all shards, so that one sync of the disk serves all who
// wait.
//
// It must never acknowledge what a sudden loss of power could take back, and never write again after the disk has failed
// it once: see Store.Failed.
package localstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

// Store is a shard.Store in a folder. One process has it open at a time.
type Store struct {
	// Set when the store is opened, never changed.
	cfg       Config
	now       func() time.Time
	db        *pebble.DB
	release   []func() error // undoes Open, last first
	meta      meta
	shards    []shardState
	committer *committer
	failure   *failure
	closing   chan struct{} // closed when Close is called
	tasks     sync.WaitGroup

	// settled is held for writing while Pebble shows what is not on disk yet, and for reading while a view is taken:
	// nobody may see what a loss of power could take back.
	settled sync.RWMutex

	watch    watch       // the actors that the sweep is about to forget
	diskFull atomic.Bool // less free space than Config.FreeBytesMin

	mu      sync.Mutex
	closed  bool
	readers sync.WaitGroup // views that are open; none is added once closed
	ended   chan struct{}  // closed when Close has returned
	endErr  error          // what Close returned; set before ended is closed
}

var _ shard.Store = (*Store)(nil)

// shardState is what the store keeps of a shard in memory.
type shardState struct {
	acquiring chan struct{} // has room for the one Acquire that may be under way

	mu     sync.Mutex
	record record      // as it is on disk; written by the committer alone
	flying shard.Token // of the batch under way; zero: none

	staged record // as it will be after the committer's turn of that number; the committer's own
	turn   uint64
}

// Open opens the store in cfg.Dir, and makes it if the folder is empty or not there.
func Open(cfg Config) (*Store, error) { return open(cfg, time.Now) }

// open is Open with a clock, which is asked about nothing but Snapshot.Expires.
func open(cfg Config, now func() time.Time) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("localstore: %w", err)
	}
	if cfg.FS == nil {
		dir, err := filepath.Abs(cfg.Dir)
		if err != nil {
			return nil, fmt.Errorf("localstore: folder %s: %w", cfg.Dir, err)
		}
		cfg.Dir = dir // one name for one folder, or its lock would not hold within a process
	}
	s := &Store{cfg: cfg, now: now, closing: make(chan struct{}), ended: make(chan struct{})}
	s.failure = newFailure(cfg)
	s.committer = newCommitter(s)
	if err := s.openFolder(); err != nil {
		s.undo()
		return nil, fmt.Errorf("localstore: %w", err)
	}
	s.tasks.Go(s.committer.run)
	s.tasks.Go(s.sweepAlways)
	s.tasks.Go(s.watchSpace)
	cfg.Logger.Info().Str("dir", cfg.Dir).Int("shards", cfg.Shards).Stringer("incarnation", s.meta.incarnation).Msg("local store opened")
	return s, nil
}

// undo releases what openFolder took, last first.
func (s *Store) undo() error {
	var errs []error
	for i := len(s.release) - 1; i >= 0; i-- {
		errs = append(errs, s.release[i]())
	}
	s.release = nil
	return errors.Join(errs...)
}

// Shards is the number of shards.
func (s *Store) Shards() int { return s.cfg.Shards }

// Incarnation names the life of the store: it is drawn when the folder is first used and never changes. Another one means
// that this is another store, whatever its name.
func (s *Store) Incarnation() uuid.UUID { return s.meta.incarnation }

// Failed is closed when the disk has failed a write. From then on no batch is acknowledged and nothing is read: batches that
// were being written hear ErrUnknown, also when they are put again, and all others ErrRefused. The server should stop; when
// it is started again, what is on disk counts.
func (s *Store) Failed() <-chan struct{} { return s.failure.failed }

// Err is why the store has failed, or nil.
func (s *Store) Err() error { return s.failure.err() }

// Close ends the store after the batches under way, and frees the folder. It blocks. Closing again waits for the same
// end. It must not be called by a done.
//
// A store that has failed is left as it is: Pebble cannot be trusted to end in order then. Close returns the cause, and
// the folder is free when the process has ended.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if !first {
		<-s.ended
		return s.endErr
	}
	close(s.closing)
	s.committer.close()
	s.waitForEnd()
	if err := s.failure.err(); err != nil {
		s.endErr = fmt.Errorf("localstore: %w", err)
	} else if err := s.undo(); err != nil {
		s.endErr = fmt.Errorf("localstore: close %s: %w", s.cfg.Dir, err)
	}
	close(s.ended)
	return s.endErr
}

// failedPatience is how long Close waits for a store that has failed: a goroutine may hang in Pebble for good.
const failedPatience = 5 * time.Second

// waitForEnd waits for all goroutines and readers, if the store has failed not for ever.
func (s *Store) waitForEnd() {
	idle := make(chan struct{})
	go func() {
		s.tasks.Wait()
		s.readers.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return
	case <-s.failure.failed:
	}
	select {
	case <-idle:
	case <-time.After(failedPatience):
		s.cfg.Logger.Error().Str("dir", s.cfg.Dir).Msg("local store left as it is: Pebble hangs")
	}
}

// enter begins something that reads. The caller must call s.readers.Done when it has ended.
func (s *Store) enter(ctx context.Context, id int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.inRange(id); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return shard.ErrClosed
	}
	if err := s.failure.err(); err != nil {
		return err
	}
	s.readers.Add(1)
	return nil
}

func (s *Store) inRange(id int) error {
	if id < 0 || id >= s.cfg.Shards {
		return fmt.Errorf("there are %d shards, numbered from 0", s.cfg.Shards)
	}
	return nil
}

package localstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/plywire/plywire/shard/values"
)

// slowDisk is how long one write may take before the log says so.
const slowDisk = 5 * time.Second

// openFolder locks and opens the folder and reads the state of the shards.
func (s *Store) openFolder() error {
	files := s.cfg.FS
	if files == nil {
		files = vfs.Default
	}
	files, health := vfs.WithDiskHealthChecks(&disk{FS: files, failure: s.failure, stranded: s.committer.strand}, slowDisk, nil, s.failure.slow)
	s.release = append(s.release, health.Close)
	if err := makeFolder(files, s.cfg.Dir); err != nil {
		return fmt.Errorf("make the folder of the store: %w", err)
	}
	lock, err := pebble.LockDirectory(s.cfg.Dir, files)
	if err != nil {
		return lockError(s.cfg.Dir, err)
	}
	s.release = append(s.release, lock.Close)
	marked, err := s.readMark(files)
	if err != nil {
		return err
	}
	options := s.options(files)
	options.Lock = lock
	if err := s.openPebble(options); err != nil {
		return fmt.Errorf("open the store in %s: %w", s.cfg.Dir, err)
	}
	s.release = append(s.release, s.db.Close)
	return guard(s.failure, func() error {
		if err := s.readMeta(marked); err != nil {
			return err
		}
		if err := s.checkMark(files, marked); err != nil {
			return err
		}
		return s.readHeads()
	})
}

// openPatience is how long Pebble may take to say itself why it cannot open, when something has failed in the background.
const openPatience = time.Second

// openPebble opens the database. Open waits until what was in the logs is in a table, which is written in the background; when
// that fails, Pebble tries again, and Open waits for ever without a word. So Pebble is left alone then, with the folder's lock,
// which is free when the process has ended.
func (s *Store) openPebble(options *pebble.Options) error {
	opened := make(chan error, 1)
	var db *pebble.DB // set before opened
	go func() {
		opened <- guard(s.failure, func() (err error) {
			db, err = s.callOpen(options)
			return err
		})
	}()
	var cause error
	select {
	case err := <-opened:
		s.db = db
		return err
	case cause = <-s.failure.early:
	case <-s.failure.failed:
		cause = s.failure.err()
	}
	select {
	case err := <-opened:
		if err == nil {
			s.release = append(s.release, db.Close)
			err = cause
		}
		return err
	case <-time.After(openPatience):
	}
	s.release = nil
	return fmt.Errorf("repair or free the disk, then start again: %w", cause)
}

// callOpen is on the stack while Pebble opens, for disk.fault.
func (s *Store) callOpen(options *pebble.Options) (*pebble.DB, error) {
	return pebble.Open(s.cfg.Dir, options)
}

// makeFolder makes a folder and those above it that are not there, and makes each of them durable in the one above.
func makeFolder(files vfs.FS, dir string) error {
	var above []string
	for at := dir; ; at = files.PathDir(at) {
		if _, err := files.Stat(at); err == nil || files.PathDir(at) == at {
			break
		}
		above = append(above, files.PathDir(at))
	}
	if err := files.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, up := range above {
		folder, err := files.OpenDir(up)
		if err != nil {
			return err
		}
		if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
			return err
		}
	}
	return nil
}

// lockError says what a folder's lock that cannot be taken means to whoever starts the server.
func lockError(dir string, err error) error {
	var path *fs.PathError                                                       // the file itself cannot be opened
	taken := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) || // POSIX leaves open which of them
		strings.Contains(err.Error(), "lock held by current process")
	if taken && !errors.As(err, &path) {
		return fmt.Errorf("%s is in use by another plywire: end that one, or name another folder (%w)", dir, err)
	}
	return fmt.Errorf("lock %s: %w", dir, err)
}

// options configures Pebble. What is not named is as Pebble has it.
func (s *Store) options(files vfs.FS) *pebble.Options {
	options := &pebble.Options{
		FS:     files,
		Logger: s.failure,
		// The version of Pebble's own files is raised here, by us, and never by a newer Pebble: there is no way back. This
		// one tells a damaged log from one that ends early.
		FormatMajorVersion: pebble.FormatValueSeparation,
		CacheSize:          s.cfg.CacheBytes,
		MaxOpenFiles:       s.cfg.OpenFilesMax,
		// An entry lives for minutes. The larger the memory table, the more of them are trimmed before they are ever
		// written to a table.
		MemTableSize:                uint64(s.cfg.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		// Reading many tables costs a recovery some milliseconds; a stop costs every player their clock.
		L0CompactionThreshold: 8,
		L0StopWritesThreshold: 64,
		EventListener:         s.failure.listener(),
	}
	// Snapshots are small and overwritten often, most of them before they leave the memory table. Values in files of their
	// own would pay for large ones that stay; Pebble leaves that off, and so do we.
	return options
}

// readMeta reads what the store knows of itself, or writes it if the store is new, which one with a mark is not.
func (s *Store) readMeta(marked mark) error {
	key := metaKey()
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) && marked.there {
		return s.lost(marked)
	}
	if errors.Is(err, pebble.ErrNotFound) {
		return s.create()
	}
	if err != nil {
		return fmt.Errorf("read the description of the store in %s: %w", s.cfg.Dir, err)
	}
	defer closer.Close()
	body, err := values.Unseal(key, value)
	if err == nil {
		s.meta, err = parseMeta(body)
	}
	if err != nil {
		return fmt.Errorf("read the description of the store in %s: %w", s.cfg.Dir, err)
	}
	if s.meta.shards != s.cfg.Shards {
		return fmt.Errorf("the store in %s was made with %d shards, and this server is set to %d: set it to %d, or name another folder",
			s.cfg.Dir, s.meta.shards, s.cfg.Shards, s.meta.shards)
	}
	return nil
}

// create makes a new store of an empty Pebble database, and of no other.
func (s *Store) create() error {
	iter, err := s.db.NewIter(nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.cfg.Dir, err)
	}
	used := iter.First()
	if err := iter.Close(); err != nil {
		return fmt.Errorf("read %s: %w", s.cfg.Dir, err)
	}
	if used {
		return fmt.Errorf("%s has something else in it than a plywire store: name another folder", s.cfg.Dir)
	}
	incarnation, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("draw the incarnation: %w", err)
	}
	s.meta = meta{version: formatVersion, shards: s.cfg.Shards, incarnation: incarnation}
	key := metaKey()
	if err := s.db.Set(key, sealed(key, s.meta.appendBody), pebble.Sync); err != nil {
		return fmt.Errorf("write the description of the store in %s: %w", s.cfg.Dir, err)
	}
	return nil
}

// readHeads reads the heads of all shards into memory.
func (s *Store) readHeads() error {
	s.shards = make([]shardState, s.cfg.Shards)
	for id := range s.shards {
		s.shards[id].acquiring = make(chan struct{}, 1)
		r, err := readRecord(s.db, id)
		if err != nil {
			return err
		}
		s.shards[id].record = r
	}
	return nil
}

// getter is a pebble.DB or a pebble.Snapshot.
type getter interface {
	Get(key []byte) ([]byte, io.Closer, error)
}

// readRecord reads the head of one shard; it is zero if the shard was never acquired.
func readRecord(from getter, id int) (record, error) {
	key := headKey(nil, id)
	value, closer, err := from.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return record{}, nil
	}
	if err != nil {
		return record{}, fmt.Errorf("read the head of shard %d: %w", id, err)
	}
	defer closer.Close()
	body, err := values.Unseal(key, value)
	var r record
	if err == nil {
		r, err = parseRecord(body)
	}
	if err != nil {
		return record{}, fmt.Errorf("head of shard %d (key %x), without which nobody knows where its journal ends: %w", id, key, err)
	}
	return r, nil
}

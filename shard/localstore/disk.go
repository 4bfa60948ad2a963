package localstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/plywire/plywire/shard"
)

// spaceInterval is the time between two looks at the free space of the disk.
const spaceInterval = 5 * time.Second

// faultPause is how long an operation of Pebble's that failed in the background takes at least: Pebble repeats it at once,
// without end.
const faultPause = 100 * time.Millisecond

// disk is a file system that sees its own faults before Pebble does. A fault of the write-ahead log, of the list of files
// (the manifest) or of the folder fails the store, with the file in the message; Pebble does not survive these either.
type disk struct {
	vfs.FS
	failure  *failure
	stranded func() // does not return
}

// vital says whether Pebble cannot do without the file.
func vital(path string) bool {
	name := filepath.Base(path)
	return strings.HasSuffix(name, ".log") || strings.HasPrefix(name, "MANIFEST") || strings.HasPrefix(name, "marker")
}

// fault looks at what came of an operation on a file, and returns it.
func (d *disk) fault(operation, path string, vital bool, err error) error {
	if err == nil || below("(*Store).openFolder") || below("(*Store).callOpen") {
		return err // Open can say itself what went wrong
	}
	if !vital {
		time.Sleep(faultPause)
		return err
	}
	d.failure.fail(fmt.Errorf("%s %s: %w", operation, path, err))
	d.strand()
	return err
}

// strand keeps the committer from returning to Pebble, if it is the committer that calls, in a store that has failed.
func (d *disk) strand() {
	if d.failure.err() != nil && below("(*committer).write") {
		d.stranded()
	}
}

func (d *disk) open(operation, path string, vital bool, file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, d.fault(operation, path, vital, err)
	}
	return &diskFile{File: file, disk: d, path: path, vital: vital}, nil
}

// Create implements vfs.FS.
func (d *disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := d.FS.Create(name, category)
	return d.open("create", name, vital(name), file, err)
}

// ReuseForWrite implements vfs.FS.
func (d *disk) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := d.FS.ReuseForWrite(from, to, category)
	return d.open("reuse "+from+" for", to, vital(to), file, err)
}

// OpenDir implements vfs.FS. A folder is opened to be synced.
func (d *disk) OpenDir(name string) (vfs.File, error) {
	file, err := d.FS.OpenDir(name)
	return d.open("open", name, true, file, err)
}

// Unwrap implements vfs.FS.
func (d *disk) Unwrap() vfs.FS { return d.FS }

// diskFile is a file that is written, or a folder.
type diskFile struct {
	vfs.File
	disk  *disk
	path  string
	vital bool
}

func (f *diskFile) fault(operation string, err error) error {
	return f.disk.fault(operation, f.path, f.vital, err)
}

func (f *diskFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, f.fault("write", err)
}

func (f *diskFile) Stat() (vfs.FileInfo, error) {
	stat, err := f.File.Stat()
	return stat, f.fault("look at", err)
}

func (f *diskFile) Sync() error { return f.fault("sync", f.File.Sync()) }

func (f *diskFile) SyncData() error { return f.fault("sync", f.File.SyncData()) }

func (f *diskFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	return full, f.fault("sync", err)
}

// Close is where a change of the log hears that a goroutine of Pebble's could not write the end of the old one.
func (f *diskFile) Close() error {
	err := f.fault("close", f.File.Close())
	if f.vital {
		f.disk.strand()
	}
	return err
}

// watchSpace looks at the free space until the store is closed.
func (s *Store) watchSpace() {
	if s.cfg.FreeBytesMin == 0 {
		return
	}
	files := s.cfg.FS
	if files == nil {
		files = vfs.Default
	}
	ticker := time.NewTicker(spaceInterval)
	defer ticker.Stop()
	for {
		usage, err := files.GetDiskUsage(s.cfg.Dir)
		if errors.Is(err, vfs.ErrUnsupported) {
			return
		}
		if err == nil {
			s.measured(usage)
		}
		select {
		case <-ticker.C:
		case <-s.closing:
			return
		}
	}
}

// measured refuses or takes batches by the free space there is.
func (s *Store) measured(usage vfs.DiskUsage) {
	full := usage.AvailBytes < uint64(s.cfg.FreeBytesMin)
	if s.diskFull.Swap(full) == full {
		return
	}
	if full {
		s.cfg.Logger.Error().Str("dir", s.cfg.Dir).Uint64("free", usage.AvailBytes).Int64("needed", s.cfg.FreeBytesMin).
			Msg("the disk is nearly full: nothing is taken until there is more free space")
		return
	}
	s.cfg.Logger.Info().Str("dir", s.cfg.Dir).Uint64("free", usage.AvailBytes).Msg("there is free space again")
}

// roomOnDisk says why nothing is taken, if so.
func (s *Store) roomOnDisk() error {
	if !s.diskFull.Load() {
		return nil
	}
	return fmt.Errorf("%w: the disk of %s has less than %d MiB free; free some", shard.ErrRefused, s.cfg.Dir, s.cfg.FreeBytesMin>>20)
}

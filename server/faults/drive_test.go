package faults

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// drive is a disk below the store. It can lose its power, and then has what was synced and perhaps some of the rest; it can
// run full in the middle of a write, fail to sync, and say that it has synced what it has not.
type drive struct {
	vfs.FS
	memory *vfs.MemFS

	mu    sync.Mutex
	room  int64 // bytes until it is full; below 0: no limit
	fails error // of every sync from now on; nil: none
	lies  func(path string) bool
	lied  int // syncs that were not made
}

func newDrive() *drive { return driveOf(vfs.NewCrashableMem()) }

func driveOf(memory *vfs.MemFS) *drive { return &drive{FS: memory, memory: memory, room: -1} }

// unplugged is what is found on the drive after a loss of power: of what was not synced, that many blocks of a hundred.
func (d *drive) unplugged(percent int, random *rand.Rand) *drive {
	return driveOf(d.memory.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random}))
}

func (d *drive) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

func (d *drive) fill(room int64)             { d.set(func() { d.room = room }) }
func (d *drive) fail(err error)              { d.set(func() { d.fails = err }) }
func (d *drive) lie(about func(string) bool) { d.set(func() { d.lies = about }) }

// take says how many of n bytes there is room for.
func (d *drive) take(n int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.room < 0:
		return n, nil
	case d.room < int64(n):
		n = int(d.room)
		d.room = 0
		return n, syscall.ENOSPC
	}
	d.room -= int64(n)
	return n, nil
}

// sync says whether a sync of that file is to be made at all, or how it fails.
func (d *drive) sync(path string) (made bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.fails != nil:
		return false, d.fails
	case d.lies != nil && d.lies(path):
		d.lied++
		return false, nil
	}
	return true, nil
}

// lieCount is how often the drive has lied since.
func (d *drive) lieCount() (n int) {
	d.set(func() { n = d.lied })
	return n
}

func (d *drive) open(path string, file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &driveFile{File: file, drive: d, path: path}, nil
}

func (d *drive) create() error {
	_, err := d.take(1)
	return err
}

// Create implements vfs.FS.
func (d *drive) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.create(); err != nil {
		return nil, err
	}
	file, err := d.FS.Create(name, category)
	return d.open(name, file, err)
}

// ReuseForWrite implements vfs.FS.
func (d *drive) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := d.FS.ReuseForWrite(from, to, category)
	return d.open(to, file, err)
}

// OpenReadWrite implements vfs.FS.
func (d *drive) OpenReadWrite(name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	file, err := d.FS.OpenReadWrite(name, category, options...)
	return d.open(name, file, err)
}

// OpenDir implements vfs.FS.
func (d *drive) OpenDir(name string) (vfs.File, error) {
	file, err := d.FS.OpenDir(name)
	return d.open(name, file, err)
}

// Unwrap implements vfs.FS.
func (d *drive) Unwrap() vfs.FS { return d.FS }

// driveFile is a file on a drive, or a folder.
type driveFile struct {
	vfs.File
	drive *drive
	path  string
}

// Write writes as much as there is room for.
func (f *driveFile) Write(p []byte) (int, error) {
	n, full := f.drive.take(len(p))
	n, err := f.File.Write(p[:n])
	if err == nil {
		err = full
	}
	return n, err
}

func (f *driveFile) Sync() error {
	made, err := f.drive.sync(f.path)
	if made {
		return f.File.Sync()
	}
	return err
}

func (f *driveFile) SyncData() error {
	made, err := f.drive.sync(f.path)
	if made {
		return f.File.SyncData()
	}
	return err
}

func (f *driveFile) SyncTo(length int64) (bool, error) {
	made, err := f.drive.sync(f.path)
	if made {
		return f.File.SyncTo(length)
	}
	return err == nil, err
}

func isLog(path string) bool { return strings.HasSuffix(filepath.Base(path), ".log") }

func isAnything(string) bool { return true }

package localstore

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
)

// TestRotationFails fails the end of one log and the creation of the next, from where Pebble does not return: it would end
// the process.
func TestRotationFails(t *testing.T) {
	for name, kinds := range map[string][]errorfs.OpKind{
		"create": {errorfs.OpCreate, errorfs.OpReuseForWrite},
		"sync":   syncs,
		"folder": nil,                   // its sync
		"write":  {errorfs.OpFileWrite}, // by a goroutine of Pebble's, for which the rotation waits
	} {
		t.Run(name, func(t *testing.T) {
			disk, log := newFaulty(), newLogText()
			cfg := config(t, disk.fs())
			cfg.Logger, cfg.MemTableBytes = zerolog.New(log), 1<<20
			s := mustOpen(t, cfg)
			o, other := own(t, s, 1), own(t, s, 2)
			disk.set(func(op errorfs.Op) error {
				of := slices.Contains(kinds, op.Kind) && strings.HasSuffix(op.Path, ".log")
				if kinds == nil {
					of = op.Kind == errorfs.OpFileSync && op.Path == cfg.Dir
				}
				if of && rotating() {
					return syscall.EMFILE
				}
				return nil
			})
			payload := strings.Repeat("x", 100<<10)
			var err error
			for range 100 {
				if err = o.commit(o.batch(payload)); err != nil {
					break
				}
			}
			if !errors.Is(err, shard.ErrUnknown) || !errors.Is(err, syscall.EMFILE) {
				t.Errorf("the batch during whose commit the log was rotated: %v, want %v with its cause", err, shard.ErrUnknown)
			}
			waitFailed(t, s)
			if err := other.commit(other.batch("later")); !errors.Is(err, shard.ErrRefused) {
				t.Errorf("a later batch: %v, want %v", err, shard.ErrRefused)
			}
			if _, err := s.Recover(t.Context(), 1, o.token); !errors.Is(err, syscall.EMFILE) {
				t.Errorf("Recover: %v", err)
			}
			if err := s.Close(); !errors.Is(err, syscall.EMFILE) {
				t.Errorf("Close: %v", err)
			}
			if text := log.String(); !strings.Contains(text, ": "+syscall.EMFILE.Error()) {
				t.Errorf("the log does not name the file:\n%s", text)
			}
			acknowledged := o.head
			cfg.FS = disk.mem.CrashClone(vfs.CrashCloneCfg{})
			again := mustOpen(t, cfg)
			defer again.Close()
			if head := own(t, again, 1).head; head != acknowledged && head != acknowledged+1 {
				t.Errorf("head is %d, acknowledged was %d", head, acknowledged)
			}
		})
	}
}

// rotating says whether any goroutine is about to change the log.
func rotating() bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("rotateWAL("))
}

// TestManifestFails fails Pebble's list of files while it flushes, on a goroutine of its own, where it calls for the end of
// the process.
func TestManifestFails(t *testing.T) {
	disk, log := newFaulty(), newLogText()
	cfg := config(t, disk.fs())
	cfg.Logger, cfg.MemTableBytes = zerolog.New(log), 1<<20
	s := mustOpen(t, cfg)
	o := own(t, s, 1)
	disk.fails(syscall.EIO, "MANIFEST", append(syncs, errorfs.OpFileWrite)...)
	payload := strings.Repeat("x", 100<<10)
	var err error
	for range 10_000 {
		if err = o.commit(o.batch(payload)); err != nil {
			break
		}
	}
	if !errors.Is(err, shard.ErrRefused) && !errors.Is(err, shard.ErrUnknown) {
		t.Errorf("commit says %v, want %v or %v", err, shard.ErrRefused, shard.ErrUnknown)
	}
	waitFailed(t, s)
	if err := s.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close: %v", err)
	}
	if text := log.String(); !strings.Contains(text, "MANIFEST") {
		t.Errorf("the log does not name the file:\n%s", text)
	}
	acknowledged := o.head
	cfg.FS = disk.mem.CrashClone(vfs.CrashCloneCfg{})
	again := mustOpen(t, cfg)
	defer again.Close()
	if head := own(t, again, 1).head; head < acknowledged || head > acknowledged+1 {
		t.Errorf("head is %d, acknowledged was %d", head, acknowledged)
	}
}

// TestFlushFails fails the tables, which are written in the background, for a while. That ends nothing: the journal is in
// the log, and Pebble tries again.
func TestFlushFails(t *testing.T) {
	disk, log := newFaulty(), newLogText()
	cfg := config(t, disk.fs())
	cfg.Logger, cfg.MemTableBytes = zerolog.New(log), 1<<20
	s := mustOpen(t, cfg)
	o := own(t, s, 1)
	disk.fails(syscall.ENOSPC, ".sst", append(syncs, errorfs.OpFileWrite, errorfs.OpCreate)...)
	payload := strings.Repeat("x", 100<<10)
	for range 15 { // more than one memory table, less than all that may wait
		o.put(payload)
	}
	log.await(t, "it is tried again")
	disk.set(func(errorfs.Op) error { return nil })
	for range 60 {
		o.put(payload)
	}
	if err := s.Err(); err != nil {
		t.Errorf("Err is %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestDiskNearlyFull(t *testing.T) {
	fs := vfs.NewMem()
	cfg := config(t, fs)
	s := mustOpen(t, cfg)
	defer s.Close()
	o := own(t, s, 1)
	o.put("room")
	s.measured(vfs.DiskUsage{AvailBytes: uint64(cfg.FreeBytesMin) - 1})
	b := o.batch("no room")
	if err := o.commit(b); !errors.Is(err, shard.ErrRefused) || !strings.Contains(err.Error(), "256 MiB free") {
		t.Errorf("commit on a full disk says %v", err)
	}
	if _, err := s.Acquire(t.Context(), 2); !errors.Is(err, shard.ErrRefused) {
		t.Errorf("Acquire on a full disk says %v", err)
	}
	if recovery, err := s.Recover(t.Context(), 1, o.token); err != nil || recovery.Head != 1 {
		t.Errorf("Recover on a full disk says %v, head %d", err, recovery.Head)
	}
	s.measured(vfs.DiskUsage{AvailBytes: uint64(cfg.FreeBytesMin)})
	if err := o.commit(b); err != nil {
		t.Errorf("commit with room again says %v", err)
	}
}

func TestDiskSpaceIsWatched(t *testing.T) {
	fs := vfs.NewMem()
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1, TotalBytes: 1 << 40})
	cfg, log := config(t, fs), newLogText()
	cfg.Logger = zerolog.New(log)
	s := mustOpen(t, cfg)
	defer s.Close()
	log.await(t, "the disk is nearly full")
	if s.roomOnDisk() == nil {
		t.Error("there is room on a full disk")
	}
}

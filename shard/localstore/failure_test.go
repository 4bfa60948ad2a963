package localstore

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
)

// TestWriteFails fails the disk in the ways in which a write-ahead log can be failed. Whatever happens, nothing is
// acknowledged that is not there after a crash, and the store says so and stays alive.
func TestWriteFails(t *testing.T) {
	tests := map[string]struct {
		cause error
		file  string
		kinds []errorfs.OpKind
	}{
		"sync":       {syscall.EIO, ".log", syncs},
		"write":      {syscall.EIO, ".log", []errorfs.OpKind{errorfs.OpFileWrite}},
		"disk full":  {syscall.ENOSPC, ".log", []errorfs.OpKind{errorfs.OpFileWrite}},
		"quota":      {syscall.EDQUOT, ".log", syncs},
		"everything": {syscall.EROFS, "", append(syncs, errorfs.OpFileWrite, errorfs.OpCreate, errorfs.OpFileClose)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			disk, log := newFaulty(), newLogText()
			cfg := config(t, disk.fs())
			cfg.Logger = zerolog.New(log)
			s := mustOpen(t, cfg)
			a, b, c := own(t, s, 1), own(t, s, 2), own(t, s, 3)
			a.put("before")
			b.put("before")
			c.put("before")

			disk.fails(test.cause, test.file, test.kinds...)
			lost := a.batch("lost")
			if err := a.commit(lost); !errors.Is(err, shard.ErrUnknown) || !errors.Is(err, test.cause) {
				t.Errorf("the batch whose sync failed: %v, want %v with its cause", err, shard.ErrUnknown)
			}
			waitFailed(t, s)
			if !errors.Is(s.Err(), test.cause) {
				t.Errorf("Err is %v", s.Err())
			}
			disk.set(func(errorfs.Op) error { return nil }) // the disk is well again, and must not be believed
			for range 2 {
				if err := a.commit(lost); !errors.Is(err, shard.ErrUnknown) {
					t.Errorf("the same batch again: %v, want %v", err, shard.ErrUnknown)
				}
				if err := b.commit(b.batch("later")); !errors.Is(err, shard.ErrRefused) || !errors.Is(err, test.cause) {
					t.Errorf("a later batch: %v, want %v with its cause", err, shard.ErrRefused)
				}
			}
			if _, err := s.Acquire(t.Context(), 3); !errors.Is(err, test.cause) {
				t.Errorf("Acquire: %v", err)
			}
			if _, err := s.Recover(t.Context(), 3, c.token); !errors.Is(err, test.cause) {
				t.Errorf("Recover: %v", err)
			}
			if _, err := s.Load(t.Context(), 3, uuid.New()); !errors.Is(err, test.cause) {
				t.Errorf("Load: %v", err)
			}
			if err := s.Close(); !errors.Is(err, test.cause) {
				t.Errorf("Close: %v", err)
			}
			if text := log.String(); strings.Count(text, "local store failed") != 1 || !strings.Contains(text, test.cause.Error()) {
				t.Errorf("the log does not say once what happened:\n%s", text)
			}

			cfg.FS = disk.mem.CrashClone(vfs.CrashCloneCfg{})
			again := mustOpen(t, cfg)
			defer again.Close()
			if head := own(t, again, 1).head; head != 1 && head != 2 {
				t.Errorf("head of the shard whose batch is unknown is %d, want 1 or 2", head)
			}
			for id := 2; id <= 3; id++ {
				if head := own(t, again, id).head; head != 1 {
					t.Errorf("head of shard %d is %d, want 1", id, head)
				}
			}
		})
	}
}

// TestFailsUnderLoad fails the disk at one operation after the other while all shards commit, and compares what was
// acknowledged with what is there after a crash.
func TestFailsUnderLoad(t *testing.T) {
	for countdown := int64(1); countdown < 400; countdown = countdown*3/2 + 3 {
		t.Run(fmt.Sprint("after ", countdown), func(t *testing.T) {
			disk := newFaulty()
			cfg := config(t, disk.fs())
			cfg.Logger, cfg.Pace = zerolog.Nop(), 0
			cfg.MemTableBytes = 1 << 20 // so that logs are rotated and tables are written
			s := mustOpen(t, cfg)
			owners := make([]*owner, 8)
			for i := range owners {
				owners[i] = own(t, s, i)
			}
			var left atomic.Int64
			left.Store(countdown)
			disk.set(func(op errorfs.Op) error {
				if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && left.Add(-1) < 0 {
					return syscall.EIO
				}
				return nil
			})
			var wg sync.WaitGroup
			for _, o := range owners {
				wg.Go(func() {
					payload := strings.Repeat("x", 2000)
					for o.commit(o.batch(payload, payload, payload)) == nil {
					}
				})
			}
			wg.Wait()
			s.Close()

			cfg.FS = disk.mem.CrashClone(vfs.CrashCloneCfg{})
			again := mustOpen(t, cfg)
			defer again.Close()
			for _, o := range owners {
				if head := own(t, again, o.id).head; head != o.head && head != o.head+3 {
					t.Errorf("head of shard %d is %d, acknowledged was %d", o.id, head, o.head)
				}
			}
		})
	}
}

// TestNothingUnsyncedIsSeen holds up a sync and looks at the store meanwhile. When the sync then fails, whoever looked must
// have seen nothing of its batch.
func TestNothingUnsyncedIsSeen(t *testing.T) {
	disk := newFaulty()
	cfg := config(t, disk.fs())
	cfg.Logger = zerolog.Nop()
	s := mustOpen(t, cfg)
	defer s.Close()
	o := own(t, s, 1)
	actor := uuid.New()
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	disk.set(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileWrite || !strings.HasSuffix(op.Path, ".log") {
			return nil
		}
		once.Do(func() { close(entered) })
		<-release
		return syscall.EIO
	})
	b := o.batch("unsynced")
	b.Snapshots = []shard.Snapshot{{Actor: actor, Position: 1, State: []byte("unsynced")}}
	answer := make(chan error, 1)
	s.Commit(b, func(err error) { answer <- err })
	<-entered
	if s.settled.TryRLock() {
		t.Error("a view can be taken while a sync is under way")
	}
	loaded := make(chan error, 3)
	go func() {
		_, err := s.Load(t.Context(), 1, actor)
		loaded <- err
	}()
	go func() {
		entries, err := s.Read(t.Context(), 1, 0, 10)
		loaded <- errors.Join(err, unless(len(entries) == 0))
	}()
	go func() {
		recovery, err := s.Recover(t.Context(), 1, o.token)
		loaded <- errors.Join(err, unless(recovery.Head == 0))
	}()
	close(release)
	if err := <-answer; !errors.Is(err, shard.ErrUnknown) {
		t.Errorf("commit says %v, want %v", err, shard.ErrUnknown)
	}
	for range 3 {
		if err := <-loaded; err == nil || errors.Is(err, errSeen) {
			t.Errorf("a reading beside the sync that failed says %v", err)
		}
	}
}

var errSeen = errors.New("something was seen that was not durable")

func unless(ok bool) error {
	if ok {
		return nil
	}
	return errSeen
}

package localstore

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
)

// failure notes that the disk has failed a write. After that nothing more is believed: a page that could not be written may
// look clean to the kernel, so that the next sync succeeds without it. It is Pebble's logger as well, because Pebble tells
// its logger what it cannot survive, and expects the process to end there.
type failure struct {
	log    zerolog.Logger
	dir    string
	failed chan struct{}
	cause  atomic.Pointer[error]
	early  chan error // holds the first fault in the background, for openPebble; nobody asks later

	mu       sync.Mutex
	unknowns map[shard.BatchID]struct{} // the batches of the turn which failed: at most one a shard
	said     time.Time                  // when a fault in the background was logged last
}

func newFailure(cfg Config) *failure {
	return &failure{log: cfg.Logger, dir: cfg.Dir, failed: make(chan struct{}), early: make(chan error, 1), unknowns: make(map[shard.BatchID]struct{})}
}

// err is the cause, or nil.
func (f *failure) err() error {
	if cause := f.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// fail ends the store. The first cause is the one that counts.
func (f *failure) fail(cause error) {
	cause = fmt.Errorf("the store in %s has failed and takes nothing more; repair or free the disk, then start again: %w", f.dir, cause)
	if !f.cause.CompareAndSwap(nil, &cause) {
		return
	}
	f.log.Error().Err(cause).Msg("local store failed")
	close(f.failed)
}

// answer says what a failed store has to say to a batch; nil if it has not failed.
func (f *failure) answer(id shard.BatchID) error {
	cause := f.err()
	if cause == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, unknown := f.unknowns[id]; unknown {
		return fmt.Errorf("%w: %w", shard.ErrUnknown, cause)
	}
	return fmt.Errorf("%w: %w", shard.ErrRefused, cause)
}

// unknown notes a batch whose sync failed and returns what its owner hears, now and whenever it is put again.
func (f *failure) unknown(id shard.BatchID, cause error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unknowns[id] = struct{}{}
	return fmt.Errorf("%w: %w", shard.ErrUnknown, cause)
}

// fatal is what Fatalf panics with.
type fatal struct{ error }

// guard runs call, which uses Pebble, on a goroutine of ours. A panic of Pebble's fails the store and is an error.
func guard(f *failure, call func() error) (err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case fatal:
			err = cause.error
			f.fail(err)
		default:
			err = fmt.Errorf("pebble panicked: %v", cause)
			f.log.Error().Err(err).Bytes("stack", debug.Stack()).Msg("local store panicked")
			f.fail(err)
		}
	}()
	return call()
}

// guarded says whether the calling goroutine is below a call of guard.
func guarded() bool { return below("guard") }

// below says whether the calling goroutine is below the function or method of this package of that name.
func below(name string) bool {
	callers := make([]uintptr, 128)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "/shard/localstore."+name) {
			return true
		}
		if !more {
			return false
		}
	}
}

// Infof implements pebble.Logger.
func (f *failure) Infof(format string, args ...any) { f.log.Debug().Msgf("pebble: "+format, args...) }

// Errorf implements pebble.Logger.
func (f *failure) Errorf(format string, args ...any) { f.log.Error().Msgf("pebble: "+format, args...) }

// Fatalf implements pebble.Logger. Pebble calls it when a commit or a change of its list of files has failed and it cannot
// go on; when Fatalf returns, Pebble takes that for success. So it does not: a goroutine of ours is unwound up to guard, one
// of Pebble's ends. The process lives, so that the server can end in order.
func (f *failure) Fatalf(format string, args ...any) {
	err := fmt.Errorf("pebble cannot go on: "+format, args...)
	f.fail(err)
	if guarded() {
		panic(fatal{err})
	}
	runtime.Goexit()
}

// listener hears of what goes wrong without being the end.
func (f *failure) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			select {
			case f.early <- err:
			default:
			}
			f.background("a flush or a compaction failed; it is tried again", err)
		},
		DataCorruption: func(damage pebble.DataCorruptionInfo) {
			f.background("a file is damaged: what is in it can no longer be read", fmt.Errorf("%s: %w", damage.Path, damage.Details))
		},
		WriteStallBegin: func(stall pebble.WriteStallBeginInfo) {
			f.log.Warn().Str("reason", stall.Reason).Msg("the disk does not keep up: commits wait")
		},
		WriteStallEnd: func() { f.log.Warn().Msg("the disk has caught up: commits go on") },
	}
}

// background logs a fault that may repeat itself without end, every ten seconds at the most.
func (f *failure) background(what string, err error) {
	if errors.Is(err, pebble.ErrCancelledCompaction) {
		return
	}
	f.mu.Lock()
	now := time.Now()
	quiet := now.Sub(f.said) < 10*time.Second
	if !quiet {
		f.said = now
	}
	f.mu.Unlock()
	if !quiet {
		f.log.Error().Err(err).Str("dir", f.dir).Msg(what)
	}
}

// slow is told of a write that takes long, while it does.
func (f *failure) slow(info vfs.DiskSlowInfo) {
	f.log.Warn().Str("dir", f.dir).Str("what", info.String()).Msg("the disk is slow")
}

package localstore

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

// patience is how long a test waits for what must come before it fails.
const patience = 30 * time.Second

// owner commits to one shard of a store.
type owner struct {
	t     testing.TB
	store *Store
	id    int
	token shard.Token
	head  uint64
}

func own(t testing.TB, s *Store, id int) *owner {
	t.Helper()
	token, err := s.Acquire(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	recovery, err := s.Recover(t.Context(), id, token)
	if err != nil {
		t.Fatal(err)
	}
	return &owner{t: t, store: s, id: id, token: token, head: recovery.Head}
}

func (o *owner) batch(events ...string) *shard.Batch {
	b := &shard.Batch{Shard: o.id, Token: o.token, ID: uuid.New(), Head: o.head, At: time.Unix(1e9, 0)}
	for _, event := range events {
		b.Entries = append(b.Entries, shard.Entry{Actor: uuid.UUID{byte(o.id)}, Event: []byte(event)})
	}
	return b
}

func (o *owner) commit(b *shard.Batch) error {
	o.t.Helper()
	answer := make(chan error, 1)
	o.store.Commit(b, func(err error) { answer <- err })
	select {
	case err := <-answer:
		if err == nil {
			o.head = b.Head + uint64(len(b.Entries))
		}
		return err
	case <-time.After(patience):
		o.t.Fatal("done was not called")
		return nil
	}
}

func (o *owner) put(events ...string) {
	o.t.Helper()
	if err := o.commit(o.batch(events...)); err != nil {
		o.t.Fatal(err)
	}
}

func waitFailed(t *testing.T, s *Store) {
	t.Helper()
	select {
	case <-s.Failed():
	case <-time.After(patience):
		t.Fatal("the store has not failed")
	}
}

// logText collects what a store logs.
type logText struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // holds one word that there is more
}

func newLogText() *logText { return &logText{wrote: make(chan struct{}, 1)} }

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.wrote <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await returns once the log has some words.
func (l *logText) await(t *testing.T, words string) {
	t.Helper()
	limit := time.After(patience)
	for !strings.Contains(l.String(), words) {
		select {
		case <-l.wrote:
		case <-limit:
			t.Fatalf("waited in vain for %q in the log:\n%s", words, l)
		}
	}
}

// faulty is a file system that can crash, and that fails what its fault says.
type faulty struct {
	mem   *vfs.MemFS
	fault atomic.Pointer[func(errorfs.Op) error]
}

func newFaulty() *faulty { return &faulty{mem: vfs.NewCrashableMem()} }

func (f *faulty) fs() vfs.FS {
	return errorfs.Wrap(f.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fault := f.fault.Load(); fault != nil {
			return (*fault)(op)
		}
		return nil
	}))
}

func (f *faulty) set(fault func(errorfs.Op) error) { f.fault.Store(&fault) }

// fails fails operations of some kinds on files of some kind, from now on.
func (f *faulty) fails(cause error, file string, kinds ...errorfs.OpKind) {
	f.set(func(op errorfs.Op) error {
		for _, kind := range kinds {
			if op.Kind == kind && strings.Contains(filepath.Base(op.Path), file) {
				return cause
			}
		}
		return nil
	})
}

var syncs = []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}

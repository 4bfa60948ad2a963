package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/storetest"
	"github.com/plywire/plywire/shard/twinstore"
)

// brokenEnv names, to the process that a test starts, the store that it has to test.
const brokenEnv = "STORETEST_BROKEN"

// TestSuiteFindsFaults runs the suite against stores with one fault each, every one in a process of its own, and wants it
// to fail: a suite that cannot fail proves nothing.
func TestSuiteFindsFaults(t *testing.T) {
	for name := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBroken$", "-test.failfast")
			command.Env = append(os.Environ(), brokenEnv+"="+name)
			output, err := command.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !bytes.Contains(output, []byte("--- FAIL: TestBroken")) {
				t.Errorf("the suite accepts a store with this fault (%v):\n%s", err, output)
			}
		})
	}
}

// TestBroken is what TestSuiteFindsFaults starts.
func TestBroken(t *testing.T) {
	name := os.Getenv(brokenEnv)
	if name == "" {
		return // it is no test of its own
	}
	storetest.Run(t, func(t *testing.T) storetest.Opened {
		s := &broken{fault: faults[name], tokens: make(map[int]shard.Token)}
		cfg := twinstore.DefaultConfig()
		cfg.Now = func() time.Time { return time.Now().Add(s.passed) }
		twin, err := twinstore.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.Store = twin
		return storetest.Opened{
			Store: s,
			Reopen: func(*testing.T) shard.Store {
				s.Store, s.last = s.Store.Reopen(), nil
				return s
			},
			Crash: func(*testing.T) { s.Store.Crash() },
			Pass:  func(_ *testing.T, d time.Duration) { s.passed += d * time.Duration(max(1, s.fault.hurry)) },
		}
	})
}

// broken is a store with one fault, on top of one without.
type broken struct {
	*twinstore.Store
	fault  fault
	passed time.Duration

	mu     sync.Mutex
	tokens map[int]shard.Token
	last   map[int]shard.BatchID // lost when the store is reopened
}

// fault changes one of the calls, where it is not nil.
type fault struct {
	commit   func(*broken, *shard.Batch, func(error))
	recover  func(*broken, shard.Recovery) shard.Recovery
	load     func(*broken, shard.Snapshot) shard.Snapshot
	read     func([]shard.Entry) []shard.Entry
	anyToken bool // Recover looks at no token
	hurry    int  // how much too fast the clock goes
}

func (s *broken) Acquire(ctx context.Context, id int) (shard.Token, error) {
	token, err := s.Store.Acquire(ctx, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.tokens[id] = token
	}
	return token, err
}

func (s *broken) token(id int) shard.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[id]
}

func (s *broken) Commit(b *shard.Batch, done func(error)) {
	if s.fault.commit != nil {
		s.fault.commit(s, b, done)
		return
	}
	s.Store.Commit(b, done)
}

func (s *broken) Recover(ctx context.Context, id int, token shard.Token) (shard.Recovery, error) {
	if s.fault.anyToken {
		token = s.token(id)
	}
	recovery, err := s.Store.Recover(ctx, id, token)
	if err == nil && s.fault.recover != nil {
		recovery = s.fault.recover(s, recovery)
	}
	return recovery, err
}

func (s *broken) Load(ctx context.Context, id int, actor shard.ID) (shard.Snapshot, error) {
	snapshot, err := s.Store.Load(ctx, id, actor)
	if err == nil && s.fault.load != nil {
		snapshot = s.fault.load(s, snapshot)
	}
	return snapshot, err
}

func (s *broken) Read(ctx context.Context, id int, after uint64, limit int) ([]shard.Entry, error) {
	entries, err := s.Store.Read(ctx, id, after, limit)
	if err == nil && s.fault.read != nil {
		entries = s.fault.read(entries)
	}
	return entries, err
}

// changed commits a copy of the batch which the fault has changed.
func changed(change func(*broken, *shard.Batch)) fault {
	return fault{commit: func(s *broken, b *shard.Batch, done func(error)) {
		c := *b
		c.Entries, c.Snapshots = slices.Clone(b.Entries), slices.Clone(b.Snapshots)
		change(s, &c)
		s.Store.Commit(&c, done)
	}}
}

var faults = map[string]fault{
	"compares epochs with >=": changed(func(s *broken, b *shard.Batch) {
		if own := s.token(b.Shard); own.Epoch != 0 && b.Token.Epoch >= own.Epoch {
			b.Token = own
		}
	}),
	"compares owners only": changed(func(s *broken, b *shard.Batch) {
		if own := s.token(b.Shard); b.Token.Owner == own.Owner {
			b.Token = own
		}
	}),
	"recovers for anybody": {anyToken: true},
	"takes the zero token of an untouched shard": {commit: func(s *broken, b *shard.Batch, done func(error)) {
		if b.Token.Epoch == 0 && s.token(b.Shard) == b.Token {
			done(nil)
			return
		}
		s.Store.Commit(b, done)
	}},
	"takes every head": changed(func(s *broken, b *shard.Batch) {
		recovery, err := s.Store.Recover(context.Background(), b.Shard, b.Token)
		if err == nil && b.Head != recovery.Head {
			b.Head = recovery.Head
			for i := range b.Entries {
				b.Entries[i].Position = 0
			}
		}
	}),
	"knows no batch again": changed(func(s *broken, b *shard.Batch) { b.ID = uuid.New() }),
	"forgets the last batch when reopened": {commit: func(s *broken, b *shard.Batch, done func(error)) {
		s.mu.Lock()
		again := s.last[b.Shard] == b.ID
		s.mu.Unlock()
		if again {
			done(nil)
			return
		}
		fresh := *b
		fresh.ID = uuid.New()
		s.Store.Commit(&fresh, func(err error) {
			if err == nil {
				s.mu.Lock()
				if s.last == nil {
					s.last = make(map[int]shard.BatchID)
				}
				s.last[b.Shard] = b.ID
				s.mu.Unlock()
			}
			done(err)
		})
	}},
	"appends before it looks at the head": {commit: func(s *broken, b *shard.Batch, done func(error)) {
		s.Store.Commit(b, func(err error) {
			if errors.Is(err, shard.ErrHead) {
				half := shard.Batch{Shard: b.Shard, Token: b.Token, ID: uuid.New(), At: b.At}
				recovery, _ := s.Store.Recover(context.Background(), b.Shard, b.Token)
				half.Head = recovery.Head
				s.Store.Commit(&half, func(error) {})
			}
			done(err)
		})
	}},
	"loses the snapshots of a batch with entries": changed(func(s *broken, b *shard.Batch) {
		if len(b.Entries) > 0 {
			b.Snapshots = nil
		}
	}),
	"loses batches without entries": {commit: func(s *broken, b *shard.Batch, done func(error)) {
		if len(b.Entries) == 0 && b.Token == s.token(b.Shard) {
			done(nil)
			return
		}
		s.Store.Commit(b, done)
	}},
	"keeps the first snapshot": changed(func(s *broken, b *shard.Batch) {
		b.Snapshots = slices.DeleteFunc(b.Snapshots, func(n shard.Snapshot) bool {
			_, err := s.Store.Load(context.Background(), b.Shard, n.Actor)
			return err == nil
		})
	}),
	"loses Resident": changed(func(s *broken, b *shard.Batch) {
		for i := range b.Snapshots {
			b.Snapshots[i].Resident = false
		}
	}),
	"loses Tail": changed(func(s *broken, b *shard.Batch) {
		for i := range b.Snapshots {
			b.Snapshots[i].Tail = nil
		}
	}),
	"loses Expires": changed(func(s *broken, b *shard.Batch) {
		for i := range b.Snapshots {
			b.Snapshots[i].Expires = time.Time{}
		}
	}),
	"expires too early": {hurry: 2},
	"trims one too many": changed(func(s *broken, b *shard.Batch) {
		if b.Trim > 0 && b.Trim < b.Head {
			b.Trim++
		}
	}),
	"trims what is to come": changed(func(s *broken, b *shard.Batch) {
		if last := b.Head + uint64(len(b.Entries)); b.Trim > last {
			b.Trim = last
		}
	}),
	"recovers residents only": {recover: func(s *broken, r shard.Recovery) shard.Recovery {
		r.Snapshots = slices.DeleteFunc(r.Snapshots, func(n shard.Snapshot) bool { return !n.Resident })
		return r
	}},
	"recovers no sign of life": {recover: func(s *broken, r shard.Recovery) shard.Recovery {
		r.At = time.Time{}
		return r
	}},
	"recovers without the last entry": {recover: func(s *broken, r shard.Recovery) shard.Recovery {
		r.Entries = r.Entries[:max(0, len(r.Entries)-1)]
		return r
	}},
	"recovers with the head of the entries": {recover: func(s *broken, r shard.Recovery) shard.Recovery {
		r.Head = 0
		for _, entry := range r.Entries {
			r.Head = entry.Position
		}
		return r
	}},
	"loads residents only": {load: func(s *broken, n shard.Snapshot) shard.Snapshot {
		if !n.Resident {
			return shard.Snapshot{}
		}
		return n
	}},
	"reads without the first entry": {read: func(entries []shard.Entry) []shard.Entry {
		return entries[min(1, len(entries)):]
	}},
	"calls done twice": {commit: func(s *broken, b *shard.Batch, done func(error)) {
		s.Store.Commit(b, func(err error) {
			done(err)
			done(err)
		})
	}},
	"calls done before it is durable": {commit: func(s *broken, b *shard.Batch, done func(error)) {
		done(nil)
		c := *b
		s.Store.Commit(&c, func(error) {})
	}},
	"changes the batch": {commit: func(s *broken, b *shard.Batch, done func(error)) {
		s.Store.Commit(b, func(err error) {
			b.Trim = b.Head
			done(err)
		})
	}},
	"accepts when closed": {commit: func(s *broken, b *shard.Batch, done func(error)) {
		s.Store.Commit(b, func(err error) {
			if errors.Is(err, shard.ErrClosed) {
				err = nil
			}
			done(err)
		})
	}},
}

package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

func testReopen(r *rig) {
	shards := r.store.Shards()
	o, other := r.own(1), r.own(7)
	for round := range 4 {
		if _, err := o.toil(25); err != nil {
			r.Fatalf("round %d: %v", round, err)
		}
		other.put(other.batch(uuid.New(), fmt.Sprint("round ", round)))
		r.reopen()
		if r.store.Shards() != shards {
			r.Fatalf("%d shards after the reopening, %d before", r.store.Shards(), shards)
		}
		o.check()
		other.check()
		if round == 2 {
			o.reacquire()
		}
	}
}

// testCloseWaits closes the store while shards commit. Whoever heard nil must be there afterwards, whoever heard ErrClosed
// must not, and all must have heard something when Close returns.
func testCloseWaits(r *rig) {
	owners := make([]*owner, ShardsMin)
	batches := make([]*shard.Batch, ShardsMin)
	answers := make([]<-chan error, ShardsMin)
	for i := range owners {
		owners[i] = r.own(i)
		owners[i].put(owners[i].batch(uuid.New(), "before"))
	}
	for i, o := range owners {
		batches[i] = with(o.batch(uuid.New(), "a", "b"), shard.Snapshot{Actor: uuid.New(), Resident: true})
		answers[i] = r.start(batches[i])
	}
	r.close()
	for i, o := range owners {
		select {
		case err := <-answers[i]:
			switch {
			case err == nil:
				o.learn(batches[i])
			default:
				r.Errorf("shard %d: a batch put before Close says %v, want it done", i, err)
			}
		default:
			r.Errorf("shard %d: Close returned before done was called", i)
		}
	}
	r.reopen()
	for _, o := range owners {
		o.check()
	}
}

func testClosed(r *rig) {
	o := r.own(1)
	o.put(o.batch(uuid.New(), "a"))
	r.close()
	if err := r.commit(o.batch(uuid.New(), "b")); !errors.Is(err, shard.ErrClosed) {
		r.Errorf("Commit says %v, want %v", err, shard.ErrClosed)
	}
	if _, err := r.store.Acquire(r.Context(), 1); !errors.Is(err, shard.ErrClosed) {
		r.Errorf("Acquire says %v, want %v", err, shard.ErrClosed)
	}
	if _, err := r.store.Recover(r.Context(), 1, o.token); !errors.Is(err, shard.ErrClosed) {
		r.Errorf("Recover says %v, want %v", err, shard.ErrClosed)
	}
	if _, err := r.store.Load(r.Context(), 1, uuid.New()); !errors.Is(err, shard.ErrClosed) {
		r.Errorf("Load says %v, want %v", err, shard.ErrClosed)
	}
	if _, err := r.store.Read(r.Context(), 1, 0, 1); !errors.Is(err, shard.ErrClosed) {
		r.Errorf("Read says %v, want %v", err, shard.ErrClosed)
	}
	r.reopen()
	o.check()
}

// testCrash ends the store in the middle of things, several times over. Each batch that was acknowledged before must be
// there, and of the one under way all or nothing.
func testCrash(r *rig) {
	if r.opened.Crash == nil {
		return // the store says that it has nothing to crash; see Opened
	}
	owners := make([]*owner, ShardsMin)
	for i := range owners {
		owners[i] = r.own(i)
	}
	for range 4 {
		crashed := make([]*life, len(owners))
		for i, o := range owners {
			crashed[i] = o.live(20)
		}
		for _, l := range crashed {
			l.wait(r)
		}
		for _, l := range crashed {
			l.seal()
		}
		r.opened.Crash(r.T)
		r.store = r.opened.Reopen(r.T)
		for _, l := range crashed {
			l.check(r)
		}
	}
	r.mu.Lock()
	r.calls = nil // a crash leaves dones uncalled
	r.mu.Unlock()
}

// life is what one owner did between two crashes. The goroutine that commits is left behind when the store crashes.
type life struct {
	owner *owner // of whose state the goroutine has a copy
	store shard.Store
	want  int           // batches acknowledged, until
	grown chan struct{} // is closed
	ended chan struct{} // closed when a batch was not acknowledged, or the life was sealed

	mu      sync.Mutex
	sealed  bool
	acked   []*shard.Batch
	pending *shard.Batch
}

// live starts a goroutine which commits without end. So many batches are wanted before the crash.
func (o *owner) live(want int) *life {
	l := &life{owner: o, store: o.store, want: want, grown: make(chan struct{}), ended: make(chan struct{})}
	mine := *o
	mine.rig = nil
	go l.run(&mine)
	return l
}

func (l *life) run(mine *owner) {
	defer close(l.ended)
	actor := uuid.New()
	for {
		b := mine.batch(actor, "one", "two", "three")
		with(b, shard.Snapshot{Actor: actor, State: fmt.Append(nil, mine.head), Resident: true})
		if b.Head > 30 {
			b.Trim = b.Head - 30
		}
		l.mu.Lock()
		if l.sealed {
			l.mu.Unlock()
			return
		}
		l.pending = b
		l.mu.Unlock()
		answer := make(chan error, 2) // room for a done that is called twice
		l.store.Commit(b, func(err error) { answer <- err })
		if err := <-answer; err != nil {
			return
		}
		l.mu.Lock()
		if l.sealed {
			l.mu.Unlock()
			return
		}
		l.acked, l.pending = append(l.acked, b), nil
		if len(l.acked) == l.want {
			close(l.grown)
		}
		l.mu.Unlock()
		mine.head += uint64(len(b.Entries))
	}
}

// wait returns once the batches that are wanted were acknowledged.
func (l *life) wait(r *rig) {
	select {
	case <-l.grown:
	case <-l.ended:
		r.Fatalf("shard %d: a batch was not acknowledged", l.owner.id)
	case <-time.After(patience):
		r.Fatalf("shard %d: %d batches were not acknowledged within %v", l.owner.id, l.want, patience)
	}
}

// seal fixes what was acknowledged before the crash. What is answered later, while the store crashes, counts as under way.
func (l *life) seal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sealed = true
}

// check takes over the shard after the crash.
func (l *life) check(r *rig) {
	r.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.owner
	for _, b := range l.acked {
		o.learn(b)
	}
	o.reacquire()
	if l.pending != nil && o.recover(o.id, o.token).Head != o.head {
		o.learn(l.pending)
	}
	o.check()
}

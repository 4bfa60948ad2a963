package localstore

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/plywire/plywire/shard"
)

// turnBytesMax bounds the batches that go into one sync; more wait for the next, which follows at once. A batch that is
// larger goes alone.
const turnBytesMax = 8 << 20

// scratchMax is the largest buffer that is kept from one turn to the next.
const scratchMax = 64 << 10

// work is something that has to be written: a batch, a new owner, a sweep.
type work interface {
	size() (entries, bytes int)
	urgent() bool // does not wait for the pace
	// stage checks the work against what was written before and adds it to the turn.
	stage(*turn)
	// settle hears that the turn is durable, or why nobody knows.
	settle(failed error)
	// refuse hears that the work was never begun, because the store has failed.
	refuse()
}

// committer writes for all shards, on one goroutine.
type committer struct {
	store *Store
	wake  chan struct{} // holds one call to look again

	mu      sync.Mutex
	waiting []work // in the order in which they came; a batch a shard, an Acquire a shard, one sweep
	entries int    // of those waiting
	bytes   int
	hurry   bool // one of those waiting is urgent, or the last turn was full
	closed  bool

	// What follows belongs to the goroutine.
	last    time.Time // when the last turn began
	current []work
	turn    turn
}

func newCommitter(s *Store) *committer { return &committer{store: s, wake: make(chan struct{}, 1)} }

// push queues a work. It does not block. The only error is shard.ErrClosed; the work hears nothing then.
func (c *committer) push(w work) error {
	entries, bytes := w.size()
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return shard.ErrClosed
	}
	before := len(c.waiting) > 0 && (c.hurry || c.full())
	c.waiting = append(c.waiting, w)
	c.entries, c.bytes, c.hurry = c.entries+entries, c.bytes+bytes, c.hurry || w.urgent()
	// The committer is asleep until there is something, or until the pace or a full queue: it is woken for these alone.
	call := len(c.waiting) == 1 || !before && (c.hurry || c.full())
	c.mu.Unlock()
	if call {
		c.call()
	}
	return nil
}

func (c *committer) call() {
	select {
	case c.wake <- struct{}{}:
	default: // it is called already
	}
}

// full says that enough is waiting to be worth a sync. Requires: c.mu is held.
func (c *committer) full() bool {
	return c.entries >= c.store.cfg.PaceEntries || c.bytes >= c.store.cfg.PaceBytes
}

func (c *committer) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// close lets run end once nothing waits any more.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.call()
}

// run commits until the committer is closed.
func (c *committer) run() {
	for c.next() {
		c.commit()
	}
}

// next waits until it is time for a turn and takes what is waiting. It returns false when there will be none.
func (c *committer) next() bool {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c.mu.Lock()
		pause := c.store.cfg.Pace - time.Since(c.last)
		switch {
		case len(c.waiting) == 0 && c.closed:
			c.mu.Unlock()
			return false
		case len(c.waiting) == 0:
			c.mu.Unlock()
			<-c.wake
			continue
		case pause <= 0 || c.hurry || c.closed || c.full():
			c.take()
			c.mu.Unlock()
			return true
		}
		c.mu.Unlock()
		timer.Reset(pause)
		select {
		case <-c.wake:
		case <-timer.C:
		}
	}
}

// take moves what is waiting into the turn, up to its bound. Requires: c.mu is held.
func (c *committer) take() {
	sum, n := 0, 0
	for n < len(c.waiting) {
		entries, bytes := c.waiting[n].size()
		if n > 0 && sum+bytes > turnBytesMax {
			break
		}
		n, sum = n+1, sum+bytes
		c.entries, c.bytes = c.entries-entries, c.bytes-bytes
	}
	c.current = append(c.current[:0], c.waiting[:n]...)
	left := copy(c.waiting, c.waiting[n:])
	clear(c.waiting[left:])
	c.waiting = c.waiting[:left]
	c.hurry = left > 0
}

// commit makes durable what the turn has taken, and answers it.
func (c *committer) commit() {
	s := c.store
	if s.failure.err() != nil {
		for i, w := range c.current {
			c.current[i] = nil
			w.refuse()
		}
		return
	}
	c.last = time.Now()
	if failed := guard(s.failure, c.write); failed != nil {
		s.failure.fail(failed)
	}
	if failed := s.failure.err(); failed != nil { // in the background, too: what Pebble says now is not to be believed
		c.settle(failed)
		return
	}
	for _, state := range c.turn.staged {
		state.mu.Lock()
		state.record = state.staged
		state.mu.Unlock()
	}
	if synced := s.cfg.Observer.Synced; synced != nil && c.turn.batches > 0 {
		synced(c.turn.batches, c.turn.entries, c.turn.bytes, time.Since(c.last))
	}
	c.settle(nil)
}

// write stages all works and syncs them. Nobody reads meanwhile.
func (c *committer) write() error {
	s, t := c.store, &c.turn
	batch := s.db.NewBatch()
	*t = turn{number: t.number + 1, batch: batch, staged: t.staged[:0], scratch: t.scratch}
	if cap(t.scratch) > scratchMax {
		t.scratch = nil
	}
	s.settled.Lock()
	defer s.settled.Unlock()
	for _, w := range c.current {
		w.stage(t)
	}
	t.batch = nil
	if batch.Empty() {
		return batch.Close()
	}
	if err := s.db.Apply(batch, pebble.Sync); err != nil {
		return err
	}
	return batch.Close()
}

func (c *committer) settle(failed error) {
	works := c.current
	for i, w := range works {
		works[i] = nil
		w.settle(failed)
	}
}

// strand is called on the committer's own goroutine, from deep within Pebble, when the disk has failed in a place from
// which Pebble does not return: it would unlock a mutex that it does not hold, which ends the process without a word. So the
// goroutine stays there for good, and another takes its place, to refuse what comes until the store is closed.
func (c *committer) strand() {
	c.store.settled.Unlock()
	c.settle(c.store.failure.err())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.run()
	}()
	<-ended
	c.store.tasks.Done() // run will not return to the one who waits for it
	select {}
}

package shard

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// ErrAway means that the shard is not served here, or not now: another node may. It wraps ErrUnavailable.
var ErrAway = fmt.Errorf("%w: not served here", ErrUnavailable)

// slot is where a shard is while this node has it.
type slot struct {
	current atomic.Pointer[shard] // nil: it is not here
	away    error                 // ErrAway with the shard's number, made once
}

// lease is how long this node may serve: for so long from that moment on.
type lease struct {
	since  time.Time
	length time.Duration
}

// Join makes the node one of several: post reaches any actor, wherever it is served, as Post does here; and lost hears that
// a shard has stopped, and why, instead of that being fatal. lost must not block. It is called before Begin.
func (n *Node) Join(post func(Command) error, lost func(index int, cause error)) {
	n.post, n.lost = post, lost
}

// Hold allows the node to serve for so long from since on. When that is over and it was not called again, commands are
// refused with ErrAway and no flag falls; the players get back the time until it is called again. Before the first call the
// node may serve for ever.
func (n *Node) Hold(since time.Time, length time.Duration) { n.lease.Store(&lease{since, length}) }

// held tells whether the node may serve, and if not, since when. Whichever clock says more counts: the monotonic one stands
// still while a machine is suspended.
func (l *lease) held(now time.Time) (end time.Time, is bool) {
	if l == nil || between(l.since, now) <= l.length {
		return time.Time{}, true
	}
	return l.since.Add(l.length), false
}

// Take makes this node the owner of the shards, and serves them when it has all of them. It blocks. If it fails, none of them
// is here. It must not be called for a shard that is here, nor twice for one at a time.
func (n *Node) Take(ctx context.Context, shards ...int) error {
	return n.takeWith(ctx, shards, func(ctx context.Context, s *shard, token Token) error { return s.recoverAll(ctx, token) })
}

// takeWith is Take; fill brings the actors of a shard into memory, which is this node's already.
func (n *Node) takeWith(ctx context.Context, shards []int, fill func(context.Context, *shard, Token) error) error {
	taken := make([]*shard, len(shards))
	for i, index := range shards {
		taken[i] = n.make(index)
		if !n.slots[index].current.CompareAndSwap(nil, taken[i]) {
			n.abandon(taken[:i])
			return fmt.Errorf("shard %d is here already", index)
		}
	}
	if err := n.takeAll(ctx, taken, fill); err != nil {
		n.abandon(taken)
		return err
	}
	return nil
}

func (n *Node) takeAll(ctx context.Context, taken []*shard, fill func(context.Context, *shard, Token) error) error {
	acquired := len(taken) // a store makes owners durable together, like batches
	if n.config.RecoverParallel == 1 {
		acquired = 1
	}
	tokens := make([]Token, len(taken))
	err := forAll(ctx, acquired, taken, func(ctx context.Context, i int, s *shard) (err error) {
		tokens[i], err = s.acquire(ctx)
		return err
	})
	if err != nil {
		return err
	}
	err = forAll(ctx, n.config.RecoverParallel, taken, func(ctx context.Context, i int, s *shard) error { return fill(ctx, s, tokens[i]) })
	if err != nil {
		return err
	}
	for _, s := range taken {
		if n.ending.Load() {
			s.drain(true, func(error) {}, nil)
		}
		s.tell(s.serve)
	}
	return nil
}

// forAll does something for every shard, for so many at a time, until one fails.
func forAll(ctx context.Context, parallel int, shards []*shard, do func(context.Context, int, *shard) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, s := range shards {
		group.Go(func() error { return do(ctx, i, s) })
	}
	return group.Wait()
}

// abandon forgets shards that could not be taken.
func (n *Node) abandon(shards []*shard) {
	for _, s := range shards {
		s.tell(func(time.Time) { s.close(nil) })
		n.slots[s.index].current.CompareAndSwap(s, nil)
	}
}

// Drop ends serving a shard at once, because another node has it: what is not durable is refused. It blocks until the shard has
// its turn, or ctx ends.
func (n *Node) Drop(ctx context.Context, index int, cause error) error {
	s := n.slots[index].current.Load()
	if s == nil {
		return nil
	}
	done := make(chan struct{})
	s.tell(func(time.Time) {
		defer close(done)
		if !s.closed {
			s.stop(cause)
		}
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drop shard %d: %w", index, context.Cause(ctx))
	}
}

// Served tells whether commands for the shard are accepted here.
func (n *Node) Served(index int) bool {
	s := n.slots[index].current.Load()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving
}

// Present tells whether the shard is here, be it served, about to be, or on its way out.
func (n *Node) Present(index int) bool { return n.slots[index].current.Load() != nil }

// here are the shards of this node.
func (n *Node) here() []*shard {
	all := make([]*shard, 0, len(n.slots))
	for i := range n.slots {
		if s := n.slots[i].current.Load(); s != nil {
			all = append(all, s)
		}
	}
	return all
}

// stopped hears that a shard has lost its journal.
func (n *Node) stopped(s *shard, cause error) {
	if n.lost == nil {
		n.fail(cause)
		return
	}
	n.slots[s.index].current.CompareAndSwap(s, nil)
	n.lost(s.index, cause)
}

// Here is the number of shards that are here, served or about to be.
func (n *Node) Here() int { return len(n.here()) }

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
)

// lane commits the batches of some of the shards. One request is under way at a time; what comes meanwhile goes with the next:
// the busier the node, the more batches share one.
type lane struct {
	store *Store
	wake  chan struct{} // has room for one call

	mu      sync.Mutex
	waiting []*work
	closed  bool
}

// sendBytesMax bounds a request with more than one batch.
const sendBytesMax = 4 << 20

func newLane(s *Store) *lane { return &lane{store: s, wake: make(chan struct{}, 1)} }

// push queues a batch. It returns false when the lane is closed.
func (l *lane) push(w *work) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.waiting = append(l.waiting, w)
	l.call()
	return true
}

func (l *lane) call() {
	select {
	case l.wake <- struct{}{}:
	default: // it is called already
	}
}

// close lets run end once nothing waits any more.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.call()
}

// run commits until the lane is closed.
func (l *lane) run() {
	for {
		some, more := l.next()
		if len(some) > 0 {
			l.commit(some)
		}
		if !more {
			return
		}
	}
}

// next waits for batches and takes what one request may hold. more is false when none will come after these.
func (l *lane) next() (some []*work, more bool) {
	for {
		l.mu.Lock()
		sum, n := 0, 0
		for n < len(l.waiting) && (n == 0 || sum+l.waiting[n].bytes <= sendBytesMax) {
			sum += l.waiting[n].bytes
			n++
		}
		if n > 0 {
			some = append(some, l.waiting[:n]...)
			left := copy(l.waiting, l.waiting[n:])
			clear(l.waiting[left:])
			l.waiting = l.waiting[:left]
			l.mu.Unlock()
			return some, true
		}
		closed := l.closed
		l.mu.Unlock()
		if closed {
			return nil, false
		}
		<-l.wake
	}
}

// commit puts batches to Redis and answers them.
func (l *lane) commit(some []*work) {
	commands, spread := l.send(some)
	var again []*work
	for i, w := range some {
		if redis.HasErrorPrefix(commands[i].Err(), "NOSCRIPT") {
			again = append(again, w)
		} else {
			l.settle(w, commands[i], spread)
		}
	}
	if len(again) == 0 {
		return
	}
	// Redis has been started again, or was promoted. None of these was run.
	if err := l.teach(); err != nil {
		l.store.cfg.Logger.Warn().Err(err).Msg("Redis has lost the scripts, and does not take them")
	}
	commands, spread = l.send(again)
	for i, w := range again {
		l.settle(w, commands[i], spread)
	}
}

// settle answers a batch.
func (l *lane) settle(w *work, said *redis.Cmd, spread error) {
	observer := &l.store.cfg.Observer
	err := w.verdict(said)
	if err == nil {
		err = spread
	}
	switch {
	case err == nil:
		if observer.Committed != nil {
			observer.Committed(time.Since(w.since))
		}
	case errors.Is(err, shard.ErrUnknown):
		if observer.Unsure != nil {
			observer.Unsure()
		}
	}
	w.settle(err)
}

// send sends the batches in one request. Each has an answer or an error of its own; spread is what keeps those from being
// durable that say they are.
func (l *lane) send(some []*work) (commands []*redis.Cmd, spread error) {
	ctx, cancel := context.WithTimeout(context.Background(), l.store.cfg.CommitTimeout)
	defer cancel()
	bytes := 0
	pipe := l.store.journal.Pipeline()
	commands = make([]*redis.Cmd, len(some))
	for i, w := range some {
		commands[i] = pipe.Do(ctx, w.command()...)
		bytes += w.bytes
	}
	var replicas *redis.Cmd
	if n := l.store.cfg.Replicas; n > 0 {
		replicas = pipe.Do(ctx, "wait", n, max(1, (l.store.cfg.CommitTimeout*3/4).Milliseconds()))
	}
	_, _ = pipe.Exec(ctx) // each command has its error
	if sent := l.store.cfg.Observer.Sent; sent != nil {
		sent(len(some), bytes)
	}
	return commands, l.store.spread(replicas)
}

// spread says whether the replicas have what a request has written: only then is it durable. Otherwise its fate is unknown,
// since the replica that is promoted may be one that has it, or not.
func (s *Store) spread(replicas *redis.Cmd) error {
	if replicas == nil {
		return nil
	}
	n, err := replicas.Int()
	switch {
	case err != nil:
		return fmt.Errorf("%w: whether the replicas have it: %w", shard.ErrUnknown, err)
	case n < s.cfg.Replicas:
		return fmt.Errorf("%w: %d of %d replicas have it", shard.ErrUnknown, n, s.cfg.Replicas)
	}
	return nil
}

// teach loads the script that commits.
func (l *lane) teach() error {
	ctx, cancel := context.WithTimeout(context.Background(), l.store.cfg.CommitTimeout)
	defer cancel()
	return commitScript.Load(ctx, l.store.journal).Err()
}

package redisstore

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
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
	commands := l.send(some)
	if missing(commands) {
		// Redis has been started again, or was promoted. None of those that say so was run; the others are answered.
		if l.teach() == nil {
			again := make([]*work, 0, len(some))
			var at []int
			for i, cmd := range commands {
				if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
					again, at = append(again, some[i]), append(at, i)
				}
			}
			for i, cmd := range l.send(again) {
				commands[at[i]] = cmd
			}
		}
	}
	observer := &l.store.cfg.Observer
	for i, w := range some {
		err := w.verdict(commands[i])
		switch {
		case err == nil:
			if observer.Committed != nil {
				observer.Committed(time.Since(w.since))
			}
		case isUnknown(err):
			if observer.Unsure != nil {
				observer.Unsure()
			}
		}
		w.settle(err)
	}
}

// send sends the batches in one request. Each has an answer or an error of its own.
func (l *lane) send(some []*work) []*redis.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), l.store.cfg.CommitTimeout)
	defer cancel()
	bytes := 0
	pipe := l.store.journal.Pipeline()
	commands := make([]*redis.Cmd, len(some))
	for i, w := range some {
		commands[i] = pipe.Do(ctx, w.command()...)
		bytes += w.bytes
	}
	_, _ = pipe.Exec(ctx) // each command has its error
	if sent := l.store.cfg.Observer.Sent; sent != nil {
		sent(len(some), bytes)
	}
	return commands
}

// teach loads the script that commits.
func (l *lane) teach() error {
	ctx, cancel := context.WithTimeout(context.Background(), l.store.cfg.CommitTimeout)
	defer cancel()
	return commitScript.Load(ctx, l.store.journal).Err()
}

func missing(commands []*redis.Cmd) bool {
	for _, cmd := range commands {
		if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
			return true
		}
	}
	return false
}

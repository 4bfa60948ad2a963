package redisstore

import "sync"

// queue is where batches wait. A shard has one batch of its owner under way at the most, so that it is bounded by the number
// of shards. Any goroutine may push; one takes.
type queue struct {
	wake chan struct{} // has room for one call

	mu      sync.Mutex
	waiting []*work
	closed  bool
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// push returns false when the queue is closed.
func (q *queue) push(w *work) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, w)
	q.call()
	return true
}

func (q *queue) call() {
	select {
	case q.wake <- struct{}{}:
	default: // it is called already
	}
}

// close lets take end once nothing waits any more.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.call()
}

// take waits for batches, and takes the first and those behind it that have bytesMax together with it. more is false when
// none will come after these.
func (q *queue) take(bytesMax int) (some []*work, more bool) {
	for {
		q.mu.Lock()
		sum, n := 0, 0
		for n < len(q.waiting) && (n == 0 || sum+q.waiting[n].bytes <= bytesMax) {
			sum += q.waiting[n].bytes
			n++
		}
		if n > 0 {
			some = append(some, q.waiting[:n]...)
			left := copy(q.waiting, q.waiting[n:])
			clear(q.waiting[left:])
			q.waiting = q.waiting[:left]
			q.mu.Unlock()
			return some, true
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return nil, false
		}
		<-q.wake
	}
}

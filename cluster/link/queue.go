package link

import "sync"

// keepBytes is the size up to which a buffer is kept however little there is to send.
const keepBytes = 64 << 10

// queue is what waits to be sent on one connection. Who sends fills one buffer while the writer writes the other.
type queue struct {
	limit int
	wake  chan struct{} // one token: the writer, which was asleep, has something to do

	mu      sync.Mutex
	filling []byte
	frames  int // in filling
	writing int // bytes that the writer has taken and not yet written
	asleep  bool
	closed  bool
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, wake: make(chan struct{}, 1)}
}

// add copies the frame into the queue, or fails with ErrFull or ErrDown. It never blocks.
func (q *queue) add(frame []byte) error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return ErrDown
	}
	need := len(q.filling) + lengthBytes + len(frame)
	if need+q.writing > q.limit {
		q.mu.Unlock()
		return ErrFull
	}
	if need > cap(q.filling) {
		// Not left to append: it would go past the limit.
		grown := make([]byte, len(q.filling), min(max(2*cap(q.filling), need, 4<<10), q.limit))
		copy(grown, q.filling)
		q.filling = grown
	}
	q.filling = appendFrame(q.filling, frame)
	q.frames++
	wake := q.asleep
	q.asleep = false
	q.mu.Unlock()
	if wake {
		q.rouse()
	}
	return nil
}

// take hands all that waits to the writer, whose last batch is written, and who gives spare to be filled. Where nothing waits
// batch is nil and spare is still the writer's: then the queue is closed, or the writer is to wait for wake. Only the writer
// may call it.
func (q *queue) take(spare []byte) (batch []byte, frames int, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writing = 0
	if len(q.filling) == 0 {
		q.asleep = !q.closed
		return nil, 0, q.closed
	}
	batch, frames = q.filling, q.frames
	q.filling, q.frames, q.writing = spare[:0], 0, len(batch)
	return batch, frames, q.closed
}

// shrink gives the buffer back if nothing waits in it and it is too large for batches of so many bytes.
func (q *queue) shrink(batchBytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.filling) == 0 && tooLarge(q.filling, batchBytes) {
		q.filling = nil
	}
}

// tooLarge tells whether a buffer should not be kept for batches of so many bytes.
func tooLarge(buffer []byte, batchBytes int) bool {
	return cap(buffer) > keepBytes && cap(buffer)/4 > batchBytes
}

// close ends the queue: nothing is added any more. What waits is for the writer to take, or dropped.
func (q *queue) close(drop bool) {
	q.mu.Lock()
	q.closed = true
	if drop {
		q.filling, q.frames = nil, 0
	}
	q.mu.Unlock()
	q.rouse()
}

func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default: // a token is there already
	}
}

func (q *queue) bytes() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.filling) + q.writing
}

package gateway

import "sync"

// healsMax is how many heals are under way at a time. When a node is lost, all games that it has served have to be asked for;
// those who play should not wait behind them all.
const healsMax = 256

// heals is the queue of the topics in which somebody lags. Each is in it once at the most.
type heals struct {
	mu    sync.Mutex
	under int // way
	queue []*topic
}

// enter takes a place among those under way for the topic, or queues it and returns false.
func (q *heals) enter(t *topic) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.under < healsMax {
		q.under++
		return true
	}
	q.queue = append(q.queue, t)
	return false
}

// leave gives a place back. It returns false if somebody waits for it: then the place is still the caller's.
func (q *heals) leave() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) > 0 {
		return false
	}
	q.under--
	return true
}

// next queues a topic, unless it is nil, and gives the caller's place to the one that has waited for longest. It returns nil,
// and takes the place back, if there is none.
func (q *heals) next(t *topic) *topic {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t != nil {
		q.queue = append(q.queue, t)
	}
	if len(q.queue) == 0 {
		q.queue = nil // its memory may be that of a bad day
		q.under--
		return nil
	}
	first := q.queue[0]
	q.queue[0] = nil
	q.queue = q.queue[1:]
	return first
}

// waiting is how many topics are in the queue.
func (q *heals) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queue)
}

// finish gives the place of a topic, nil for none, to the next one for which a heal can begin. Requires: no topic's lock is
// held.
func (h *hub) finish(t *topic) {
	for {
		again := false
		if t != nil {
			t.mu.Lock()
			if again = t.wants(); again {
				t.healing = healQueued
			}
			t.mu.Unlock()
		}
		if !again {
			t = nil
		}
		if t = h.heals.next(t); t == nil {
			return
		}
		t.mu.Lock()
		asked := h.begin(t)
		t.mu.Unlock()
		if asked {
			return
		}
	}
}

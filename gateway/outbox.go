package gateway

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// outbox is what waits to be written to one connection. Whoever has something to say leaves it here and goes on; a
// goroutine that lives only while there is something to write joins what waits into frames. When more waits than the
// limit, the connection is ended instead of a message being dropped: a gap would corrupt what the client knows, whereas a
// reconnect resumes from its last seq.
type outbox struct {
	conn    *websocket.Conn
	raw     net.Conn // below conn
	config  *Config
	metrics *metrics

	mu       sync.Mutex
	queue    [][]byte
	bytes    int
	writing  bool
	closing  bool          // nothing is taken any more
	closed   chan struct{} // is closed when the closing handshake is over; nil before it is due
	finished bool          // closed is
	code     websocket.StatusCode
	reason   string
}

// push queues messages; each may hold several, separated by newlines. It never blocks.
func (o *outbox) push(messages ...[]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing {
		return
	}
	for _, message := range messages {
		o.queue = append(o.queue, message)
		o.bytes += len(message)
	}
	if o.bytes > o.config.OutboundBytes {
		o.metrics.slow.Inc()
		o.queue, o.bytes = nil, 0
		o.endLocked(statusTooMany, "too slow to read")
		return
	}
	o.wake()
}

// end lets out what is queued and then closes the connection. Later calls do nothing.
func (o *outbox) end(code websocket.StatusCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endLocked(code, reason)
}

func (o *outbox) endLocked(code websocket.StatusCode, reason string) {
	if o.closing {
		return
	}
	o.closing, o.code, o.reason, o.closed = true, code, reason, make(chan struct{})
	o.metrics.closes.WithLabelValues(closeLabel(code)).Inc()
	if code == statusTooMany {
		// Its socket may be full: no frame in front of this one can be waited for.
		go o.shut()
		return
	}
	o.wake()
}

// wake starts the writer if none is at work. Requires: o.mu is held.
func (o *outbox) wake() {
	if !o.writing {
		o.writing = true
		go o.write()
	}
}

// write writes until nothing waits.
func (o *outbox) write() {
	var joined []byte
	for {
		o.mu.Lock()
		if len(o.queue) == 0 {
			o.writing = false
			shut := o.closed != nil && o.code != statusTooMany
			o.mu.Unlock()
			if shut {
				o.shut()
			}
			return
		}
		n, size := 1, len(o.queue[0])
		for n < len(o.queue) && size+1+len(o.queue[n]) <= o.config.FrameBytes {
			size += 1 + len(o.queue[n])
			n++
		}
		frame := o.queue[0]
		if n > 1 {
			joined = append(joined[:0], frame...)
			for _, message := range o.queue[1:n] {
				joined = append(append(joined, '\n'), message...)
			}
			frame = joined
		}
		if n == len(o.queue) {
			clear(o.queue)
			o.queue = o.queue[:0]
		} else {
			o.queue = append(o.queue[:0:0], o.queue[n:]...)
		}
		o.bytes -= size - (n - 1)
		o.mu.Unlock()
		if !o.writeFrame(frame) {
			return
		}
		o.metrics.frames.Inc()
		o.metrics.sent.Add(float64(n))
	}
}

// writeFrame writes one frame, or gives the connection up.
func (o *outbox) writeFrame(frame []byte) bool {
	ctx, cancel := context.WithTimeout(context.Background(), o.config.WriteTimeout)
	defer cancel()
	if o.conn.Write(ctx, websocket.MessageText, frame) == nil {
		return true
	}
	o.mu.Lock()
	o.queue, o.bytes, o.closing, o.writing = nil, 0, true, false
	o.finishLocked()
	o.mu.Unlock()
	_ = o.raw.Close()
	return false
}

// abandon forgets all that waits, because the connection is gone.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closing, o.queue, o.bytes = true, nil, 0
}

// shut does the closing handshake; the reader ends when it is done. It takes closeGrace at the most: the library bounds each
// of its steps, but not what a client sends instead of its answer.
func (o *outbox) shut() {
	timer := time.AfterFunc(closeGrace, func() { _ = o.raw.Close() })
	defer timer.Stop()
	_ = o.conn.Close(o.code, o.reason)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finishLocked()
}

// finishLocked wakes who waits for the closing handshake. Requires: o.mu is held.
func (o *outbox) finishLocked() {
	if o.closed != nil && !o.finished {
		o.finished = true
		close(o.closed)
	}
}

// ending tells whether the connection is being closed.
func (o *outbox) ending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closing
}

// wait returns when the closing handshake, if there is one, is over.
func (o *outbox) wait() {
	o.mu.Lock()
	closed := o.closed
	o.mu.Unlock()
	if closed != nil {
		<-closed
	}
}

// closeGrace bounds a closing handshake.
const closeGrace = 10 * time.Second

package gateway

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// outbox is what is said to one connection. Messages that are pushed in one burst share a frame, which is written by
// whoever ends the burst: nobody has to be woken, and nobody waits, see socket. When more waits to be read than the limit,
// the connection is ended instead of a message being dropped: a gap would corrupt what the client knows, whereas a
// reconnect resumes from its last seq.
type outbox struct {
	// Set at start, never changed.
	conn    *websocket.Conn // writes the control frames
	socket  *socket         // below conn; takes the others directly
	config  *Config
	metrics *metrics
	burst   *burst

	mu       sync.Mutex
	frame    *[]byte // being put together: headerMax bytes to spare, then messages, separated by newlines; nil: there is none
	messages int     // in it
	queued   bool    // in the burst
	closing  bool    // nothing is taken any more
	closed   chan struct{}
	finished bool // closed is; it is nil before the closing handshake is due
	code     websocket.StatusCode
	reason   string
}

// frames are buffers for frames being put together: an idle connection has none.
var frames = sync.Pool{New: func() any { b := make([]byte, headerMax, 1<<10); return &b }}

const (
	headerMax   = 10      // bytes of a frame's header
	frameKeep   = 4 << 10 // a larger buffer is not kept
	frameText   = 0x81    // the last, and only, frame of a text message: RFC 6455, section 5.2
	length16    = 126
	length64    = 127
	length16Max = 1<<16 - 1
)

// push adds to the frame a message, or several that are separated by newlines. It leaves when the burst ends. It never
// blocks.
func (o *outbox) push(message []byte) {
	o.mu.Lock()
	if o.closing {
		o.mu.Unlock()
		return
	}
	o.addLocked(message)
	join := !o.queued
	o.queued = true
	o.mu.Unlock()
	if join {
		o.burst.add(o)
	}
}

func (o *outbox) addLocked(message []byte) {
	if o.frame != nil && len(*o.frame)-headerMax+1+len(message) > o.config.FrameBytes {
		o.writeLocked()
	}
	if o.frame == nil {
		o.frame = frames.Get().(*[]byte)
		*o.frame = (*o.frame)[:headerMax]
	} else {
		*o.frame = append(*o.frame, '\n')
	}
	*o.frame = append(*o.frame, message...)
	o.messages++
}

// flush writes what was pushed.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queued = false
	o.writeLocked()
}

// deliver writes a frame that is complete, and holds so many messages, behind what was pushed.
func (o *outbox) deliver(frame []byte, messages int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writeLocked()
	if !o.closing {
		o.putLocked(frame, messages)
	}
}

// writeLocked writes the frame that was put together. Requires: o.mu is held.
func (o *outbox) writeLocked() {
	if o.frame == nil {
		return
	}
	frame, messages := o.frame, o.messages
	o.frame, o.messages = nil, 0
	o.putLocked(withHeader(*frame), messages)
	if cap(*frame) <= frameKeep {
		frames.Put(frame)
	}
}

// putLocked gives a frame to the socket. Requires: o.mu is held.
func (o *outbox) putLocked(frame []byte, messages int) {
	switch _, err := o.socket.Write(frame); {
	case err == nil:
		o.metrics.frames.Inc()
		o.metrics.sent.Add(float64(messages))
	case errors.Is(err, errSlow):
		o.metrics.slow.Inc()
		o.endLocked(statusTooMany, "too slow to read")
	default:
		o.closing = true
		o.finishLocked()
	}
}

// withHeader writes the header of a text frame before the payload, for which there are headerMax bytes to spare, and returns
// both.
func withHeader(spare []byte) []byte {
	n := len(spare) - headerMax
	switch {
	case n < length16:
		spare = spare[headerMax-2:]
		spare[1] = byte(n)
	case n <= length16Max:
		spare = spare[headerMax-4:]
		spare[1] = length16
		binary.BigEndian.PutUint16(spare[2:], uint16(n))
	default:
		spare[1] = length64
		binary.BigEndian.PutUint64(spare[2:], uint64(n))
	}
	spare[0] = frameText
	return spare
}

// end lets out what was pushed and then closes the connection. Later calls do nothing.
func (o *outbox) end(code websocket.StatusCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closing {
		o.writeLocked()
		o.endLocked(code, reason)
	}
}

func (o *outbox) endLocked(code websocket.StatusCode, reason string) {
	if o.closing {
		return
	}
	o.closing, o.code, o.reason, o.closed = true, code, reason, make(chan struct{})
	o.metrics.closes.WithLabelValues(closeLabel(code)).Inc()
	if code == statusTooMany {
		o.socket.forget() // or the client would have to read all that before it hears why
	}
	go o.shut()
}

// abandon forgets all that waits, because the connection is gone.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closing, o.frame, o.messages = true, nil, 0
}

// shut does the closing handshake; the reader ends when it is done. It takes closeGrace at the most: the library bounds each
// of its steps, but not what a client sends instead of its answer.
func (o *outbox) shut() {
	timer := time.AfterFunc(closeGrace, func() { _ = o.socket.Close() })
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

// burst is the outboxes that something was pushed to since their last flush. Whoever pushes has to flush the burst before
// he has nothing more to do. One flush may send what another has pushed; then the two have a frame each.
type burst struct {
	mu    sync.Mutex
	boxes []*outbox
	spare []*outbox
}

func (b *burst) add(o *outbox) {
	b.mu.Lock()
	b.boxes = append(b.boxes, o)
	b.mu.Unlock()
}

func (b *burst) flush() {
	b.mu.Lock()
	boxes := b.boxes
	if len(boxes) == 0 {
		b.mu.Unlock()
		return
	}
	b.boxes, b.spare = b.spare, nil
	b.mu.Unlock()
	for _, o := range boxes {
		o.flush()
	}
	if cap(boxes) > burstKeep {
		return
	}
	clear(boxes)
	b.mu.Lock()
	b.spare = boxes[:0]
	b.mu.Unlock()
}

// burstKeep is the longest list of which the memory is kept.
const burstKeep = 4096

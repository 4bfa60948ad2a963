package link

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one connection to a node. Its methods may be called by anybody, at any time, and none of them blocks.
type Conn struct {
	// Set at the start, never changed.
	peer    string
	cfg     Config
	raw     net.Conn  // the socket
	secured *tls.Conn // above raw
	queue   *queue
	written chan struct{} // closed when the writer is through

	over atomic.Bool // cause is set

	mu     sync.Mutex
	cause  error       // why the connection is over; nil: it is not
	linger *time.Timer // ends the socket of a connection that was closed here; nil: it was not
}

func newConn(peer string, raw net.Conn, secured *tls.Conn, cfg Config) *Conn {
	return &Conn{
		peer: peer, cfg: cfg, raw: raw, secured: secured,
		queue: newQueue(cfg.QueueBytes), written: make(chan struct{}),
	}
}

// Peer is the node at the other end.
func (c *Conn) Peer() string { return c.peer }

// Queued is how many bytes wait to be sent, what is being written included; 0 after the end.
func (c *Conn) Queued() int { return c.queue.bytes() }

// Send copies the frame to where it waits to be sent, behind all frames accepted before it. It fails with ErrFull, ErrDown or
// ErrSize. An accepted frame arrives, unless the connection ends for another reason than Close, or the peer is slower than
// Config.CloseTimeout to take what was left then.
func (c *Conn) Send(frame []byte) error {
	if len(frame) == 0 || len(frame) > c.cfg.FrameBytesMax {
		return fmt.Errorf("%w: it has %d bytes, want 1 to %d", ErrSize, len(frame), c.cfg.FrameBytesMax)
	}
	err := c.queue.add(frame)
	if errors.Is(err, ErrFull) {
		c.cfg.Observer.full()
	}
	return err
}

// Close ends the connection; the Handler is told the cause, ErrClosed where it is nil. What was accepted before is still sent,
// for Config.CloseTimeout at most; what arrives from now on is dropped. Only the first call has an effect.
func (c *Conn) Close(cause error) {
	if cause == nil {
		cause = ErrClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	c.cause = cause
	c.over.Store(true)
	c.queue.close(false)
	c.linger = time.AfterFunc(c.cfg.CloseTimeout, func() { c.raw.Close() })
	_ = c.raw.SetReadDeadline(time.Now()) // wakes the reader
}

// abort ends the connection and the socket at once. Where the connection is over already it does nothing.
func (c *Conn) abort(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	c.cause = cause
	c.over.Store(true)
	c.queue.close(true)
	c.raw.Close()
}

// serve runs the connection until it is over and its Handler has been told. It must be called once. It ends the socket.
func (c *Conn) serve(start func(*Conn) Handler) (cause error) {
	c.cfg.Observer.up()
	go c.write()
	if handler := start(c); handler != nil {
		c.read(handler)
		handler.Down(c.why())
	} else {
		c.Close(ErrClosed)
	}
	c.drain()
	<-c.written
	c.stopLinger()
	c.raw.Close()
	c.queue.close(true)
	c.cfg.Observer.down(c.why())
	return c.why()
}

// read hands over what arrives until the connection is over.
func (c *Conn) read(handler Handler) {
	in := newReader(c.cfg.FrameBytesMax)
	for {
		if err := c.burst(in, handler); err != nil {
			c.abort(err)
		}
		if !c.awaitBytes() {
			return
		}
		if err := in.fill(c.secured); err != nil {
			c.abort(c.explain(err, in.partial()))
		}
	}
}

// burst hands over all frames that are there. When the connection has ended it leaves out what remains.
func (c *Conn) burst(in *reader, handler Handler) error {
	frames, bytes := 0, 0
	for !c.over.Load() {
		frame, err := in.next()
		if err != nil || frame == nil {
			c.flush(handler, frames, bytes)
			return err
		}
		handler.Frame(frame)
		frames++
		bytes += lengthBytes + len(frame)
	}
	c.flush(handler, frames, bytes)
	return nil
}

func (c *Conn) flush(handler Handler, frames, bytes int) {
	if frames > 0 {
		handler.Flush()
		c.cfg.Observer.received(frames, bytes)
	}
}

// awaitBytes lets the next read take so long as the peer may be silent. It tells whether the connection still is.
func (c *Conn) awaitBytes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return false
	}
	_ = c.raw.SetReadDeadline(time.Now().Add(c.cfg.IdleMax))
	return true
}

// explain makes a cause of what a read has failed with.
func (c *Conn) explain(err error, partial int) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %v", ErrIdle, c.cfg.IdleMax)
	case errors.Is(err, io.EOF) && partial > 0:
		return fmt.Errorf("%w: it closed after %d bytes of a frame", ErrFormat, partial)
	case errors.Is(err, io.EOF):
		return ErrPeerClosed
	default:
		return fmt.Errorf("read: %w", err)
	}
}

func (c *Conn) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// drain drops what the peer still sends to a connection that was closed here, until it closes as well: to end a socket with
// something unread would take from the peer what it has not read.
func (c *Conn) drain() {
	c.mu.Lock()
	closing := c.linger != nil
	c.mu.Unlock()
	if closing {
		_ = c.raw.SetReadDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, c.raw)
	}
}

func (c *Conn) stopLinger() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.linger != nil {
		c.linger.Stop()
	}
}

// write sends what waits, all of it in one call, and signs of life.
func (c *Conn) write() {
	defer close(c.written)
	// Two looks an interval, so that silence is no longer than that.
	tick := time.NewTicker(max(c.cfg.PingInterval/2, time.Microsecond))
	defer tick.Stop()
	var spare []byte
	largest, silent := 0, true // since the last tick
	for {
		batch, frames, closed := c.queue.take(spare)
		switch {
		case batch != nil:
			if !c.put(batch) {
				return
			}
			c.cfg.Observer.sent(frames, len(batch))
			spare, largest, silent = batch, max(largest, len(batch)), false
			continue
		case closed:
			c.finish()
			return
		}
		select {
		case <-c.queue.wake:
		case <-tick.C:
			if silent && !c.put(make([]byte, lengthBytes)) {
				return
			}
			if tooLarge(spare, largest) {
				spare = nil
			}
			c.queue.shrink(largest)
			largest, silent = 0, true
		}
	}
}

// put writes and tells whether that worked.
func (c *Conn) put(bytes []byte) bool {
	_, err := c.secured.Write(bytes)
	if err != nil {
		c.abort(fmt.Errorf("write: %w", err))
		c.raw.Close() // also where the connection was being closed
	}
	return err == nil
}

// finish tells the peer that nothing comes any more. An error changes nothing: the socket ends soon.
func (c *Conn) finish() {
	_ = c.secured.CloseWrite()
	if half, ok := c.raw.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

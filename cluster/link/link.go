// Package link is the transport between two nodes of a cluster: one TCP connection from the node that dials to the node that
// listens, always TLS 1.3 with both sides authenticated, over which both send frames. It owns the connection: it makes it,
// keeps it, notices that it is dead, makes it again.
//
// It must not know what a frame means, must never block who sends, and must never hold more than its limits allow.
//
// # Format
//
// A frame is its length, four bytes big-endian, and so many bytes. A length of 0 is a sign of life and nothing else. The first
// frame of either side is a hello; see hello. Both sides close as TLS does: who has closed sends nothing more, takes what still
// comes, and drops it.
package link

import "errors"

// Handler is told what happens on one connection. Its methods are called by one goroutine, one after the other. While one of
// them runs nothing is read, so that a slow handler slows the peer; Conn's own methods may be called from within, Close of
// Listener and Dialer may not.
type Handler interface {
	// Frame is called for each frame, in the order in which the peer sent them. The slice is valid during the call only.
	Frame(frame []byte)
	// Flush is called when all frames that have arrived were handed over: what they led to can be dealt with as one.
	Flush()
	// Down is called once, after everything else, when the connection is over.
	Down(cause error)
}

// What Send answers. In each case nothing of the frame is sent.
var (
	// ErrFull means that the peer takes less than it is sent, and the queue has no room for the frame.
	ErrFull = errors.New("link: the queue to the node is full")
	// ErrDown means that the connection is over, for good. What was accepted shortly before may or may not have arrived.
	ErrDown = errors.New("link: the connection is down")
	// ErrSize means that the frame is empty or longer than Config.FrameBytesMax.
	ErrSize = errors.New("link: the size of the frame is not allowed")
)

// Causes of an end, besides those of the network.
var (
	ErrClosed     = errors.New("link: closed here")
	ErrPeerClosed = errors.New("link: closed by the peer")
	ErrReplaced   = errors.New("link: the node has made a new connection")
	ErrIdle       = errors.New("link: nothing has come from the peer for too long")
	// ErrFormat means that what the peer sends is no sequence of frames within the limits.
	ErrFormat = errors.New("link: not what a peer sends")
)

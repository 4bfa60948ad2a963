package link

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/rs/zerolog"
)

// Config configures a Listener or a Dialer. The zero value is invalid; start from DefaultConfig. All nodes of a cluster
// should have the same FrameBytesMax, PingInterval and IdleMax.
type Config struct {
	// Cluster is the name of the cluster: nodes of other clusters are refused, whatever secrets they know.
	Cluster string

	// QueueBytes is how much may wait to be sent on one connection, what is being written included. The memory for it is at
	// most twice as much.
	QueueBytes int
	// FrameBytesMax is the length of the longest frame, sent or received.
	FrameBytesMax int

	// PingInterval is for how long nothing is sent at most: then there is a sign of life.
	PingInterval time.Duration
	// IdleMax is after how long without anything received a connection is given up.
	IdleMax time.Duration

	DialTimeout time.Duration
	// HandshakeTimeout bounds the time from the connection to the last hello.
	HandshakeTimeout time.Duration
	// CloseTimeout bounds the time in which a connection that was closed here may still send what it had accepted.
	CloseTimeout time.Duration
	// RetryMin and RetryMax bound the time between two attempts to dial: it doubles with each failure, and is drawn anew
	// from its upper half.
	RetryMin, RetryMax time.Duration

	// HandshakesMax is how many connections may be in their handshake with a Listener. One more ends the oldest of them.
	HandshakesMax int
	// ConnsMax is how many connections a Listener has. There is one for each node at most.
	ConnsMax int

	Logger   zerolog.Logger
	Observer Observer
}

// Observer is told what happens on all connections. Its functions are called from many goroutines and must be quick; nil ones
// are left out. How much waits to be sent, Conn.Queued says.
type Observer struct {
	Sent     func(frames, bytes int) // written in one call; bytes with the lengths
	Received func(frames, bytes int) // came in one burst; signs of life are no frames
	Full     func()                  // a frame was refused with ErrFull
	Refused  func(Reason)            // an attempt to connect, from here or to here, came to nothing
	Up       func()                  // a connection is made
	Down     func(cause error)       // and is over
}

// DefaultConfig is good for production.
func DefaultConfig() Config {
	return Config{
		Cluster:    "plywire",
		QueueBytes: 16 << 20, FrameBytesMax: 8 << 20,
		PingInterval: time.Second, IdleMax: 5 * time.Second,
		DialTimeout: 2 * time.Second, HandshakeTimeout: 5 * time.Second, CloseTimeout: time.Second,
		RetryMin: 50 * time.Millisecond, RetryMax: time.Second,
		HandshakesMax: 256, ConnsMax: 1024,
		Logger: zerolog.Nop(),
	}
}

// nameForm is what the names of clusters and the ids of nodes may be.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

const nameWant = "want 1 to 64 of A-Z, a-z, 0-9, '_', '.' and '-'"

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	need(nameForm.MatchString(c.Cluster), "the cluster's name is %q, "+nameWant, c.Cluster)
	need(c.FrameBytesMax >= 1<<10 && c.FrameBytesMax <= 1<<30, "the longest frame has %d bytes, want 1 KiB to 1 GiB", c.FrameBytesMax)
	need(c.QueueBytes >= c.FrameBytesMax+lengthBytes, "the queue has %d bytes, want at least %d: a frame of %d and its length", c.QueueBytes, c.FrameBytesMax+lengthBytes, c.FrameBytesMax)
	need(c.PingInterval >= time.Millisecond, "the time between signs of life is %v, want 1ms or more", c.PingInterval)
	need(c.IdleMax >= 2*c.PingInterval, "a connection is given up after %v without a sign of life, want at least twice the time between them, %v", c.IdleMax, c.PingInterval)
	need(c.DialTimeout > 0, "the time for dialing is %v, want more", c.DialTimeout)
	need(c.HandshakeTimeout > 0, "the time for a handshake is %v, want more", c.HandshakeTimeout)
	need(c.CloseTimeout > 0, "the time for closing is %v, want more", c.CloseTimeout)
	need(c.RetryMin > 0, "the shortest time between attempts is %v, want more", c.RetryMin)
	need(c.RetryMax >= c.RetryMin, "the longest time between attempts is %v, want at least the shortest, %v", c.RetryMax, c.RetryMin)
	need(c.HandshakesMax >= 1, "the number of handshakes is %d, want 1 or more", c.HandshakesMax)
	need(c.ConnsMax >= 1, "the number of connections is %d, want 1 or more", c.ConnsMax)
	return errors.Join(faults...)
}

func (o Observer) sent(frames, bytes int) {
	if o.Sent != nil {
		o.Sent(frames, bytes)
	}
}

func (o Observer) received(frames, bytes int) {
	if o.Received != nil {
		o.Received(frames, bytes)
	}
}

func (o Observer) full() {
	if o.Full != nil {
		o.Full()
	}
}

func (o Observer) refused(reason Reason) {
	if o.Refused != nil {
		o.Refused(reason)
	}
}

func (o Observer) up() {
	if o.Up != nil {
		o.Up()
	}
}

func (o Observer) down(cause error) {
	if o.Down != nil {
		o.Down(cause)
	}
}

// Package swarm holds very many WebSocket connections on one thread, for measuring servers from the machine that they run
// on: what the load generator uses, the server cannot have. One loop waits for all sockets, reads and writes them without
// a goroutine each, and tells a Handler. It speaks as much of RFC 6455 as a well-behaved server needs of its client.
//
// It must know nothing of what the frames say.
package swarm

import (
	"errors"
	"net/netip"
	"time"
)

// Handler is told what happens, always by the goroutine that runs the swarm. It may call the methods of any Conn.
type Handler interface {
	// Begin is called once, before anything else.
	Begin()
	// Opened says that the handshake is done.
	Opened(c *Conn)
	// Received brings one message; text is not valid any more when it returns.
	Received(c *Conn, text []byte)
	// Closed says that the connection has ended, for whatever reason but Drop.
	Closed(c *Conn, err error)
	// Wake is called when the time that it returned last has come, and after each round of what happened. It returns when
	// it wants to be called again; zero: after the next round.
	Wake(now time.Time) time.Time
}

// Target is where connections go.
type Target struct {
	Address     string // IPv4 host and port
	Path        string // of the request
	Subprotocol string // asked for; empty: none
	// Source is the address that the connection comes from; the zero Addr leaves it to the system. Beyond some ten thousand
	// connections between two addresses the system looks for a free port longer than all else takes: use several.
	Source netip.Addr
}

// Bounds of a swarm.
const (
	messageMax = 1 << 20  // bytes of one message
	unsentMax  = 1 << 20  // bytes waiting to be written to one connection
	roundMax   = 512      // sockets looked at in one round
	readMax    = 64 << 10 // bytes read from one socket at a time
)

var (
	errUnsent  = errors.New("swarm: the server does not read what it is sent")
	errTooLong = errors.New("swarm: the server sends a message of more than 1 MiB")
	errGone    = errors.New("swarm: the server has closed the connection")
)

// CloseError is the code with which the server has closed the connection.
type CloseError uint16

// Error names the code.
func (e CloseError) Error() string { return "swarm: closed by the server with " + itoa(uint16(e)) }

func itoa(n uint16) string {
	var digits [5]byte
	i := len(digits)
	for {
		i--
		digits[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(digits[i:])
		}
	}
}

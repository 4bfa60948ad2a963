package bench

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/plywire/plywire/bench/swarm"
	"github.com/plywire/plywire/wire"
)

// connectingMax is how many connections of a crowd are being made at a time: more would only wait in the server's backlog,
// whose overflow costs a second each.
const connectingMax = 500

// perSource is how many connections of a crowd come from one address.
const perSource = 5000

// plywireTarget is where the i-th connection of a crowd goes, and comes from: the loopback has many addresses.
func plywireTarget(address string) func(i int) swarm.Target {
	return func(i int) swarm.Target {
		return swarm.Target{Address: address, Path: "/v1/ws", Subprotocol: wire.Subprotocol,
			Source: netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i/perSource)})}
	}
}

// crowd is many connections of one kind, and a Handler that makes them.
type crowd struct {
	wanted int
	target func(i int) swarm.Target
	silent bool // they say nothing: the relay knows no hello
	swarm  *swarm.Swarm
	all    chan struct{} // closed when all are there

	members    []*member
	connecting int
	here       int
	fault      fault
}

// member is one connection of a crowd.
type member struct {
	crowd *crowd
	index int
	conn  *swarm.Conn
	seat  seat // of a flock's
	asked bool // for the seat
}

// Begin makes the first connections.
func (c *crowd) Begin() { c.connect() }

func (c *crowd) connect() {
	for c.connecting < connectingMax && len(c.members) < c.wanted {
		m := &member{crowd: c, index: len(c.members)}
		conn, err := c.swarm.Dial(c.target(m.index), m)
		if err != nil {
			c.fault.fail(err)
			return
		}
		m.conn = conn
		c.members = append(c.members, m)
		c.connecting++
	}
}

// Opened says hello.
func (c *crowd) Opened(conn *swarm.Conn) {
	if c.silent {
		c.arrived()
		return
	}
	conn.Send([]byte(`{"type":"hello","id":"hello"}`))
}

// Received looks for the welcome.
func (c *crowd) Received(_ *swarm.Conn, text []byte) {
	if bytes.HasPrefix(text, saysWelcome) {
		c.arrived()
	}
}

func (c *crowd) arrived() {
	c.connecting--
	c.connect()
	if c.here++; c.here == c.wanted {
		close(c.all)
	}
}

// Closed ends the measurement.
func (c *crowd) Closed(_ *swarm.Conn, err error) { c.fault.fail(err) }

// Wake has nothing to do.
func (c *crowd) Wake(time.Time) time.Time { return time.Time{} }

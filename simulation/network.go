package simulation

import (
	"slices"

	"github.com/plywire/plywire/wire"
)

// conn is a connection: what each end sends comes to the other in its order, some of it, some time.
type conn struct {
	client  *client
	process *process
	session *session
	name    string

	up         [][]byte
	held       []packet // pushed, and not sent before the next flush
	down       []packet
	clientGone bool // the client's end is closed
	serverGone bool // the server's end is
}

// packet is a frame on its way to a client, and the messages in it.
type packet []*wire.Message

// dial opens a connection to the process that runs.
func (s *sim) dial(c *client) *conn {
	s.dialed++
	n := &conn{client: c, process: s.process, name: numbered("conn", s.dialed)}
	n.session = newSession(n)
	s.conns = append(s.conns, n)
	s.note(Connects, "%s: %s connects", n.name, c.name)
	return n
}

// send sends a frame to the server.
func (n *conn) send(frame []byte) {
	if !n.serverGone {
		n.up = append(n.up, frame)
	}
}

// push holds messages for the client until the next flush.
func (n *conn) push(messages packet) {
	switch s := n.client.sim; {
	case n.serverGone:
	case s.faulty && len(n.down)+len(n.held) >= s.setup.downMax:
		s.note(Slow, "%s: %s reads too slowly", n.name, n.client.name)
		n.down = nil
		n.session.close()
	default:
		n.held = append(n.held, messages)
	}
}

// flush sends what is held.
func (n *conn) flush() {
	if !n.serverGone {
		n.down = append(n.down, n.held...)
	}
	n.held = nil
}

// cutByClient closes the client's end. What is under way to the server may come there, up to somewhere.
func (n *conn) cutByClient() {
	s := n.client.sim
	n.clientGone, n.down = true, nil
	n.up = n.up[:s.random.IntN(len(n.up)+1)]
	if n.client.conn == n {
		n.client.hangUp()
	}
}

// cutByServer closes the server's end. What is under way to the client may come there, all of it or up to somewhere.
func (n *conn) cutByServer(some bool) {
	n.serverGone, n.up = true, nil
	if some {
		n.down = n.down[:n.client.sim.random.IntN(len(n.down)+1)]
	}
}

// deliverUp brings the next frame to the server, or lets it find out that the client has gone.
func (n *conn) deliverUp() bool {
	switch {
	case n.serverGone:
		return false
	case len(n.up) > 0:
		frame := n.up[0]
		n.up = n.up[1:]
		n.session.read(frame)
		return true
	case n.clientGone:
		n.client.sim.tell("%s: the server finds that %s has gone", n.name, n.client.name)
		n.session.close()
		return true
	}
	return false
}

// deliverDown brings the next frame to the client, or lets it find out that the server has gone.
func (n *conn) deliverDown() bool {
	switch {
	case n.clientGone:
		return false
	case len(n.down) > 0:
		messages := n.down[0]
		n.down = n.down[1:]
		for _, m := range messages {
			n.client.take(m)
		}
		return true
	case n.serverGone:
		n.clientGone = true
		if n.client.conn == n {
			n.client.hangUp()
		}
		return true
	}
	return false
}

// over tells whether nothing comes of it any more.
func (n *conn) over() bool { return n.clientGone && n.serverGone }

// sweep forgets the connections that are over.
func (s *sim) sweep() { s.conns = slices.DeleteFunc(s.conns, (*conn).over) }

// exchange lets the network, the server's sessions and the clients do what is to be done, until nothing is.
func (s *sim) exchange() {
	for busy := true; busy && s.violation == nil; {
		busy = false
		for _, n := range slices.Clone(s.conns) {
			for n.deliverUp() || n.session.decide() {
				busy = true
			}
			for n.deliverDown() {
				busy = true
			}
		}
		s.sweep()
	}
}

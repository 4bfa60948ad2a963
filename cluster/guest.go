package cluster

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/shard"
)

// guest is another node that asks this one: its commands come over a connection that it has dialed, and answers and notices go
// back over it.
type guest struct {
	node *Node
	conn *link.Conn
	id   string

	arrivals map[int]*arrival // shards on their way here; the reader's

	mu      sync.Mutex
	watched map[shard.ID]struct{} // actors of which it wants to hear
}

// welcome is told of a new connection from another node.
func (n *Node) welcome(conn *link.Conn) link.Handler {
	g := &guest{node: n, conn: conn, id: conn.Peer(), watched: make(map[shard.ID]struct{}), arrivals: make(map[int]*arrival)}
	n.mu.Lock()
	n.guests[g.id] = g
	n.mu.Unlock()
	return g
}

// Frame implements link.Handler.
func (g *guest) Frame(frame []byte) {
	n := g.node
	m, err := parse(frame)
	if err != nil {
		g.conn.Close(err)
		return
	}
	switch m.kind {
	case kindCommand:
		g.command(&m)
	case kindForget:
		g.forget(m.actor)
	case kindPrepare, kindState, kindAudience, kindReady, kindTake:
		if m.shard >= len(n.routes) {
			g.conn.Close(fmt.Errorf("%w: there is no shard %d", errMessage, m.shard))
			return
		}
		g.handedOver(&m)
	case kindSurvey:
		n.tasks.Go(func() { g.survey(m.number) })
	case kindLeave, kindStay:
		g.done(m.number, n.heed(m.kind))
	default:
		g.conn.Close(fmt.Errorf("%w: kind %d is not a question", errMessage, m.kind))
	}
}

// command gives a command of the guest's to its shard, which is here or on its way here.
func (g *guest) command(m *message) {
	n := g.node
	body, err := n.codec.ParseRequest(m.body)
	if err != nil {
		g.conn.Close(err)
		return
	}
	c := n.newCall(shard.Command{Actor: m.actor, Body: body, Sender: &reply{guest: g, number: m.number, actor: m.actor},
		At: time.Now().Add(-time.Duration(m.age) * time.Microsecond)})
	c.guest = true
	if m.flags&flagWatch != 0 {
		g.watch(m.actor) // before the answer, so that nothing is missed behind it
	}
	if err := n.bring(c, n.shards.Send); err != nil {
		c.finish(nil, err)
	}
}

// Flush implements link.Handler.
func (g *guest) Flush() { g.node.gateway.Flush() }

// Down implements link.Handler. If the guest does not come back soon, those who have come in there count as gone.
func (g *guest) Down(error) {
	n := g.node
	g.mu.Lock()
	watched := g.watched
	g.watched = nil
	g.mu.Unlock()
	n.audience.dropAll(g, watched)
	n.mu.Lock()
	if n.guests[g.id] == g {
		delete(n.guests, g.id)
	}
	n.mu.Unlock()
	if n.ending.Load() {
		return
	}
	time.AfterFunc(n.config.GoneAfter, func() {
		for actor := range watched {
			if !n.audience.has(g.id, actor) && n.shards.Served(shard.Of(actor, len(n.routes))) {
				_ = n.shards.Post(shard.Command{Actor: actor, Body: n.codec.Departed(g.id)}) // where it is refused, the next owner knows nobody
			}
		}
	})
}

func (g *guest) watch(actor shard.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.watched[actor]; known || g.watched == nil {
		return // it hears already, or is down
	}
	g.watched[actor] = struct{}{}
	g.node.audience.add(g, actor)
}

func (g *guest) forget(actor shard.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.watched[actor]; known {
		delete(g.watched, actor)
		g.node.audience.drop(g, actor)
	}
}

// done answers a question about a shard.
func (g *guest) done(number uint64, err error) {
	m := message{kind: kindDone, number: number}
	if err != nil {
		m.text = err.Error()
	}
	g.say(appendMessage(nil, &m))
}

// say sends something that must not be left out. A guest that reads too slowly to be told everything is told so: it comes again,
// and asks for what it has missed.
func (g *guest) say(frame []byte) {
	if err := g.conn.Send(frame); errors.Is(err, link.ErrFull) {
		g.node.metrics.full.Inc()
		g.conn.Close(fmt.Errorf("the node reads too slowly: %w", err))
	}
}

// reply brings the answer to a guest's command to it.
type reply struct {
	guest  *guest
	number uint64
	actor  shard.ID
}

// Answer implements shard.Sender.
func (r *reply) Answer(body any, err error) {
	n := r.guest.node
	m := message{kind: kindAnswer, number: r.number}
	switch {
	case err == nil:
	case errors.Is(err, shard.ErrAway):
		m.status, m.text = statusAway, n.holderOf(shard.Of(r.actor, len(n.routes)))
	case errors.Is(err, shard.ErrUnavailable):
		m.status = statusUnavailable
	default:
		m.status = statusInternal
	}
	buffer := frames.Get().(*[]byte)
	frame := appendMessage((*buffer)[:0], &m)
	if err == nil {
		if frame, err = n.codec.AppendReply(frame, body); err != nil {
			n.log.Error().Err(err).Stringer("actor", r.actor).Msg("answer cannot be sent to another node")
			frame = appendMessage(frame[:0], &message{kind: kindAnswer, number: r.number, status: statusInternal})
		}
	}
	r.guest.say(frame)
	giveBack(buffer, frame)
}

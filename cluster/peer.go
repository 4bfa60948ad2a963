package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/shard"
)

// peer is another node, as seen by this one who asks it: this node's commands go there, and answers and notices come back, over
// a connection that this node has dialed.
type peer struct {
	// Set at start, never changed.
	node   *Node
	id     string
	dialer *link.Dialer

	numbers atomic.Uint64

	mu       sync.Mutex
	conn     *link.Conn // nil: there is none
	calls    map[uint64]*call
	asked    map[uint64]chan error
	surveys  map[uint64]chan []byte
	watching map[shard.ID]int // calls under way after which the actor is watched here
}

// frames are buffers for messages.
var frames = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}

// frameKeep is the largest buffer that is kept.
const frameKeep = 64 << 10

func giveBack(buffer *[]byte, used []byte) {
	if cap(used) <= frameKeep {
		*buffer = used[:0]
		frames.Put(buffer)
	}
}

// send sends a call. It fails with link.ErrDown or link.ErrFull.
func (p *peer) send(c *call) error {
	m := message{kind: kindCommand, number: p.numbers.Add(1), actor: c.cmd.Actor, age: uint64(max(0, time.Since(c.cmd.At).Microseconds()))}
	if c.watch {
		m.flags = flagWatch
	}
	buffer := frames.Get().(*[]byte)
	frame, err := p.node.codec.AppendRequest(appendMessage((*buffer)[:0], &m), c.cmd.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", shard.ErrInternal, err)
	}
	defer giveBack(buffer, frame)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return link.ErrDown
	}
	p.calls[m.number] = c
	if err := p.conn.Send(frame); err != nil {
		delete(p.calls, m.number)
		return err
	}
	if c.watch {
		p.watching[c.cmd.Actor]++
	}
	p.node.metrics.forwarded.Inc()
	return nil
}

// up is told of a new connection to the peer.
func (p *peer) up(conn *link.Conn) link.Handler {
	p.mu.Lock()
	p.conn = conn
	p.mu.Unlock()
	p.node.kick()
	p.node.missed(func(index int) bool { return p.node.holderOf(index) == p.id }) // what was said while there was no connection
	return &answers{peer: p, conn: conn}
}

// close ends the link.
func (p *peer) close() {
	if p.dialer != nil {
		p.dialer.Close()
	}
}

// live tells whether there is a connection.
func (p *peer) live() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn != nil
}

// ask asks the other node about a shard, and waits for its answer. sent is called when the question is on its way, before which
// nothing else that is sent can overtake it.
func (p *peer) ask(ctx context.Context, what kind, index int, body []byte, sent func()) error {
	done := make(chan error, 1)
	number := p.numbers.Add(1)
	p.mu.Lock()
	if p.conn == nil {
		p.mu.Unlock()
		return link.ErrDown
	}
	p.asked[number] = done
	err := p.conn.Send(append(appendMessage(nil, &message{kind: what, number: number, shard: index}), body...))
	p.mu.Unlock()
	if err == nil {
		sent()
		select {
		case err = <-done:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	p.mu.Lock()
	delete(p.asked, number)
	p.mu.Unlock()
	return err
}

// takeBack returns the calls under way for a shard, which are not answered any more.
func (p *peer) takeBack(of func(index int) bool) []*call {
	p.mu.Lock()
	defer p.mu.Unlock()
	var back []*call
	for number, c := range p.calls {
		if of(c.index) {
			back = append(back, c)
			delete(p.calls, number)
			p.settleLocked(c)
		}
	}
	slices.SortFunc(back, func(a, b *call) int { return cmp.Compare(a.order, b.order) })
	return back
}

// settleLocked notes that a call is not under way any more. Requires: p.mu is held.
func (p *peer) settleLocked(c *call) {
	if !c.watch {
		return
	}
	if p.watching[c.cmd.Actor]--; p.watching[c.cmd.Actor] <= 0 {
		delete(p.watching, c.cmd.Actor)
	}
}

// tidy tells the peer that nobody here watches an actor, if nobody does.
func (p *peer) tidy(actor shard.ID) {
	if p.node.gateway.Watches(actor) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil && p.watching[actor] == 0 {
		_ = p.conn.Send(appendMessage(nil, &message{kind: kindForget, actor: actor})) // if it is full: the next notice asks again
	}
}

// watched goes on after a call was answered whose asker watches the actor from then on. If the actor's shard has another holder
// by now, that one does not know of it: who looked for what was missed may have come too early to find the watcher.
func (p *peer) watched(c *call) {
	if p.node.holderOf(c.index) != p.id {
		p.node.gateway.Resync(func(actor shard.ID) bool { return actor == c.cmd.Actor })
	}
	p.tidy(c.cmd.Actor)
}

// answers hears what comes from the peer over one connection.
type answers struct {
	peer *peer
	conn *link.Conn
}

// Frame implements link.Handler.
func (a *answers) Frame(frame []byte) {
	p, n := a.peer, a.peer.node
	m, err := parse(frame)
	if err != nil {
		a.conn.Close(err)
		return
	}
	switch m.kind {
	case kindAnswer:
		a.answer(&m)
	case kindNotice:
		notice, err := n.codec.ParseNotice(m.body)
		if err != nil {
			a.conn.Close(err)
			return
		}
		n.gateway.Publish(m.actor, notice)
		p.tidy(m.actor)
	case kindDone:
		p.mu.Lock()
		done := p.asked[m.number]
		p.mu.Unlock()
		if done != nil {
			var err error
			if m.text != "" {
				err = errors.New(m.text)
			}
			done <- err // there is room: it is answered once
		}
	case kindHolds:
		n.heard(m.shard, p.id, m.flags&flagWarm != 0)
	case kindReport:
		p.surveyed(&m)
	default:
		a.conn.Close(fmt.Errorf("%w: kind %d is not an answer", errMessage, m.kind))
	}
}

// answer brings an answer to who has asked.
func (a *answers) answer(m *message) {
	p := a.peer
	p.mu.Lock()
	c := p.calls[m.number]
	delete(p.calls, m.number)
	p.mu.Unlock()
	if c == nil {
		return // it was taken back, and asked elsewhere
	}
	defer func() {
		p.mu.Lock()
		p.settleLocked(c)
		p.mu.Unlock()
		if c.watch {
			p.watched(c)
		}
	}()
	switch m.status {
	case statusOK:
		reply, err := p.node.codec.ParseReply(m.body)
		if err != nil {
			a.conn.Close(err)
			c.again()
			return
		}
		c.finish(reply, nil)
	case statusAway:
		p.node.learn(c.index, m.text)
		c.again()
	case statusUnavailable:
		c.finish(nil, shard.ErrUnavailable)
	default:
		c.finish(nil, shard.ErrInternal)
	}
}

// Flush implements link.Handler.
func (a *answers) Flush() { a.peer.node.gateway.Flush() }

// Down implements link.Handler: what is not answered is asked again, and what was not heard is asked for.
func (a *answers) Down(cause error) {
	p, n := a.peer, a.peer.node
	p.mu.Lock()
	if p.conn == a.conn {
		p.conn = nil
	}
	asked := p.asked
	p.asked = make(map[uint64]chan error)
	p.mu.Unlock()
	for _, done := range asked {
		done <- link.ErrDown
	}
	if !n.ending.Load() {
		n.log.Warn().Err(cause).Str("peer", n.nameOf(p.id)).Msg("link to another node is down")
	}
	for _, c := range p.takeBack(func(int) bool { return true }) {
		c.again()
	}
	n.missed(func(index int) bool { return n.holderOf(index) == p.id })
}

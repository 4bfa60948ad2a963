package cluster

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/shard"
)

// call is a command on its way to its shard. It is the Sender of the command wherever it goes, and so hears when it has to look
// for the shard again.
type call struct {
	node  *Node
	cmd   shard.Command // as it came
	index int           // of its shard
	order uint64        // among those of its shard on this node
	due   time.Time     // until when it may wait
	guest bool          // it came over a link, and so goes nowhere else
	watch bool          // the asker wants to hear of the actor from the answer on
}

// route is where the commands of one shard go.
type route struct {
	holder atomic.Pointer[string] // member that holds the shard, as far as is known here; empty: nobody
	heard  atomic.Pointer[string] // member that has said itself that it serves the shard, since the holder changed; nil: none
	next   atomic.Uint64
	count  atomic.Int32 // len(waiting)

	mu      sync.Mutex
	waiting []*call // in their order, for somebody to serve the shard
}

// Why a command does not go on now.
var (
	errElsewhere = fmt.Errorf("%w: another node serves it", shard.ErrAway)
	errNobody    = fmt.Errorf("%w: nobody serves it yet", shard.ErrAway)
	errCrowded   = fmt.Errorf("%w: too many commands wait for their shards", shard.ErrUnavailable)
	errLate      = fmt.Errorf("%w: nobody has served the shard in time", shard.ErrUnavailable)
)

// Send brings a command to whoever serves its actor, here or on another node. It does not block. While nobody does, as when a
// shard changes hands, the command waits, see Config.HoldFor. If it returns an error, which wraps shard.ErrUnavailable, the
// Sender hears nothing; otherwise it hears one answer.
func (n *Node) Send(cmd shard.Command) error { return n.bring(n.newCall(cmd), n.shards.Send) }

// Post is Send for a caller that holds a lock: nothing is answered or published before it returns.
func (n *Node) Post(cmd shard.Command) error { return n.bring(n.newCall(cmd), n.shards.Post) }

func (n *Node) newCall(cmd shard.Command) *call {
	now := time.Now()
	if cmd.At.IsZero() {
		cmd.At = now
	}
	index := shard.Of(cmd.Actor, len(n.routes))
	return &call{node: n, cmd: cmd, index: index, order: n.routes[index].next.Add(1), due: now.Add(n.config.HoldFor),
		watch: n.codec.Watches(cmd.Body)}
}

// bring gives the call to who serves its shard, or has it wait.
func (n *Node) bring(c *call, here func(shard.Command) error) error {
	if n.routes[c.index].count.Load() == 0 { // or it would overtake
		if err := n.try(c, here); !errors.Is(err, shard.ErrAway) || errors.Is(err, errElsewhere) {
			return err
		}
	}
	return n.hold(c)
}

// try gives the call to who serves its shard, if anybody does.
func (n *Node) try(c *call, here func(shard.Command) error) error {
	holder := *n.routes[c.index].holder.Load()
	switch {
	case holder == n.me.ID:
		return here(shard.Command{Actor: c.cmd.Actor, Body: c.cmd.Body, Sender: c, At: c.cmd.At})
	case c.guest:
		return errElsewhere
	}
	p := n.peer(holder)
	if p == nil {
		return errNobody
	}
	switch err := p.send(c); {
	case errors.Is(err, link.ErrDown):
		return errNobody
	case errors.Is(err, link.ErrFull):
		n.metrics.full.Inc()
		return errCrowded
	default:
		return err
	}
}

// hold has the call wait for somebody to serve its shard.
func (n *Node) hold(c *call) error {
	if n.context.Err() != nil {
		return c.closed()
	}
	if n.held.Add(1) > int64(n.config.HoldMax) {
		n.held.Add(-1)
		n.metrics.crowded.Inc()
		return errCrowded
	}
	n.metrics.waited.Inc()
	r := &n.routes[c.index]
	r.mu.Lock()
	at := len(r.waiting)
	for at > 0 && r.waiting[at-1].order > c.order {
		at--
	}
	r.waiting = append(r.waiting, nil)
	copy(r.waiting[at+1:], r.waiting[at:])
	r.waiting[at] = c
	r.count.Store(int32(len(r.waiting)))
	r.mu.Unlock()
	select {
	case n.waking <- struct{}{}:
	default: // it has been told
	}
	return nil
}

// closed is what a call hears of a node that is closed: one from another node goes on looking.
func (c *call) closed() error {
	if c.guest {
		return errElsewhere
	}
	return shard.ErrUnavailable
}

// again looks for the shard of a call once more, after whoever was thought to serve it does not. Nobody knows whether it
// was carried out: only one that can be carried out twice without harm is sent again.
func (c *call) again() {
	n := c.node
	if !n.codec.Repeatable(c.cmd.Body) {
		c.finish(nil, shard.ErrUnavailable)
		return
	}
	if !time.Now().Before(c.due) {
		n.metrics.late.Inc()
		c.finish(nil, errLate)
		return
	}
	if err := n.hold(c); err != nil {
		c.finish(nil, err)
	}
}

// Answer hears what became of the call on this node.
func (c *call) Answer(reply any, err error) {
	if errors.Is(err, shard.ErrAway) {
		c.again()
		return
	}
	c.finish(reply, err)
}

func (c *call) finish(reply any, err error) {
	if c.cmd.Sender != nil {
		c.cmd.Sender.Answer(reply, err)
	}
}

// usherEvery is the time between two looks for calls that wait.
const usherEvery = 10 * time.Millisecond

// usher tries the calls that wait, at least so often and whenever it is called, until the node is closed.
func (n *Node) usher() {
	ticker := time.NewTicker(usherEvery)
	defer ticker.Stop()
	for {
		if n.held.Load() == 0 {
			ticker.Stop() // nothing is done until something waits
			select {
			case <-n.waking:
			case <-n.calling:
			case <-n.closed:
				return
			}
			ticker.Reset(usherEvery)
			continue
		}
		select {
		case <-ticker.C:
		case <-n.calling:
		case <-n.closed:
			n.turnAway()
			return
		}
		for i := range n.routes {
			if n.routes[i].count.Load() > 0 {
				n.usherRoute(&n.routes[i])
			}
		}
	}
}

// kick has the usher look at once.
func (n *Node) kick() {
	select {
	case n.calling <- struct{}{}:
	default:
	}
}

// usherRoute lets as many calls of a route go on as can, in their order.
func (n *Node) usherRoute(r *route) {
	type refusal struct {
		*call
		err error
	}
	var refused []refusal
	now := time.Now()
	r.mu.Lock()
	kept := r.waiting[:0]
	stuck := false
	for _, c := range r.waiting {
		var err error
		if now.After(c.due) {
			n.metrics.late.Inc()
			err = errLate
		} else if stuck {
			kept = append(kept, c)
			continue
		} else if err = n.try(c, n.shards.Post); errors.Is(err, shard.ErrAway) && !errors.Is(err, errElsewhere) {
			stuck = true
			kept = append(kept, c)
			continue
		}
		if err != nil {
			refused = append(refused, refusal{c, err})
		}
	}
	n.held.Add(int64(len(kept) - len(r.waiting)))
	clear(r.waiting[len(kept):])
	r.waiting = kept
	r.count.Store(int32(len(kept)))
	r.mu.Unlock()
	for _, each := range refused {
		each.finish(nil, each.err)
	}
}

// turnAway refuses all that wait: the node is closed.
func (n *Node) turnAway() {
	for i := range n.routes {
		r := &n.routes[i]
		r.mu.Lock()
		waiting := r.waiting
		r.waiting = nil
		r.count.Store(0)
		r.mu.Unlock()
		n.held.Add(-int64(len(waiting)))
		for _, c := range waiting {
			c.finish(nil, c.closed())
		}
	}
}

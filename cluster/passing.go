package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/shard"
)

// stateBytes is the size at which actors that are passed are cut into messages.
const stateBytes = 256 << 10

// arrival is a shard on its way here, and who is to hear of its actors.
type arrival struct {
	*shard.Arrival
	audience map[string][]shard.ID // by member
}

// appendPassing appends an actor as it is passed.
func appendPassing(dst []byte, p *shard.Passing) []byte {
	dst = append(dst, p.Actor[:]...)
	resident := byte(0)
	if p.Resident {
		resident = 1
	}
	dst = append(dst, resident)
	dst = appendTime(appendTime(dst, p.Expires), p.DirtyAt)
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, p.Dirty), uint64(max(0, p.Events)))
	return appendBytes(appendBytes(dst, p.State), p.Around)
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// bytes reads what appendBytes has written. It copies: an actor may keep parts of it.
func (r *reader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.rest, r.short = nil, true
		return nil
	}
	b := bytes.Clone(r.rest[:n])
	r.rest = r.rest[n:]
	return b
}

// parsePassing reads the actors of one message.
func parsePassing(body []byte) (all []shard.Passing, err error) {
	for r := (reader{rest: body}); len(r.rest) > 0; {
		p := shard.Passing{Actor: r.id(), Resident: r.one() != 0, Expires: r.time(), DirtyAt: r.time(), Dirty: r.number(), Events: int(r.number()),
			State: r.bytes(), Around: r.bytes()}
		if r.short {
			return nil, fmt.Errorf("%w: an actor that is passed ends too early", errMessage)
		}
		all = append(all, p)
	}
	return all, nil
}

// appendPassed appends how a shard was.
func appendPassed(dst []byte, p *shard.Passed) []byte {
	warm := byte(0)
	if p.Warm {
		warm = 1
	}
	dst = binary.AppendUvarint(append(dst, warm), uint64(p.Epoch))
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, p.Head), p.Trimmed)
	return appendTime(dst, p.Alive)
}

func parsePassed(body []byte) (shard.Passed, error) {
	r := reader{rest: body}
	p := shard.Passed{Warm: r.one() != 0, Epoch: shard.Epoch(r.number()), Head: r.number(), Trimmed: r.number(), Alive: r.time()}
	if r.short {
		return p, fmt.Errorf("%w: how a shard was ends too early", errMessage)
	}
	return p, nil
}

// appendTime appends a time: nanoseconds of Unix time, 0 for none.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(dst, 0)
	}
	return binary.AppendVarint(dst, t.UnixNano())
}

func (r *reader) time() time.Time {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest, r.short = nil, true
		return time.Time{}
	}
	r.rest = r.rest[n:]
	if v == 0 {
		return time.Time{}
	}
	return time.Unix(0, v).UTC()
}

// passer sends the actors of a shard to the node that is to serve it.
type passer struct {
	peer  *peer
	index int
	ctx   context.Context
}

// pass sends actors, and waits until the other node has made something of them: what it is behind with when nobody serves the
// shard any more, the players would wait for.
func (p *passer) pass(some []shard.Passing) error {
	frame := appendMessage(nil, &message{kind: kindState, shard: p.index})
	head := len(frame)
	for i := range some {
		frame = appendPassing(frame, &some[i])
		if len(frame) < stateBytes && i < len(some)-1 {
			continue
		}
		if err := p.send(frame); err != nil {
			return err
		}
		frame = frame[:head]
	}
	return p.peer.ask(p.ctx, kindReady, p.index, nil, func() {})
}

func (p *passer) send(frame []byte) error {
	for {
		err := p.peer.tell(frame)
		if !errors.Is(err, link.ErrFull) {
			return err
		}
		select {
		case <-time.After(usherEvery):
		case <-p.ctx.Done():
			return context.Cause(p.ctx)
		}
	}
}

// passAudience sends which nodes watch which actors of the shard.
func (p *passer) passAudience() error {
	n := p.peer.node
	here := func(actor shard.ID) bool { return shard.Of(actor, len(n.routes)) == p.index }
	all := make(map[string][]shard.ID)
	n.gateway.EachWatched(func(actor shard.ID) {
		if here(actor) {
			all[n.me.ID] = append(all[n.me.ID], actor)
		}
	})
	n.audience.each(func(actor shard.ID, g *guest) {
		if here(actor) {
			all[g.id] = append(all[g.id], actor)
		}
	})
	for id, actors := range all {
		for some := range slices.Chunk(actors, stateBytes/len(shard.ID{})) {
			frame := appendBytes(appendMessage(nil, &message{kind: kindAudience, shard: p.index}), []byte(id))
			for i := range some {
				frame = append(frame, some[i][:]...)
			}
			if err := p.send(frame); err != nil {
				return err
			}
		}
	}
	return nil
}

// hear notes which actors a node watches.
func (a *arrival) hear(body []byte) error {
	r := reader{rest: body}
	id := string(r.bytes())
	for len(r.rest) > 0 && !r.short {
		a.audience[id] = append(a.audience[id], r.id())
	}
	if r.short {
		return fmt.Errorf("%w: who watches what ends too early", errMessage)
	}
	return nil
}

// invite has the nodes hear of the actors that have arrived. One that is not there now asks by itself when it is.
func (n *Node) invite(a *arrival) {
	n.mu.Lock()
	guests := maps.Clone(n.guests)
	n.mu.Unlock()
	for id, actors := range a.audience {
		if g := guests[id]; g != nil {
			for _, actor := range actors {
				g.watch(actor)
			}
		}
	}
}

// tell sends a message that is not answered.
func (p *peer) tell(frame []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return link.ErrDown
	}
	return p.conn.Send(frame)
}

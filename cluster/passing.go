package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/shard"
)

// stateBytes is the size at which actors that are passed are cut into messages.
const stateBytes = 256 << 10

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
	return append(binary.AppendUvarint(dst, uint64(len(p.State))), p.State...)
}

// parsePassing reads the actors of one message.
func parsePassing(body []byte) (all []shard.Passing, err error) {
	for r := (reader{rest: body}); len(r.rest) > 0; {
		p := shard.Passing{Actor: r.id(), Resident: r.one() != 0, Expires: r.time(), DirtyAt: r.time(), Dirty: r.number(), Events: int(r.number())}
		n := r.number()
		if r.short || n > uint64(len(r.rest)) {
			return nil, fmt.Errorf("%w: an actor that is passed ends too early", errMessage)
		}
		p.State, r.rest = bytes.Clone(r.rest[:n]), r.rest[n:] // an actor may keep parts of it
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

// pass sends actors. It blocks while the link is full.
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
	return nil
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

// tell sends a message that is not answered.
func (p *peer) tell(frame []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return link.ErrDown
	}
	return p.conn.Send(frame)
}

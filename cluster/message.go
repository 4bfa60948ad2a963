package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/plywire/plywire/shard"
)

// kind is the first byte of what is said over a link. Who has dialed asks; who was dialed answers, and tells what happens to
// the actors that were asked about.
type kind byte

const (
	kindCommand  kind = iota + 1 // from who dialed: number, flags, age in microseconds, actor, body
	kindForget                   // actor: nobody watches it there any more
	kindPrepare                  // number, shard: it is going to be handed over
	kindReady                    // number, shard: has all been dealt with that was said of it?
	kindState                    // shard, body: some of its actors
	kindAudience                 // shard, body: what a node watches of it
	kindTake                     // number, shard, body: it was handed over, and how it was
	kindAnswer                   // from who was dialed: number, status, and a body, or the holder for statusAway
	kindNotice                   // actor, body
	kindDone                     // number, and what went wrong: the answer to kindPrepare, kindReady, kindTake, kindLeave and kindStay
	kindHolds                    // shard, flags: who was dialed serves it from now on
	kindSurvey                   // number: how are the shards there?
	kindReport                   // number, and a report as JSON, or nothing: the answer to kindSurvey
	kindLeave                    // number: an operator wants the node drained
	kindStay                     // number: and no more
)

// status is what became of a command.
type status byte

const (
	statusOK status = iota
	statusUnavailable
	statusInternal
	statusAway
)

// flagWatch says that the asker's node wants to hear of the actor from the answer on.
const flagWatch = 1

// flagWarm says that a shard's actors know which nodes want to hear of them.
const flagWarm = 1

// message is what was said, as far as its kind has it. Body is a part of what was read.
type message struct {
	kind   kind
	number uint64
	flags  byte
	age    uint64
	actor  shard.ID
	shard  int
	status status
	text   string
	body   []byte
}

// errMessage means that a node says what this one does not understand.
var errMessage = errors.New("cluster: the other node's message is not one that this release understands: are the releases too far apart?")

// parse reads a message.
func parse(frame []byte) (m message, err error) {
	if len(frame) == 0 {
		return m, fmt.Errorf("%w: it is empty", errMessage)
	}
	r := reader{rest: frame[1:]}
	m.kind = kind(frame[0])
	switch m.kind {
	case kindCommand:
		m.number, m.flags, m.age, m.actor = r.number(), r.one(), r.number(), r.id()
		m.body = r.rest
	case kindForget:
		m.actor = r.id()
	case kindPrepare, kindReady, kindTake:
		m.number, m.shard = r.number(), r.shard()
		m.body = r.rest
	case kindState, kindAudience:
		m.shard = r.shard()
		m.body = r.rest
	case kindAnswer:
		m.number, m.status = r.number(), status(r.one())
		if m.status == statusAway {
			m.text = string(r.rest)
		} else {
			m.body = r.rest
		}
	case kindNotice:
		m.actor = r.id()
		m.body = r.rest
	case kindSurvey, kindReport, kindLeave, kindStay:
		m.number = r.number()
		m.body = r.rest
	case kindDone:
		m.number = r.number()
		m.text = string(r.rest)
	case kindHolds:
		m.shard, m.flags = r.shard(), r.one()
	default:
		return m, fmt.Errorf("%w: its kind is %d", errMessage, m.kind)
	}
	if r.short {
		return m, fmt.Errorf("%w: one of kind %d ends too early", errMessage, m.kind)
	}
	return m, nil
}

// appendMessage appends a message up to its body, which the caller appends.
func appendMessage(dst []byte, m *message) []byte {
	dst = append(dst, byte(m.kind))
	switch m.kind {
	case kindCommand:
		dst = append(binary.AppendUvarint(dst, m.number), m.flags)
		dst = append(binary.AppendUvarint(dst, m.age), m.actor[:]...)
	case kindForget, kindNotice:
		dst = append(dst, m.actor[:]...)
	case kindPrepare, kindReady, kindTake:
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, m.number), uint64(m.shard))
	case kindAnswer:
		dst = append(append(binary.AppendUvarint(dst, m.number), byte(m.status)), m.text...)
	case kindDone:
		dst = append(binary.AppendUvarint(dst, m.number), m.text...)
	case kindSurvey, kindReport, kindLeave, kindStay:
		dst = binary.AppendUvarint(dst, m.number)
	case kindHolds:
		dst = append(binary.AppendUvarint(dst, uint64(m.shard)), m.flags)
	case kindState, kindAudience:
		dst = binary.AppendUvarint(dst, uint64(m.shard))
	}
	return dst
}

// reader takes a message apart.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.rest, r.short = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// shardsMax bounds the number of a shard.
const shardsMax = 1 << 20

func (r *reader) shard() int {
	v := r.number()
	if v >= shardsMax {
		r.short = true
		return 0
	}
	return int(v)
}

func (r *reader) one() byte {
	if len(r.rest) == 0 {
		r.short = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) id() (id shard.ID) {
	if len(r.rest) < len(id) {
		r.rest, r.short = nil, true
		return id
	}
	r.rest = r.rest[copy(id[:], r.rest):]
	return id
}

package table

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/wire"
)

// The kinds of replies.
const (
	codeNothing = 0
	codeReply   = 1
)

// AppendReply appends a reply, which may be nil. It fails if it is no reply of this package.
func (c Codec) AppendReply(dst []byte, reply any) ([]byte, error) {
	dst = append(dst, codecVersion)
	if reply == nil {
		return append(dst, codeNothing), nil
	}
	r, is := reply.(*Reply)
	if !is {
		return nil, fmt.Errorf("table: a reply of type %T cannot be sent to another node", reply)
	}
	dst = appendText(append(dst, codeReply, byte(r.Seat)), string(r.Code))
	dst = appendBytes(appendUint(dst, r.Seq), r.Frame)
	dst = appendEach(dst, r.Seen)
	dst = appendJoined(dst, r.Seated)
	if r.Transcript == nil {
		return appendBytes(dst, nil), nil
	}
	written, err := writeTranscript(r.Transcript)
	if err != nil {
		return nil, fmt.Errorf("table: write a transcript: %w", err)
	}
	return appendBytes(dst, written), nil
}

// ParseReply reads a reply. Errors wrap ErrRelease or ErrGarbled, or game.ErrUnknownRules.
func (c Codec) ParseReply(in []byte) (any, error) {
	r := reader{in: in, kept: bytes.Clone(in), what: "reply"}
	r.version()
	var reply *Reply
	switch code := r.one("its kind"); code {
	case codeNothing:
		return nil, r.end()
	case codeReply:
		reply = &Reply{Seat: game.Seat(r.one("the seat")), Code: wire.Code(r.string("the code")), Seq: r.uint("the seq"),
			Frame: r.bytes("the answer"), Seen: r.each("what was missed"), Seated: r.joined()}
		if written := r.bytes("the transcript"); written != nil && r.fault == nil {
			reply.Transcript, r.fault = c.readTranscript(written)
		}
	default:
		r.fail("it is of kind %d", code)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return reply, nil
}

// AppendNotice appends a notice. It fails if it is no notice of this package.
func (c Codec) AppendNotice(dst []byte, notice any) ([]byte, error) {
	n, is := notice.(*Notice)
	if !is {
		return nil, fmt.Errorf("table: a notice of type %T cannot be sent to another node", notice)
	}
	dst = append(dst, codecVersion)
	dst = appendUint(appendUint(dst, n.First), n.Last)
	dst = appendBytes(dst, n.Frames.All)
	dst = appendEach(dst, n.Frames.Seats)
	dst = appendBytes(dst, n.Frames.Watchers)
	return appendJoined(dst, n.Joined), nil
}

// ParseNotice reads a notice. Errors wrap ErrRelease or ErrGarbled.
func (c Codec) ParseNotice(in []byte) (any, error) {
	r := reader{in: in, kept: bytes.Clone(in), what: "notice"}
	r.version()
	notice := &Notice{First: r.uint("the first seq"), Last: r.uint("the last seq"),
		Frames: Frames{All: r.bytes("the frame for all"), Seats: r.each("the frames for seats"), Watchers: r.bytes("the frame for watchers")},
		Joined: r.joined()}
	if err := r.end(); err != nil {
		return nil, err
	}
	return notice, nil
}

// transcript is a game.Transcript as JSON: it is asked for seldom, and may well be large. Its Rules go by their name.
type transcript struct {
	game.Transcript
	Rules string
}

func writeTranscript(t *game.Transcript) ([]byte, error) {
	written := transcript{Transcript: *t}
	written.Transcript.Rules = nil
	if t.Rules != nil {
		written.Rules = t.Rules.Name()
	}
	return json.Marshal(written)
}

func (c Codec) readTranscript(written []byte) (*game.Transcript, error) {
	var read transcript
	if err := json.Unmarshal(written, &read); err != nil {
		return nil, fmt.Errorf("%w: the transcript: %w", ErrGarbled, err)
	}
	read.Transcript.Rules = nil
	if read.Rules != "" {
		if c.Registry == nil {
			return nil, fmt.Errorf("%w %.40q: this codec has no registry", game.ErrUnknownRules, read.Rules)
		}
		rules, err := c.Registry.Rules(read.Rules)
		if err != nil {
			return nil, fmt.Errorf("table: a transcript: %w", err)
		}
		read.Transcript.Rules = rules
	}
	return &read.Transcript, nil
}

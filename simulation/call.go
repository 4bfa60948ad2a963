package simulation

import (
	"errors"
	"fmt"
	"strings"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// commandKey names a command for ever.
type commandKey struct {
	game  game.ID
	cause game.Cause
}

// call is a request under way to a table. It checks the answer before the client gets it.
type call struct {
	session *session
	request *wire.Request
	game    game.ID
	body    any
	at      mark // when it arrived
	watch   bool // the session watches the game from the answer on
	silent  bool // the client gets no ok
	times   int
	atOnce  bool // the node has refused it at once

	cmd   *command // nil: it is none that has an effect
	known uint64   // the event that the command had when it arrived; 0: none
}

func (c *call) String() string {
	return fmt.Sprintf("%s %q of %s", c.request.Type, c.request.ID, c.session.user.ID)
}

// arrive looks up what is known of the command.
func (c *call) arrive() {
	s := c.session.conn.client.sim
	s.tell("%s: %s arrives for game %s", c.session.conn.name, c, c.game.String()[:8])
	if _, act := c.body.(*table.Act); !act {
		return
	}
	key := commandKey{c.game, game.Cause{User: c.session.user.ID, Command: c.request.ID}}
	if c.cmd = s.commands[key]; c.cmd == nil {
		s.fail("%s arrives and was never sent", c)
		return
	}
	c.known = s.record(c.game).causes[key.cause]
	c.cmd.lag = max(c.cmd.lag, c.session.lag)
	if !c.cmd.came || c.at.life != c.cmd.arrived.life {
		c.cmd.arrived, c.cmd.came = c.at, true
	}
}

// Answer checks the answer and brings it to the client.
func (c *call) Answer(body any, err error) {
	s := c.session.gateway.process.sim
	if c.session.gateway.process.dead || s.violation != nil {
		return
	}
	s.sync()
	if c.times++; c.times > 1 {
		s.fail("%s is answered a second time", c)
	}
	if err != nil {
		c.unanswered(err)
		if c.atOnce {
			c.session.conn.flush() // the shards know nothing of it
		}
		return
	}
	reply := body.(*table.Reply)
	if reply.Transcript != nil { // it has no frame
		c.done(reply, &wire.Message{})
		return
	}
	said := reread(s, reply.Frame)
	if len(said) != 1 || said[0].Re != c.request.ID || (said[0].Type == wire.TypeOK) != (reply.Code == "") || said[0].Code != reply.Code {
		s.fail("%s is answered with %s", c, reply.Frame)
		return
	}
	s.tell("%s: %s is answered with %s", c.session.conn.name, c, reply.Frame)
	if reply.Code != "" {
		c.refused(said[0])
	} else {
		c.done(reply, said[0])
	}
	switch {
	case c.session.gone || s.violation != nil:
	case reply.Code != "" || !c.watch:
		c.session.conn.push(said)
	default:
		c.session.gateway.watch(c, reply)
	}
}

// unanswered tells the client that nothing was decided, or that nobody knows.
func (c *call) unanswered(err error) {
	s, m := c.session.conn.client.sim, &wire.Message{Type: wire.TypeError, Re: c.request.ID, Game: c.game.String(), Text: err.Error()}
	switch {
	case errors.Is(err, shard.ErrInternal):
		m.Code = wire.CodeInternal
		if strings.Contains(err.Error(), "quarantined") {
			s.record(c.game).quarantined()
		}
		s.note(Internal, "%s: %s: %v", c.session.conn.name, c, err)
	case errors.Is(err, shard.ErrUnavailable):
		m.Code = wire.CodeUnavailable
		s.note(Unavailable, "%s: %s: %v", c.session.conn.name, c, err)
	default:
		s.fail("%s is answered with the error %v", c, err)
	}
	if !c.session.gone {
		c.session.conn.push(reread(s, wire.Encode(m)))
	}
}

// refused checks that what is refused has had no effect before.
func (c *call) refused(m *wire.Message) {
	s := c.session.conn.client.sim
	s.counts[Refused]++
	if m.Code == wire.CodeNotSeated {
		s.counts[Foreign]++
	}
	if c.known > 0 && !c.cmd.otherTerms {
		s.fail("%s has had event %d, and is refused with %s", c, c.known, m.Code)
	}
	if look, is := c.body.(*table.Look); is {
		if n := len(s.record(c.game).durable); n > 0 {
			s.fail("%s after %d is refused with %s, and %d events are durable", c, look.After, m.Code, n)
		}
	}
}

// done checks that what is told is durable, and the same as ever.
func (c *call) done(reply *table.Reply, m *wire.Message) {
	s, r := c.session.conn.client.sim, c.session.conn.client.sim.record(c.game)
	s.counts[Acknowledged]++
	head := uint64(len(r.durable))
	if m.Seq > head || reply.Seq > head {
		s.fail("%s is told of event %d, and the reply of %d, and %d are durable", c, m.Seq, reply.Seq, head)
		return
	}
	switch body := c.body.(type) {
	case *table.Act:
		cause := game.Cause{User: c.session.user.ID, Command: c.request.ID}
		if m.Seq == 0 || r.durable[m.Seq-1].Cause != cause {
			s.fail("%s is acknowledged with event %d, which is not its own", c, m.Seq)
			return
		}
		c.sameAgain(string(reply.Frame))
		c.seen(reply, 0)
	case *table.Transcribe:
		r.agreeTranscript(reply.Transcript, reply.Seq)
	case *table.Look:
		c.seen(reply, body.After)
		switch {
		case body.After > head:
			s.counts[BeyondTheEnd]++
		case body.After > 0 && len(reply.Seen) > 0 && reread(s, reply.Seen[0])[0].Type == wire.TypeGame:
			s.counts[ResumedByState]++
		case body.After > 0 && len(reply.Seen) > 0:
			s.counts[ResumedByEvents]++
		}
	case *table.Say:
		s.counts[Chats]++
	}
}

// sameAgain checks that a command is always answered with the same ok.
func (c *call) sameAgain(frame string) {
	s := c.session.conn.client.sim
	switch c.cmd.ok {
	case "":
		c.cmd.ok = frame
	case frame:
		s.counts[AnsweredAgain]++
	default:
		s.fail("%s is answered with %s, and was answered with %s", c, frame, c.cmd.ok)
	}
}

// seen checks what brings a watcher up to date.
func (c *call) seen(reply *table.Reply, after uint64) {
	if look, is := c.body.(*table.Look); !c.watch && !is || is && look.Events && after > reply.Seq {
		return
	}
	s, r := c.session.conn.client.sim, c.session.conn.client.sim.record(c.game)
	for _, frame := range reply.Seen {
		after = r.follow(reread(s, frame), after, c.session.user.ID)
	}
	if after != reply.Seq {
		s.fail("%s is brought up to event %d, and the reply says %d", c, after, reply.Seq)
	}
}

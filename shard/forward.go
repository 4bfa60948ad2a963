package shard

import (
	"errors"
	"time"
)

const (
	// forwardTries bounds how often a command from one actor to another is tried: for about four minutes.
	forwardTries = 50
	forwardMin   = 100 * time.Millisecond // before it is tried again; doubles up to
	forwardMax   = 5 * time.Second
)

// forward is a command from one actor to another on its way. It hears the answer, so that it is tried again while the other
// one's shard is behind.
type forward struct {
	node  *Node
	from  *shard
	actor ID // that sends it
	send  Send
	tries int
	pause time.Duration
}

// forward begins to deliver a command from one actor to another.
func (n *Node) forward(from *shard, actor ID, send Send) {
	(&forward{node: n, from: from, actor: actor, send: send, pause: forwardMin}).try()
}

// try does not run the other's shard: the caller may run one.
func (f *forward) try() {
	f.tries++
	if err := f.node.post(Command{Actor: f.send.To, Body: f.send.Body, Sender: f}); err != nil {
		f.Answer(nil, err)
	}
}

// Answer hears that the command was delivered, or why not.
func (f *forward) Answer(_ any, err error) {
	n := f.node
	switch {
	case err == nil:
		f.from.tellLater(func(now time.Time) { f.from.delivered(now, f.actor) })
	case errors.Is(err, ErrUnavailable) && f.tries < forwardTries && !n.ending.Load():
		n.metrics.forwardRetry.Inc()
		pause := f.pause
		f.pause = min(2*pause, forwardMax)
		n.time.After(pause, f.try)
	default:
		n.metrics.forwardLost.Inc()
		n.log.Warn().Err(err).Stringer("actor", f.send.To).Int("tries", f.tries).
			Msg("command from another actor given up; it is sent again when that one's shard is next taken over")
	}
}

// delivered notes that a command of the actor's has come to whom it was for.
func (s *shard) delivered(_ time.Time, actor ID) {
	if e := s.entries[actor]; e != nil && e.sends > 0 {
		e.sends--
	}
}

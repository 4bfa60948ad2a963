package shard

import (
	"runtime/debug"
	"time"
)

// output is what came of one command, for those outside the shard.
type output struct {
	actor  ID
	sender Sender
	at     time.Time // when the command arrived
	reply  any
	err    error
	notice any
	sends  []Send
}

// out lets an output of e out as soon as all that e has decided on before is durable. This is the only way out, so that
// neither a reply nor a notice overtakes an earlier one of the same actor.
func (s *shard) out(now time.Time, e *entry, what output) {
	if what.sender == nil && what.notice == nil && len(what.sends) == 0 {
		return
	}
	what.actor = e.id
	if what.sender != nil {
		s.dealt = nil
	}
	switch {
	case s.settled(e):
		s.emit(now, &what)
	case e.batch == s.batches:
		s.pending.outputs = append(s.pending.outputs, what)
	default:
		s.flying.outputs = append(s.flying.outputs, what)
	}
}

// emit lets one output out.
func (s *shard) emit(now time.Time, what *output) {
	if what.notice != nil {
		s.publish(what.actor, what.notice)
	}
	s.answer(what.sender, what.reply, what.err)
	for _, send := range what.sends {
		s.forward(s, what.actor, send)
	}
	if !what.at.IsZero() {
		s.metrics.latency.Observe(now.Sub(what.at).Seconds())
	}
}

func (s *shard) publish(actor ID, notice any) {
	s.told = true
	defer s.outside()
	s.publisher.Publish(actor, notice)
}

func (s *shard) answer(sender Sender, reply any, err error) {
	if sender == nil {
		return
	}
	s.dealt, s.told = nil, true
	defer s.outside()
	sender.Answer(reply, err)
}

// send has the publisher send on what it, and the senders, were told.
func (s *shard) send() {
	if !s.told || s.flusher == nil {
		return
	}
	s.told = false
	defer s.outside()
	s.flusher.Flush()
}

// outside catches a panic of those whom the shard tells something. It is theirs: the shard goes on.
func (s *shard) outside() {
	if cause := recover(); cause != nil {
		s.metrics.panics.Inc()
		s.log.Error().Int("shard", s.index).Interface("panic", cause).Bytes("stack", debug.Stack()).
			Msg("a publisher or a sender panicked at what a shard told it")
	}
}

// refuse tells the sender that nothing was decided.
func (s *shard) refuse(cmd Command) {
	s.metrics.refused.Inc()
	err := s.errBusy
	if !s.open || s.paused {
		err = s.errAway
	}
	s.answer(cmd.Sender, nil, err)
}

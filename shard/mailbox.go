package shard

import (
	"fmt"
	"runtime/debug"
	"time"
)

const (
	// senderTurns is how many turns a goroutine that has something else to do runs before it passes the shard on to one that
	// has not, so that nobody's connection waits for everybody's commands.
	senderTurns = 16
	// noLimit is for a goroutine that has nothing else to do.
	noLimit = -1
	// flushEvery is the number of commands decided on before the first of them go to the store.
	flushEvery = 256
	// roomMax is the largest mailbox of which the memory is kept.
	roomMax = 1024
)

// envelope is what lies in a mailbox: a command, or something that the shard has to tell itself.
type envelope struct {
	Command
	inner func(now time.Time)
}

// Send gives the shard a command. It does not block, but may run the shard. If it returns an error, which wraps
// ErrUnavailable, the Sender hears nothing.
func (s *shard) Send(cmd Command) error {
	run, err := s.accept(cmd)
	if run {
		s.run(senderTurns)
	}
	return err
}

// Post is Send, except that the shard is not run by the caller, who may therefore hold a lock that Publisher or Sender take.
func (s *shard) Post(cmd Command) error {
	run, err := s.accept(cmd)
	if run {
		s.time.Go(s.runAll)
	}
	return err
}

// accept puts a command into the mailbox. The caller has to run the shard if it says so.
func (s *shard) accept(cmd Command) (run bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.serving:
		s.metrics.refused.Inc()
		return false, s.errAway
	case len(s.mailbox) >= s.config.MailboxLen:
		s.metrics.refused.Inc()
		return false, s.errBusy
	}
	return s.deliver(envelope{Command: cmd}), nil
}

// tell lets f run with the shard's state. Nothing is refused: f is the shard's own. The caller may run the shard, for one
// turn.
func (s *shard) tell(f func(now time.Time)) {
	s.mu.Lock()
	run := s.deliver(envelope{inner: f})
	s.mu.Unlock()
	if run {
		s.run(1)
	}
}

// nudge has the shard make a turn if nobody runs it. Whoever runs it looks at the clock anyway.
func (s *shard) nudge() {
	s.mu.Lock()
	run := !s.running && s.deliver(envelope{inner: func(time.Time) {}})
	s.mu.Unlock()
	if run {
		s.run(1)
	}
}

// tellLater is tell, except that the caller does not run the shard.
func (s *shard) tellLater(f func(now time.Time)) {
	s.mu.Lock()
	run := s.deliver(envelope{inner: f})
	s.mu.Unlock()
	if run {
		s.time.Go(s.runAll)
	}
}

// deliver puts the envelope into the mailbox. If nobody runs the shard, the caller has to. Requires: s.mu is held.
func (s *shard) deliver(e envelope) (run bool) {
	s.mailbox = append(s.mailbox, e)
	run = !s.running
	s.running = true
	return run
}

// run makes turns until the mailbox is empty; after so many, it passes the shard on.
//
// Requires: s.running was false and the caller has set it, or the caller is the runner.
func (s *shard) run(turns int) {
	defer s.caught()
	for ; s.collect(turns); turns-- {
		s.turn()
	}
}

func (s *shard) runAll() { s.run(noLimit) }

// collect empties the mailbox for a turn, after it has given back the memory of the mail that was read. It returns false
// if the caller is not the runner any more: because the mailbox is empty, or because no turns are left.
func (s *shard) collect(turns int) bool {
	mail := s.mail
	clear(mail)
	s.mail, s.read = nil, 0
	s.mu.Lock()
	if s.room == nil && cap(mail) <= roomMax {
		s.room = mail[:0]
	}
	s.running = len(s.mailbox) > 0
	more, passOn := s.running, turns == 0
	if more && !passOn {
		s.mail, s.mailbox, s.room = s.mailbox, s.room, nil
	}
	s.mu.Unlock()
	if more && passOn {
		s.time.Go(s.runAll)
	}
	return more && !passOn
}

// turn decides on all that was in the mailbox and puts what came of it to the store.
func (s *shard) turn() {
	began := s.look()
	s.busyWith.Store(nil)
	s.busySince.Store(began.UnixNano())
	s.slow = slowest{}
	now := began
	for s.read < len(s.mail) {
		each := &s.mail[s.read]
		s.read++
		if each.inner == nil {
			now = s.deal(now, each.Command)
		} else {
			each.inner(now)
			now = s.look()
		}
		if s.read%flushEvery == 0 {
			s.flush(now)
			s.send()
		}
	}
	s.choked(now) // so that the end of it is not missed
	s.thawAll(now)
	s.fire(now)
	s.snapshotForDrain(now)
	s.flush(now)
	s.dropStrays()
	s.finishDrain()
	s.send() // last: the store is at work while the sockets are written to
	s.arm()
	s.busySince.Store(0)
	s.reportSlow(now.Sub(began))
}

// caught ends the shard if its own code, or the store's, has panicked: what it has in memory cannot be relied on any more.
// All that it has said was durable. An actor's panics do not come here, see fault.go.
func (s *shard) caught() {
	cause := recover()
	if cause == nil {
		return
	}
	s.log.Error().Int("shard", s.index).Interface("panic", cause).Bytes("stack", debug.Stack()).Msg("shard panicked")
	last := s.dealt
	s.stop(fmt.Errorf("shard %d panicked: %v", s.index, cause))
	s.refuse(Command{Sender: last})
	for ; s.read < len(s.mail); s.read++ {
		if each := &s.mail[s.read]; each.inner == nil {
			s.refuse(each.Command)
		}
	}
	s.send()
	s.busySince.Store(0)
	s.time.Go(s.runAll)
}

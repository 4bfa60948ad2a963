package shard

import (
	"fmt"
	"time"
)

// runTurns is how many turns a goroutine runs before it passes the shard on to one that has nothing else to do, so that
// nobody's connection waits for everybody's commands.
const runTurns = 16

// Send gives the shard a command. It does not block, but may run the shard. If it returns an error, which wraps
// ErrUnavailable, the Sender hears nothing.
func (s *Shard) Send(cmd Command) error {
	run, err := s.accept(cmd)
	if run {
		s.run(nil)
	}
	return err
}

// Post is Send, except that the shard is not run by the caller, who may therefore hold a lock that Publisher or Sender take.
func (s *Shard) Post(cmd Command) error {
	run, err := s.accept(cmd)
	if run {
		s.time.Go(func() { s.run(nil) })
	}
	return err
}

// accept puts a command into the mailbox. The caller has to run the shard if it says so.
func (s *Shard) accept(cmd Command) (run bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return false, fmt.Errorf("%w: shard %d is not served here", ErrUnavailable, s.index)
	case len(s.mailbox) >= s.config.MailboxLen:
		s.metrics.refused.Inc()
		return false, fmt.Errorf("%w: shard %d has %d commands waiting", ErrUnavailable, s.index, s.config.MailboxLen)
	}
	return s.deliver(envelope{Command: cmd}), nil
}

// tell lets f run with the shard's state. Nothing is refused: f is the shard's own.
func (s *Shard) tell(f func(now time.Time)) {
	s.mu.Lock()
	run := s.deliver(envelope{inner: f})
	s.mu.Unlock()
	if run {
		s.run(nil)
	}
}

// deliver puts the envelope into the mailbox. If nobody runs the shard, the caller has to. Requires: s.mu is held.
func (s *Shard) deliver(e envelope) (run bool) {
	s.mailbox = append(s.mailbox, e)
	run = !s.running
	s.running = true
	return run
}

// run makes turns until the mailbox is empty. room is a slice to be used for the next mailbox.
//
// Requires: s.running was false and the caller has set it.
func (s *Shard) run(room []envelope) {
	for range runTurns {
		s.mu.Lock()
		if len(s.mailbox) == 0 {
			s.running = false
			s.mu.Unlock()
			return
		}
		mail := s.mailbox
		s.mailbox = room
		s.mu.Unlock()
		s.turn(mail)
		clear(mail)
		room = mail[:0]
	}
	s.time.Go(func() { s.run(room) })
}

// turn decides on all that was in the mailbox and puts what came of it to the store.
func (s *Shard) turn(mail []envelope) {
	now := s.time.Now()
	s.turnSince.Store(now.UnixNano())
	if pulse := s.pulsed.Load(); pulse != nil && now.Sub(*pulse) > s.config.StallAfter {
		s.unstall(now, pulse)
	}
	for i := range mail {
		if inner := mail[i].inner; inner != nil {
			inner(now)
			continue
		}
		s.receive(now, mail[i].Command)
	}
	s.flush(now)
	s.arm(now)
	s.turnSince.Store(0)
	if took := s.time.Now().Sub(now); took > s.config.SlowTurn {
		s.metrics.slowTurns.Inc()
	}
}

// queued is the number of commands in the mailbox.
func (s *Shard) queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mailbox)
}

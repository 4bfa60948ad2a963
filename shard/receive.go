package shard

import (
	"fmt"
	"time"
)

// Why an actor's own failure leaves a command without effect.
var (
	errPanicked    = fmt.Errorf("%w: it panicked, and nothing was changed", ErrInternal)
	errQuarantined = fmt.Errorf("%w: it is quarantined, because it failed before", ErrInternal)
)

// deal deals with one command, and returns the time after it.
func (s *shard) deal(now time.Time, cmd Command) time.Time {
	s.dealt = cmd.Sender
	s.receive(now, cmd)
	s.dealt = nil
	after := s.look()
	s.timed(cmd.Actor, after.Sub(now))
	return after
}

// receive brings one command to its actor, from the store if it is not in memory.
func (s *shard) receive(now time.Time, cmd Command) {
	if !s.open || s.paused || s.choked(now) {
		s.refuse(cmd)
		return
	}
	e := s.entries[cmd.Actor]
	if e != nil {
		switch e.state {
		case entryLive:
			s.decide(now, e, cmd)
			return
		case entryQuarantined:
			s.answer(cmd.Sender, nil, errQuarantined)
			return
		}
	}
	if s.waiting >= s.config.MailboxLen {
		s.refuse(cmd)
		return
	}
	if e == nil {
		e = s.admit(cmd.Actor)
		s.load(e)
	}
	e.waiting = append(e.waiting, cmd)
	s.waiting++
	s.dealt = nil
}

// decide gives a command to an actor in memory. What came before its deadline is decided on as of the time it arrived.
func (s *shard) decide(now time.Time, e *entry, cmd Command) {
	e.usedAt = now
	if !e.exists {
		s.strays = append(s.strays, e)
	}
	well := !e.frozen || s.thaw(now, e)
	at := now
	if !cmd.At.IsZero() && cmd.At.Before(now) {
		at = cmd.At
	}
	if at.Before(e.latest) {
		at = e.latest
	}
	if well && e.due(at) && s.settled(e) {
		well = s.ask(now, at, e, Command{Body: Tick{}})
	}
	if !well {
		s.receive(now, cmd) // it waits for the actor to be mended
		return
	}
	s.ask(now, at, e, cmd)
}

// due tells whether e wants a Tick at that time.
func (e *entry) due(at time.Time) bool {
	return !e.needs.Deadline.IsZero() && !at.Before(e.needs.Deadline) && !at.Before(e.pause)
}

// settled tells whether all that e has decided on is durable.
func (s *shard) settled(e *entry) bool { return e.batch <= s.committed }

// ask gives a command to an actor, as of time at, and puts what the actor makes of it where it belongs. It returns false
// if the actor has panicked.
func (s *shard) ask(now, at time.Time, e *entry, cmd Command) bool {
	e.latest = at
	turn, needs, ok := s.consult(at, e, cmd.Body)
	if !ok {
		s.out(now, e, output{sender: cmd.Sender, at: cmd.At, err: errPanicked})
		s.breakDown(now, e)
		return false
	}
	e.needs, e.frozen, e.passed = needs, false, false // whoever is frozen is asked to thaw before anything else
	e.sends += len(turn.Sends)
	if len(turn.Events) > 0 {
		s.journal(now, e, turn.Events)
	}
	s.out(now, e, output{sender: cmd.Sender, at: cmd.At, reply: turn.Reply, notice: turn.Notice, sends: turn.Sends})
	s.follow(now, e)
	return e.state == entryLive
}

// consult calls the actor. Whether it panics is known before anything of its turn is used.
func (s *shard) consult(at time.Time, e *entry, body any) (turn Turn, needs Needs, ok bool) {
	s.busyWith.Store(&e.id)
	defer s.recovered(e)
	turn = e.actor.Receive(at, body)
	return turn, e.actor.Needs(), true
}

// inquire asks the actor what it needs, after telling it that all its events are on their way out if they are.
func (s *shard) inquire(now time.Time, e *entry, visible bool) (needs Needs, ok bool) {
	defer s.recovered(e)
	if visible {
		e.latest, e.unseen = now, false
		e.actor.Visible(now)
	}
	return e.actor.Needs(), true
}

// journal puts events of e into the pending batch.
func (s *shard) journal(now time.Time, e *entry, events [][]byte) {
	if e.dirty == 0 {
		e.dirty, e.dirtyAt = s.head+1, now
	}
	for _, event := range events {
		s.head++
		s.pending.Entries = append(s.pending.Entries, Entry{Position: s.head, Actor: e.id, Event: event})
		s.pending.bytes += len(event) + entryBytes
	}
	e.exists, e.unseen, e.events, e.passed = true, true, e.events+len(events), false
	s.touch(e)
}

// touch notes that the pending batch has something of e.
func (s *shard) touch(e *entry) {
	if e.batch != s.batches {
		e.batch, e.kept = s.batches, 0
		s.pending.touched = append(s.pending.touched, e)
	}
}

// follow does what the needs of an actor, and what it has in the journal, ask for.
func (s *shard) follow(now time.Time, e *entry) {
	s.schedule(e)
	if e.wantsSnapshot(s.config.SnapshotEvents) {
		s.snapshot(now, e)
	}
}

// dropStrays lets those leave memory that were asked something in this turn, never had an event, and wait for nothing: a
// command for nobody leaves nothing behind.
func (s *shard) dropStrays() {
	for _, e := range s.strays {
		if e.place >= 0 && e.state == entryLive && !e.exists && s.settled(e) && !e.needed() {
			s.drop(e)
		}
	}
	s.strays = emptied(s.strays)
}

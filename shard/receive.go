package shard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// receive brings one command to its actor, from the store if it is not in memory.
func (s *Shard) receive(now time.Time, cmd Command) {
	if s.entries == nil || s.pending.full(s.config.BatchEntries) {
		s.refuse(cmd)
		return
	}
	e := s.entries[cmd.Actor]
	if e == nil {
		e = &entry{id: cmd.Actor}
		s.entries[cmd.Actor] = e
		s.loaded.Add(1)
		s.load(e)
	}
	switch e.state {
	case entryLoading, entryBroken:
		if len(e.waiting) >= s.config.MailboxLen {
			s.refuse(cmd)
			return
		}
		e.waiting = append(e.waiting, cmd)
	case entryQuarantined:
		s.answer(cmd, nil, fmt.Errorf("%w: it is quarantined, because it failed twice", ErrInternal))
	case entryLive:
		s.decide(now, e, cmd)
	}
}

func (s *Shard) refuse(cmd Command) {
	s.metrics.refused.Inc()
	s.answer(cmd, nil, fmt.Errorf("%w: shard %d is behind with its journal, or is not served here", ErrUnavailable, s.index))
}

func (s *Shard) answer(cmd Command, reply any, err error) {
	if cmd.Sender != nil {
		cmd.Sender.Answer(reply, err)
	}
}

// decide gives a command to an actor in memory. What came before its deadline is decided on as of the time it arrived.
func (s *Shard) decide(now time.Time, e *entry, cmd Command) {
	at := now
	if !cmd.At.IsZero() && cmd.At.Before(now) {
		at = cmd.At
	}
	e.usedAt = now
	if deadline := e.needs.Deadline; !deadline.IsZero() && !at.Before(deadline) {
		if !s.guarded(e, Command{}, func() { s.take(now, e, Command{}, e.actor.Receive(at, Tick{})) }) {
			s.receive(now, cmd)
			return
		}
	}
	s.guarded(e, cmd, func() { s.take(now, e, cmd, e.actor.Receive(at, cmd.Body)) })
}

// guarded runs f, which is about e. If it panics, the command is answered with an internal error and the actor is rebuilt
// from what is durable; the second time, it is quarantined.
func (s *Shard) guarded(e *entry, cmd Command, f func()) (ok bool) {
	s.turnActor.Store(&e.id)
	defer func() {
		if cause := recover(); cause != nil {
			s.log.Error().Stringer("actor", e.id).Int("shard", s.index).Interface("panic", cause).Bytes("stack", debug.Stack()).
				Msg("actor panicked")
			s.answer(cmd, nil, fmt.Errorf("%w: it panicked, and nothing was changed", ErrInternal))
			s.breakDown(e)
		}
	}()
	f()
	return true
}

// take puts what an actor made of a command into the pending batch; what has nothing to wait for leaves at once.
func (s *Shard) take(now time.Time, e *entry, cmd Command, turn Turn) {
	// Asked first: a panic here must find the pending batch as it was.
	e.needs = e.actor.Needs()
	for _, event := range turn.Events {
		s.head++
		s.pending.Entries = append(s.pending.Entries, Entry{Position: s.head, Actor: e.id, Event: event})
	}
	if n := len(turn.Events); n > 0 {
		if e.dirty == 0 {
			e.dirty, e.dirtyAt = s.head-uint64(n)+1, now
		}
		e.exists, e.events = true, e.events+n
		s.touch(e)
	}
	out := output{actor: e.id, cmd: cmd, reply: turn.Reply, notice: turn.Notice, sends: turn.Sends}
	switch {
	case e.batch <= s.committed:
		s.emit(now, out)
	case e.batch == s.batches:
		s.pending.outputs = append(s.pending.outputs, out)
	default:
		s.flying.outputs = append(s.flying.outputs, out)
	}
	s.schedule(e)
	if e.events >= s.config.SnapshotEvents {
		s.snapshot(e, now)
	}
	if !e.exists && e.batch == 0 {
		s.drop(e) // a command for nobody leaves nothing behind
	}
}

// refresh asks the actor what it needs.
func (s *Shard) refresh(e *entry) {
	s.guarded(e, Command{}, func() {
		e.needs = e.actor.Needs()
		s.schedule(e)
	})
}

// touch notes that the pending batch has something of e.
func (s *Shard) touch(e *entry) {
	if e.batch != s.batches {
		e.batch = s.batches
		s.pending.touched = append(s.pending.touched, e)
	}
}

func (s *Shard) drop(e *entry) {
	s.unschedule(e)
	delete(s.entries, e.id)
	s.loaded.Add(-1)
}

// load reads an actor from the store, beside the shard.
func (s *Shard) load(e *entry) {
	s.time.Go(func() {
		snapshot, err := s.store.Load(context.Background(), s.index, e.id)
		var tail []Entry
		if err == nil || errors.Is(err, ErrNoSnapshot) {
			tail, err = s.readTail(e, err)
		}
		s.tell(func(now time.Time) { s.loadedFrom(now, e, snapshot, tail, err) })
	})
}

// readTail reads the entries of an actor that no snapshot covers: there are some only if it is loaded because it broke.
// noSnapshot is the error of Load and is given back if there is nothing at all.
func (s *Shard) readTail(e *entry, noSnapshot error) ([]Entry, error) {
	if e.dirty == 0 {
		return nil, noSnapshot
	}
	var tail []Entry
	const step = 1024
	for after := e.dirty - 1; ; {
		entries, err := s.store.Read(context.Background(), s.index, after, step)
		if err != nil {
			return nil, err
		}
		for _, each := range entries {
			if after = each.Position; each.Actor == e.id {
				tail = append(tail, each)
			}
		}
		if len(entries) < step {
			return tail, nil
		}
	}
}

// loadedFrom goes on with an actor when the store has answered.
func (s *Shard) loadedFrom(now time.Time, e *entry, snapshot Snapshot, tail []Entry, err error) {
	if s.entries[e.id] != e {
		s.refuseWaiting(e)
		return
	}
	switch {
	case errors.Is(err, ErrNoSnapshot):
		e.actor = s.actors.New(e.id)
	case err != nil:
		s.log.Error().Err(err).Stringer("actor", e.id).Int("shard", s.index).Msg("actor cannot be loaded; it is tried again when it is asked for")
		s.drop(e)
		s.refuseWaiting(e)
		return
	default:
		e.exists, e.resident = true, snapshot.Resident
		if e.actor, err = rebuild(s.actors, e.id, snapshot, tail); err != nil {
			s.quarantine(e, snapshot, tail, err)
			return
		}
	}
	if e.faults >= faultsMax {
		s.quarantine(e, snapshot, tail, errFaults)
		return
	}
	e.state, e.usedAt = entryLive, now
	s.metrics.loads.Inc()
	waiting := e.waiting
	e.waiting = nil
	s.refresh(e)
	for _, cmd := range waiting {
		s.receive(now, cmd)
	}
}

func (s *Shard) refuseWaiting(e *entry) {
	for _, cmd := range e.waiting {
		s.refuse(cmd)
	}
	e.waiting = nil
}

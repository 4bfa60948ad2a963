package shard_test

import (
	"context"
	"errors"
	"slices"

	"github.com/plywire/plywire/shard"
)

// Answer checks what a sender is told.
func (w *asked) Answer(reply any, err error) {
	s := w.life.sim
	s.sync()
	if w.times++; w.times > 1 {
		s.fail("%T to %s is answered a second time", w.body, w.actor)
	}
	s.note("answer:", w, reply, err)
	switch {
	case errors.Is(err, shard.ErrInternal):
		s.counts["internal"]++
		if what, is := w.body.(note); is {
			s.fates[noteKey{w.actor, what.id}].failed++
		}
		return
	case errors.Is(err, shard.ErrUnavailable):
		s.counts["unavailable"]++
		return
	case err != nil:
		s.fail("%T to %s is answered with %v", w.body, w.actor, err)
	}
	switch what := w.body.(type) {
	case note:
		s.counts["acknowledged"]++
		s.known(w.actor, reply.(uint32), event{kind: noteEvent, value: what.id})
	case pass:
		s.known(w.actor, reply.(uint32), event{kind: passEvent, value: what.id, to: what.to})
	case wake:
		s.known(w.actor, reply.(uint32), event{kind: alarmEvent, value: uint64(what.at.UnixNano())})
	case look:
		s.counts["read"]++
		events, have := reply.([]event), s.durable[w.actor]
		if len(events) > len(have) || !slices.Equal(events, have[:len(events)]) {
			s.fail("%s is read as %v, and %v is durable", w.actor, events, have)
		}
		// An owner that was replaced and has not found out may still answer with what was true; it is a lease's to prevent that.
		if len(events) < w.floor && w.life == s.current() {
			s.fail("%s is read as %v by somebody who knows of %d events", w.actor, events, w.floor)
		}
		s.floor[w.actor] = max(s.floor[w.actor], len(events))
	}
}

// known checks that the event that somebody is told of is durable.
func (s *sim) known(actor shard.ID, seq uint32, want event) {
	want.seq = seq
	if have := s.durable[actor]; int(seq) > len(have) || have[seq-1] != want {
		s.fail("%s: %v is told, and %v is durable", actor, want, have)
	}
	s.floor[actor] = max(s.floor[actor], int(seq))
}

// Publish checks what everybody is told.
func (l *life) Publish(actor shard.ID, notice any) {
	s := l.sim
	s.sync()
	what := notice.(told)
	s.note("published:", actor, what)
	if what.last == 0 {
		return
	}
	if int(what.last) > len(s.durable[actor]) {
		s.fail("%s: event %d is published, and %d are durable", actor, what.last, len(s.durable[actor]))
	}
	if int(what.first) != l.last[actor]+1 {
		s.fail("%s: event %d is published after %d", actor, what.first, l.last[actor])
	}
	l.last[actor] = int(what.last)
	s.floor[actor] = max(s.floor[actor], int(what.last))
}

// heard checks what a ledger is told.
func (s *sim) heard(c call) {
	s.sync()
	s.note(c.what)
	if c.what != "thaw" && c.seq > len(s.durable[c.id]) {
		s.fail("%s with %d events hears %s, and %d are durable", c.id, c.seq, c.what, len(s.durable[c.id]))
	}
}

// sync adds what has become durable to what is known to be.
func (s *sim) sync() {
	for i := range s.seen {
		entries, err := s.raw.Read(context.Background(), i, s.seen[i], 1000)
		must(s.t, err)
		for _, each := range entries {
			if s.seen[i]++; each.Position != s.seen[i] {
				s.fail("shard %d: entry %d comes after %d", i, each.Position, s.seen[i]-1)
			}
			ev, err := decode(each.Event)
			must(s.t, err)
			if int(ev.seq) != len(s.durable[each.Actor])+1 {
				s.fail("%s: event %d is journaled after %d", each.Actor, ev.seq, len(s.durable[each.Actor]))
			}
			s.durable[each.Actor] = append(s.durable[each.Actor], ev)
		}
	}
}

// replay checks that snapshot and tail say the same as all events since the first.
func (s *sim) replay(id shard.ID) {
	index := shard.Of(id, simShards)
	snapshot, err := s.raw.Load(context.Background(), index, id)
	if err != nil && !errors.Is(err, shard.ErrNoSnapshot) {
		s.fail("load: %v", err)
	}
	entries, err := s.raw.Read(context.Background(), index, 0, 1000)
	must(s.t, err)
	if len(entries) > 0 && entries[0].Position > 1 {
		s.counts["trimmed"]++
	}
	var got []byte
	got = append(got, snapshot.State...)
	for _, each := range snapshot.Tail {
		got = append(got, each...)
	}
	for _, each := range entries {
		if each.Actor == id && each.Position > snapshot.Position {
			got = append(got, each.Event...)
		}
	}
	var want []byte
	for _, ev := range s.durable[id] {
		want = ev.append(want)
	}
	if string(got) != string(want) {
		s.fail("%s: snapshot and tail are %d events, and %d were journaled", id, len(got)/eventLen, len(want)/eventLen)
	}
}

// verdict checks that everything asked of an actor took effect once or not at all, and what it asked of others, too.
func (s *sim) verdict(id shard.ID) {
	times := make(map[uint64]int)
	for _, ev := range s.durable[id] {
		switch ev.kind {
		case noteEvent:
			times[ev.value]++
			f := s.fates[noteKey{id, ev.value}]
			switch {
			case s.passed[ev.value]:
			case f == nil:
				s.fail("%s has note %d, which nobody asked for", id, ev.value)
			case f.asked == f.failed:
				s.fail("%s has note %d, and everybody who asked for it was told that it has not", id, ev.value)
			}
		case passEvent:
			if !slices.ContainsFunc(s.durable[ev.to], func(other event) bool { return other.kind == noteEvent && other.value == ev.value }) {
				s.fail("%s never heard of %d, of which %s wanted it to", ev.to, ev.value, id)
			}
		}
	}
	for value, n := range times {
		if n != 1 {
			s.fail("%s has note %d %d times", id, value, n)
		}
	}
}

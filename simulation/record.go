package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/wire"
)

// record is all that ever happened in one game, as the simulation has seen it itself.
type record struct {
	sim     *sim
	id      game.ID
	durable []game.Event // all that the journal ever had
	emitted []emitted    // all that the game has decided on: what is durable, and what is on its way
	causes  map[game.Cause]uint64

	model *game.Game // the fold of what is durable
	ahead *game.Game // the fold of what was decided on
	clock clockModel
	told  uint64 // events that were published by this process
}

// emitted is an event as a game has put it out.
type emitted struct {
	bytes []byte
	mark  mark          // when
	asOf  time.Duration // for how long the players had been served at the time as of which it was decided, or less
}

func (r *record) String() string { return "game " + r.id.String()[:8] }

// record returns the record of a game, made if there is none.
func (s *sim) record(id game.ID) *record {
	r := s.records[id]
	if r == nil {
		r = &record{sim: s, id: id, causes: make(map[game.Cause]uint64), model: game.New(id, registry), ahead: game.New(id, registry)}
		s.records[id] = r
		s.ids = append(s.ids, id)
	}
	return r
}

// forget forgets what was not durable when a process ended.
func (r *record) forget() {
	r.told = uint64(len(r.durable))
	if len(r.emitted) == len(r.durable) {
		return
	}
	r.emitted = r.emitted[:len(r.durable)]
	r.ahead = r.fold(len(r.durable))
}

// fold is the game after its first n events, from the beginning.
func (r *record) fold(n int) *game.Game {
	g := game.New(r.id, registry)
	for _, each := range r.emitted[:n] {
		r.apply(g, each.bytes)
	}
	return g
}

// apply applies an event of the journal.
func (r *record) apply(g *game.Game, event []byte) game.Event {
	ev, err := game.DecodeEvent(event)
	if err == nil {
		err = g.Apply(ev)
	}
	if err != nil {
		r.sim.fail("%s: %v", r, err)
	}
	return ev
}

// at is the game as of a durable event.
func (r *record) at(seq uint64) *game.Game {
	if seq == uint64(len(r.durable)) {
		return r.model
	}
	return r.fold(int(seq))
}

// emit notes what a game has decided on, as of some time.
func (r *record) emit(events [][]byte, at time.Time) {
	now := r.sim.mark()
	for _, event := range events {
		r.emitted = append(r.emitted, emitted{event, now, now.served - now.at.Sub(at)})
		r.apply(r.ahead, event)
	}
}

// same checks that a live game is the fold of all that was decided on.
func (r *record) same(actor shard.Actor) {
	if r.sim.violation == nil && len(r.emitted) > 0 && !bytes.Equal(actor.AppendSnapshot(nil), r.ahead.AppendSnapshot(nil)) {
		r.sim.fail("%s is not the fold of its %d events", r, len(r.emitted))
	}
}

// sync adds what has become durable to what is known to be, and checks it.
func (s *sim) sync() {
	if !s.fresh || s.violation != nil {
		return
	}
	s.fresh = false
	for i := range s.position {
		entries, err := s.raw.Read(context.Background(), i, s.position[i], 1<<20)
		if err != nil {
			s.fail("read the journal: %v", err)
		}
		for _, each := range entries {
			if s.position[i]++; each.Position != s.position[i] {
				s.fail("shard %d: entry %d of the journal comes after %d", i, each.Position, s.position[i]-1)
				return
			}
			s.record(each.Actor).add(each.Event)
			if s.violation != nil {
				return
			}
		}
	}
}

// add adds an event that has become durable.
func (r *record) add(event []byte) {
	s, n := r.sim, len(r.durable)
	if n >= len(r.emitted) || !bytes.Equal(r.emitted[n].bytes, event) {
		s.fail("%s: event %d of the journal is not what the game has decided on", r, n+1)
		return
	}
	before := r.model.Turn()
	ev := r.apply(r.model, event)
	if s.violation != nil {
		return
	}
	r.durable = append(r.durable, ev)
	s.tell("%s: %d %s is durable", r, ev.Seq, ev.Kind)
	if ev.Cause.Command != "" {
		if other, twice := r.causes[ev.Cause]; twice {
			s.fail("%s: command %q of %s has had event %d, and event %d as well", r, ev.Cause.Command, ev.Cause.User, other, ev.Seq)
		}
		r.causes[ev.Cause] = ev.Seq
		if s.commands[commandKey{r.id, ev.Cause}] == nil && ev.Cause.User != "" {
			s.fail("%s: event %d answers command %q of %s, which was never sent", r, ev.Seq, ev.Cause.Command, ev.Cause.User)
		}
	}
	r.charge(ev, r.emitted[n].mark, before)
	r.tally(ev)
}

// tally counts what has happened.
func (r *record) tally(ev game.Event) {
	counts := &r.sim.counts
	switch ev.Kind {
	case game.EventCreated:
		counts[Games]++
	case game.EventMoved:
		counts[Moves]++
		if r.model.Hides() {
			counts[HiddenMoves]++
		}
	case game.EventOffered:
		counts[Offers]++
	case game.EventAccepted:
		counts[Accepts]++
		if ev.Next != "" {
			counts[Rematches]++
		}
	case game.EventDeclined:
		counts[Declines]++
	case game.EventTakenBack:
		counts[Takebacks]++
	case game.EventClockAdjusted:
		counts[Thaws]++
	case game.EventEnded:
		counts[endings(ev.Result.Reason)]++
	}
}

func endings(reason game.Reason) Count {
	switch reason {
	case game.ReasonThreefold, game.ReasonFiftyMoves:
		return Claims
	case game.ReasonAbandonment:
		return Abandonments
	case game.ReasonResignation:
		return Resignations
	case game.ReasonAborted:
		return Aborts
	case game.ReasonTimeout, game.ReasonTimeoutInsufficientMaterial:
		return Flags
	}
	return Ends
}

// kept checks what the store keeps after a batch.
func (s *sim) kept(batch *shard.Batch) {
	s.counts[Snapshots] += len(batch.Snapshots)
	if batch.Trim > 0 {
		s.note(Trims, "the store forgets the entries of shard %d up to %d", batch.Shard, batch.Trim)
		s.recoverable()
		return
	}
	for _, snapshot := range batch.Snapshots {
		s.record(snapshot.Actor).recoverable()
	}
}

// recoverable checks all games.
func (s *sim) recoverable() {
	s.sync()
	for _, id := range s.ids {
		s.records[id].recoverable()
	}
}

// recoverable checks that the last snapshot and the entries behind it are the events from the beginning, byte for byte.
func (r *record) recoverable() {
	s := r.sim
	if s.violation != nil {
		return
	}
	g, err := r.recovered()
	switch {
	case err != nil:
		s.fail("%s cannot be recovered: %v", r, err)
	case !bytes.Equal(g.AppendSnapshot(nil), r.model.AppendSnapshot(nil)):
		s.fail("%s: snapshot and entries are not the %d events from the beginning", r, len(r.durable))
	}
}

// recovered is what somebody makes of the store who knows nothing else.
func (r *record) recovered() (*game.Game, error) {
	ctx, index := context.Background(), shard.Of(r.id, shards)
	snapshot, err := r.sim.raw.Load(ctx, index, r.id)
	if err != nil && !errors.Is(err, shard.ErrNoSnapshot) {
		return nil, err
	}
	entries, err := r.sim.raw.Read(ctx, index, 0, 1<<20)
	if err != nil {
		return nil, err
	}
	g := game.New(r.id, registry)
	if len(snapshot.State) > 0 {
		if g, err = game.Restore(r.id, registry, snapshot.State); err != nil {
			return nil, err
		}
	}
	events := snapshot.Tail
	for _, each := range entries {
		if each.Actor == r.id && each.Position > snapshot.Position {
			events = append(events, each.Event)
		}
	}
	for i, event := range events {
		ev, err := game.DecodeEvent(event)
		if err == nil {
			err = g.Apply(ev)
		}
		if err != nil {
			return nil, fmt.Errorf("entry %d behind the snapshot at %d: %w", i+1, snapshot.Position, err)
		}
	}
	return g, nil
}

// published notes that these events have left the server.
func (r *record) published(first, last uint64) {
	if first > last || first == 0 && last != 0 {
		r.sim.fail("%s: the events from %d to %d are published", r, first, last)
		return
	}
	if last == 0 {
		return
	}
	if last > uint64(len(r.durable)) {
		r.sim.fail("%s: event %d is published, and %d are durable", r, last, len(r.durable))
		return
	}
	if last <= r.told {
		r.sim.fail("%s: event %d is published after %d", r, last, r.told)
	}
	if first != r.told+1 {
		r.sim.fail("%s: the events from %d on are published after %d", r, first, r.told)
	}
	r.clock.published(r, last)
	r.told = last
}

// follow checks messages that are going to somebody who has seen the events up to that one, and returns the last that he
// has seen then.
func (r *record) follow(messages packet, seen uint64, user string) uint64 {
	s := r.sim
	for _, m := range messages {
		switch {
		case m.Seq == 0 || m.Type == wire.TypeOK || s.violation != nil:
		case m.Type == wire.TypeGame:
			s.counts[StatesSeen]++
			r.agreeState(m, user)
			seen = m.Seq
		case m.Seq != seen+1:
			s.fail("%s: %s is sent event %d after event %d", r, user, m.Seq, seen)
		case m.Seq > uint64(len(r.durable)):
			s.fail("%s: %s is sent event %d, and %d are durable", r, user, m.Seq, len(r.durable))
		default:
			s.counts[EventsSeen]++
			r.agreeEvent(m, user)
			seen = m.Seq
		}
	}
	return seen
}

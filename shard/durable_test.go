package shard_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// one is the notice of one event.
func one(actor shard.ID, seq uint32) published { return published{actor, told{first: seq, last: seq}} }

func TestNothingIsToldBeforeItIsDurable(t *testing.T) {
	r := newRig(t, nil)
	w := r.send(a, note{1})
	w.none(t)
	r.said.is(t)
	r.waiting(1)
	r.step()
	w.is(t, uint32(1))
	r.said.is(t, one(a, 1))
	r.waiting(0)
}

func TestNoticeComesBeforeReply(t *testing.T) {
	r := newRig(t, nil)
	w := &answer{}
	w.then = func() { r.said.is(t, one(a, 1)) }
	must(t, r.node.Send(shard.Command{Actor: a, Body: note{1}, Sender: w}))
	r.step()
	w.is(t, uint32(1))
}

// What an actor says later comes out later, in whichever batch it is, if it is in one at all.
func TestOrderOfOneActor(t *testing.T) {
	r := newRig(t, nil)
	var order []string
	ask := func(name string, body any) {
		w := &answer{}
		w.then = func() { order = append(order, name) }
		must(t, r.node.Send(shard.Command{Actor: a, Body: body, Sender: w}))
	}
	ask("first", note{1})
	r.clock.settle()
	ask("read behind the batch under way", look{})
	ask("said behind the batch under way", say{"x"})
	ask("the same again", note{1})
	ask("second", note{2})
	ask("read behind the next batch", look{})
	ask("said behind the next batch", say{"y"})
	r.clock.settle()
	other := r.send(b, look{})
	other.ok(t) // it has nothing to wait for
	r.said.is(t)
	r.waiting(1)
	r.step()
	r.said.is(t, one(a, 1), published{a, told{said: "x"}})
	if want := []string{"first", "read behind the batch under way", "said behind the batch under way", "the same again"}; !slices.Equal(order, want) {
		t.Fatalf("answered %q after the first batch, want %q", order, want)
	}
	r.step()
	r.said.is(t, one(a, 2), published{a, told{said: "y"}})
	if len(order) != 7 || order[4] != "second" || order[6] != "said behind the next batch" {
		t.Fatalf("answered %q", order)
	}
}

func TestOneBatchAtATime(t *testing.T) {
	r := newRig(t, nil)
	var ws []*answer
	for i := range uint64(10) {
		ws = append(ws, r.send(a, note{i}), r.send(b, note{i}))
		r.waiting(1)
	}
	if n := len(r.store.Pending()[0].Entries); n != 1 {
		t.Fatalf("the first batch has %d entries, want 1", n)
	}
	r.step()
	if n := len(r.store.Pending()[0].Entries); n != 19 {
		t.Fatalf("the second batch has %d entries, want 19", n)
	}
	r.step()
	r.waiting(0)
	for _, w := range ws {
		w.ok(t)
	}
}

func TestBatchesOfAShardHaveTheirOwnIDs(t *testing.T) {
	r := newRig(t, nil)
	seen := make(map[shard.BatchID]bool)
	for life := range 3 {
		for i := range uint64(5) {
			r.send(a, note{uint64(life)*100 + i})
			id := r.store.Pending()[0].ID
			if seen[id] || id == (shard.BatchID{}) {
				t.Fatalf("batch %v was there before", id)
			}
			seen[id] = true
			r.step()
		}
		r.crash(0)
		r.stepAll()
	}
}

// A store that commits within Commit, and senders and publishers that send from where they are told.
func TestSendFromWithin(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual = false })
	inner, posted, published := &answer{}, &answer{}, &answer{}
	outer := &answer{then: func() {
		must(t, r.node.Send(shard.Command{Actor: a, Body: note{2}, Sender: inner}))
		must(t, r.node.Post(shard.Command{Actor: a, Body: note{3}, Sender: posted}))
		inner.none(t) // the shard is not run twice at once
		posted.none(t)
	}}
	r.said.then = func() {
		r.said.then = nil
		must(t, r.node.Send(shard.Command{Actor: a, Body: note{4}, Sender: published}))
		published.none(t)
	}
	must(t, r.node.Send(shard.Command{Actor: a, Body: note{1}, Sender: outer}))
	r.clock.settle()
	outer.is(t, uint32(1))
	published.is(t, uint32(2)) // a notice comes before the reply
	inner.is(t, uint32(3))
	posted.is(t, uint32(4))
}

func TestPostDoesNotRunTheShard(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual = false })
	r.done(a, stays{true}) // it is in memory
	w := &answer{}
	must(t, r.node.Post(shard.Command{Actor: a, Body: note{1}, Sender: w}))
	w.none(t)
	r.clock.settle()
	w.is(t, uint32(1))
}

// A goroutine that has something else to do does not run the shard for ever.
func TestSenderIsLetGo(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual = false })
	r.done(a, stays{true}) // it is in memory
	n := uint64(0)
	var again func()
	again = func() {
		if n++; n < 1000 {
			must(t, r.node.Send(shard.Command{Actor: a, Body: note{n}, Sender: &answer{then: again}}))
		}
	}
	again()
	if n > 100 {
		t.Fatalf("the sender ran the shard for %d commands of others", n)
	}
	r.clock.settle()
	if n != 1000 {
		t.Fatalf("%d commands were answered, want 1000", n)
	}
}

func TestUnknownFateIsPutAgain(t *testing.T) {
	for _, fault := range []twinstore.Fault{twinstore.FaultRefuse, twinstore.FaultApplied, twinstore.FaultLost, twinstore.FaultLate} {
		t.Run(fault.String(), func(t *testing.T) {
			bad := 3
			r := newRig(t, func(s *setup) {
				s.shard.BatchEntries = 8
				s.fault = func() twinstore.Fault {
					if bad--; bad >= 0 {
						return fault
					}
					return twinstore.FaultNone
				}
			})
			w := r.send(a, note{1})
			first := r.store.Pending()[0]
			second := r.send(b, note{2})
			for range 3 {
				r.clock.settle()
				r.store.Step(len(r.store.Pending()) - 1) // the last that came
				w.none(t)
				r.said.is(t)
				r.send(c, say{}).is(t, "said") // nothing of another actor waits
				r.said.is(t, published{actor: c})
				r.clock.pass(2 * time.Second)
				again := r.store.Pending()[len(r.store.Pending())-1]
				if again.ID != first.ID || !slices.EqualFunc(again.Entries, first.Entries, sameEntry) || !again.At.Equal(first.At) || again.Head != first.Head {
					t.Fatalf("put again as %+v, want %+v", again, first)
				}
			}
			second.none(t)
			r.stepAll()
			w.is(t, uint32(1))
			second.is(t, uint32(1))
			r.said.is(t, one(a, 1), one(b, 1))
			r.metricIs("commit_retries_total", 3)
			r.crash(0)
			r.stepAll()
			r.notes(a, 1)
			r.notes(b, 2)
		})
	}
}

func sameEntry(a, b shard.Entry) bool {
	return a.Position == b.Position && a.Actor == b.Actor && slices.Equal(a.Event, b.Event)
}

// What waits for a store that does not answer is bounded: events, bytes, answers.
func TestBacklogIsBounded(t *testing.T) {
	tests := map[string]struct {
		config func(*shard.Config)
		fill   func(i int) any
		want   int // commands that are taken
	}{
		"events":  {func(c *shard.Config) { c.BatchEntries = 10 }, func(int) any { return many{5} }, 2},
		"bytes":   {func(c *shard.Config) { c.BatchBytes = 500 }, func(i int) any { return note{uint64(i)} }, 9},
		"answers": {func(c *shard.Config) { c.BatchEntries = 10 }, func(int) any { return look{} }, 9},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(s *setup) { test.config(&s.shard) })
			first := r.send(a, note{1000})
			var taken, refused []*answer
			for i := range 100 {
				w := r.send(a, test.fill(i))
				if w.times == 0 {
					taken = append(taken, w)
				} else {
					w.fails(t, shard.ErrUnavailable)
					refused = append(refused, w)
				}
			}
			if len(taken) != test.want {
				t.Fatalf("%d commands were taken, want %d", len(taken), test.want)
			}
			r.metricIs("refused_total", float64(len(refused)))
			r.stepAll()
			first.is(t, uint32(1))
			for _, w := range taken {
				w.ok(t)
			}
			r.done(a, note{2000}) // and it goes on
		})
	}
}

func TestMailboxIsBounded(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shard.MailboxLen, s.manual = 5, false })
	accepted, refused := 0, 0
	w := &answer{then: func() {
		for i := range 20 {
			err := r.node.Send(shard.Command{Actor: a, Body: note{uint64(i)}})
			switch {
			case err == nil:
				accepted++
			case errors.Is(err, shard.ErrUnavailable):
				refused++
			default:
				t.Errorf("Send: %v", err)
			}
		}
	}}
	must(t, r.node.Send(shard.Command{Actor: a, Body: look{}, Sender: w}))
	r.clock.settle()
	if accepted != 5 || refused != 15 {
		t.Fatalf("%d commands accepted and %d refused, want 5 and 15", accepted, refused)
	}
	r.metricIs("refused_total", 15)
}

// However the shard loses its journal: who waits hears so once, and the node says why.
func TestLostJournal(t *testing.T) {
	tests := map[string]struct {
		fault twinstore.Fault
		lose  func(r *rig)
		want  error
	}{
		"fenced":                        {twinstore.FaultFence, func(r *rig) { r.store.Step(0) }, shard.ErrFenced},
		"fenced after an unknown fate":  {twinstore.FaultLost, func(r *rig) { r.step(); fence(r); r.clock.pass(2 * time.Second); r.step() }, shard.ErrFenced},
		"closed":                        {twinstore.FaultLost, func(r *rig) { r.step(); must(r, r.store.Close()); r.clock.pass(2 * time.Second) }, shard.ErrClosed},
		"the head is another's":         {twinstore.FaultLost, func(r *rig) { r.step(); r.clock.pass(2 * time.Second) }, shard.ErrHead},
		"fenced where others have read": {twinstore.FaultNone, func(r *rig) { fence(r); r.store.Step(0) }, shard.ErrFenced},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			moved, fault := false, test.fault
			r := newRig(t, func(s *setup) {
				s.fault = func() twinstore.Fault {
					defer func() { fault = twinstore.FaultNone }()
					return fault
				}
				s.wrap = func(inner shard.Store) shard.Store { return &headStore{inner, &moved} }
			})
			waiting := []*answer{r.send(a, note{1}), r.send(a, look{}), r.send(a, note{2}), r.send(b, note{3}), r.send(a, look{})}
			loading := &answer{}
			must(t, r.node.Send(shard.Command{Actor: c, Body: look{}, Sender: loading})) // not settled: it is being loaded
			for _, w := range append(waiting, loading) {
				w.none(t)
			}
			moved = test.want == shard.ErrHead
			test.lose(r)
			for _, w := range waiting {
				w.fails(t, shard.ErrUnavailable)
			}
			if _, beside := r.clock.count(); beside > 0 { // its loading has not ended yet
				loading.fails(t, shard.ErrUnavailable)
			}
			r.said.is(t)
			select {
			case err := <-r.node.Failed():
				if !errors.Is(err, test.want) {
					t.Fatalf("failed with %v, want %v", err, test.want)
				}
			default:
				t.Fatal("the node does not say that it has failed")
			}
			if err := r.node.Send(shard.Command{Actor: a, Body: note{4}}); !errors.Is(err, shard.ErrUnavailable) {
				t.Fatalf("Send to a shard that has stopped: %v", err)
			}
			r.clock.pass(time.Minute)
			r.stepAll()
			for _, w := range append(waiting, loading) {
				if w.times != 1 {
					t.Fatalf("%d answers, want 1", w.times)
				}
			}
			if r.node.Loaded() != 0 || r.node.Status()[0].Served {
				t.Fatalf("a shard that has stopped is %+v", r.node.Status()[0])
			}
		})
	}
}

// An owner that finds in the store what only a later one can have written has been replaced, and stops.
func TestReplacedOwnerFindsOut(t *testing.T) {
	for name, replace := range map[string]func(r *rig, next *rig){
		"by a snapshot": func(_, next *rig) { next.done(a, many{10}); next.done(b, note{1}) },
		"by entries":    func(_, next *rig) { next.done(a, note{2}) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(s *setup) { s.shard.SnapshotEvents = 10 })
			r.done(a, note{1})
			next := *r
			next.store = r.store.Reopen()
			next.start()
			next.stepAll()
			replace(r, &next)
			r.world.order("receive", 1)
			r.send(a, note{3}).fails(t, shard.ErrInternal)
			select {
			case err := <-r.node.Failed():
				if !errors.Is(err, shard.ErrFenced) {
					t.Fatalf("failed with %v, want %v", err, shard.ErrFenced)
				}
			default:
				t.Fatal("the owner that was replaced goes on")
			}
			next.done(a, note{4})
		})
	}
}

// fence has somebody else acquire the shard.
func fence(r *rig) {
	r.Helper()
	_, err := r.store.Acquire(r.Context(), 0)
	must(r, err)
}

// headStore says that the head is another one when it is told to.
type headStore struct {
	shard.Store
	moved *bool
}

func (s *headStore) Commit(batch *shard.Batch, done func(error)) {
	if *s.moved {
		done(shard.ErrHead)
		return
	}
	s.Store.Commit(batch, done)
}

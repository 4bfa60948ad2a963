package shard

import (
	"encoding/binary"
	"errors"
	"time"
)

const (
	// entryBytes is what an entry is counted as in a batch, besides its event.
	entryBytes = 32
	// warnEvery is the shortest time between two warnings of the same kind.
	warnEvery = 10 * time.Second
	// batchKeep is the largest number of entries, outputs or actors of a batch of which the memory is kept.
	batchKeep = 1024
)

// batch is a Batch and what may be said when it is durable.
type batch struct {
	Batch
	number  uint64
	bytes   int  // of entries and snapshots
	beat    bool // it is worth a commit even if it is empty: a sign of life
	unsure  bool // the store may have it, though it has not said so
	outputs []output
	touched []*entry // those of which the batch has something, each once

	// Made once.
	done   func(error)         // brings the store's answer to the shard
	settle func(now time.Time) // goes on with answer
	answer error               // written before settle is told
}

func (s *shard) newBatch() *batch {
	b := new(batch)
	b.settle = func(now time.Time) { s.answered(now, b) }
	b.done = func(err error) {
		b.answer = err
		s.tell(b.settle)
	}
	return b
}

func (b *batch) empty() bool {
	return len(b.Entries) == 0 && len(b.Snapshots) == 0 && b.Trim == 0 && !b.beat
}

// reset makes the batch ready to be filled again.
func (b *batch) reset() {
	*b = batch{Batch: Batch{Entries: emptied(b.Entries), Snapshots: emptied(b.Snapshots)}, outputs: emptied(b.outputs),
		touched: emptied(b.touched), done: b.done, settle: b.settle}
}

// emptied returns the slice with nothing in it, or nil if it is too large to be kept.
func emptied[T any](slice []T) []T {
	if cap(slice) > batchKeep {
		return nil
	}
	clear(slice)
	return slice[:0]
}

// full tells whether no more may be added to what waits for the store.
func (s *shard) full() bool {
	outputs := len(s.pending.outputs)
	if s.flying != nil {
		outputs += len(s.flying.outputs)
	}
	most := s.config.BatchEntries
	return len(s.pending.Entries) >= most || outputs >= most || s.pending.bytes >= s.config.BatchBytes
}

// flush puts the pending batch to the store, unless one is under way or there is nothing to put.
func (s *shard) flush(now time.Time) {
	if !s.open || s.flying != nil || s.pending.empty() {
		return
	}
	b := s.pending
	b.number = s.batches
	b.Shard, b.Token, b.ID, b.At = s.index, s.token, batchID(s.token, b.number), s.lastAlive(now)
	b.Head = s.head - uint64(len(b.Entries))
	s.flying, s.pending, s.spare = b, s.spare, nil
	s.batches++
	s.retry, s.putAt = 0, now
	s.flyingSince.Store(now.UnixNano())
	s.put()
}

// batchID makes an id that no other batch has: the owner was drawn at random.
func batchID(token Token, number uint64) (id BatchID) {
	copy(id[:8], token.Owner[:])
	binary.BigEndian.PutUint64(id[8:], number)
	return id
}

// put gives the batch under way to the store.
func (s *shard) put() { s.store.Commit(&s.flying.Batch, s.flying.done) }

// answered goes on when the store has said what became of the batch under way.
func (s *shard) answered(now time.Time, b *batch) {
	if s.flying != b {
		return // the shard has stopped
	}
	switch err := b.answer; {
	case err == nil:
		s.durable(now, b)
	case errors.Is(err, ErrHead):
		s.heal(err)
	case errors.Is(err, ErrFenced), errors.Is(err, ErrClosed):
		s.stop(err)
	default:
		s.putLater(now, b, err)
	}
}

// putLater goes on with a batch whose fate is unknown, or that was refused. Neither may be taken for granted: the same batch is
// put again until the store says which it was. Only a batch that was refused every time has certainly not happened, so that a
// shard which another node can serve may stop instead.
func (s *shard) putLater(now time.Time, b *batch, err error) {
	s.metrics.retries.Inc()
	b.unsure = b.unsure || !errors.Is(err, ErrRefused)
	s.retry = min(max(2*s.retry, s.config.RetryMin), s.config.RetryMax)
	since := now.Sub(s.putAt)
	if now.Sub(s.warned) >= warnEvery {
		s.warned = now
		s.log.Warn().Err(err).Int("shard", s.index).Dur("since", since).Msg("batch not known to be durable; it is put again until it is")
	}
	if since >= s.config.GiveUpAfter {
		if s.yields && !b.unsure {
			s.stop(err)
			return
		}
		s.disappoint(b)
		s.disappoint(s.pending)
	}
	s.time.After(s.retry, func() { s.tell(func(time.Time) { s.putAgain(b) }) })
}

// disappoint tells those who wait for a batch that it takes too long. What they have asked for may still happen: who asks again
// finds out.
func (s *shard) disappoint(b *batch) {
	for i := range b.outputs {
		if sender := b.outputs[i].sender; sender != nil {
			b.outputs[i].sender = nil
			s.metrics.refused.Inc()
			s.answer(sender, nil, s.errBusy)
		}
	}
}

func (s *shard) putAgain(b *batch) {
	if s.flying == b {
		s.put()
	}
}

// durable lets out what has waited for the batch.
func (s *shard) durable(now time.Time, b *batch) {
	s.metrics.commit(b, now.Sub(s.putAt))
	s.committed, s.flying = b.number, nil
	s.flyingSince.Store(0)
	s.durableHead.Store(b.Head + uint64(len(b.Entries)))
	s.trimmedTo.Store(max(s.trimmedTo.Load(), b.Trim))
	for _, e := range b.touched {
		switch {
		case !s.settled(e): // a later batch will say so
		case e.state == entryLive:
			s.refresh(now, e, e.unseen)
		default:
			s.mend(e)
		}
	}
	for i := range b.outputs {
		s.emit(now, &b.outputs[i])
	}
	s.remember(b)
	b.reset()
	s.spare = b
}

// refresh asks the actor what it needs, after it has heard that its events are visible if it should.
func (s *shard) refresh(now time.Time, e *entry, visible bool) {
	needs, ok := s.inquire(now, e, visible)
	if !ok {
		s.breakDown(now, e)
		return
	}
	e.needs = needs
	s.follow(now, e)
}

// stop ends the shard because its journal is not its own any more. All that was not acknowledged is forgotten.
func (s *shard) stop(cause error) {
	flying, pending := s.flying, s.pending
	s.flying, s.pending, s.open = nil, s.newBatch(), false
	s.flyingSince.Store(0)
	for _, b := range []*batch{flying, pending} {
		if b == nil {
			continue
		}
		for i := range b.outputs {
			s.refuse(Command{Sender: b.outputs[i].sender})
		}
	}
	s.close(cause)
	s.failed(s, cause)
}

package shard

import (
	"errors"
	"time"

	"github.com/google/uuid"
)

// batch is a Batch and what may be said when it is durable.
type batch struct {
	Batch
	number  uint64
	outputs []output
	touched []*entry
	putAt   time.Time
}

// output is what came of one command.
type output struct {
	actor  ID
	cmd    Command
	reply  any
	notice any
	sends  []Send
}

func (b *batch) empty() bool { return len(b.Entries) == 0 && len(b.Snapshots) == 0 && b.Trim == 0 }

func (b *batch) full(most int) bool { return len(b.Entries) >= most }

// reset makes the batch ready to be filled again.
func (b *batch) reset() {
	clear(b.Entries)
	clear(b.Snapshots)
	clear(b.outputs)
	clear(b.touched)
	*b = batch{Batch: Batch{Entries: b.Entries[:0], Snapshots: b.Snapshots[:0]}, outputs: b.outputs[:0], touched: b.touched[:0]}
}

// flush puts the pending batch to the store, unless one is under way or there is nothing to put.
func (s *Shard) flush(now time.Time) {
	if s.flying != nil || s.entries == nil {
		return
	}
	if s.pending.empty() {
		s.finishDrain()
		return
	}
	b := s.pending
	b.Shard, b.Token, b.ID, b.At, b.number, b.putAt = s.index, s.token, uuid.New(), now, s.batches, now
	b.Head = s.head - uint64(len(b.Entries))
	s.flying, s.pending, s.spare = b, s.spare, nil
	s.batches++
	s.retry = 0
	s.put()
}

// put gives the batch under way to the store.
func (s *Shard) put() {
	b := s.flying
	s.store.Commit(&b.Batch, func(err error) {
		s.tell(func(now time.Time) { s.committedWith(now, b, err) })
	})
}

// committedWith goes on when the store has said what became of the batch under way.
func (s *Shard) committedWith(now time.Time, b *batch, err error) {
	if s.flying != b {
		return
	}
	switch {
	case err == nil:
		s.durable(now, b)
	case errors.Is(err, ErrFenced), errors.Is(err, ErrHead), errors.Is(err, ErrClosed):
		s.stop(err)
	default:
		// Its fate is unknown, or it was refused. Neither may be taken for granted: the same batch is put again until the
		// store says which it was.
		s.metrics.retries.Inc()
		s.retry = min(max(2*s.retry, s.config.RetryMin), s.config.RetryMax)
		s.log.Warn().Err(err).Int("shard", s.index).Dur("retry", s.retry).Msg("batch not known to be durable; it is put again")
		s.time.After(s.retry, func() {
			s.tell(func(time.Time) {
				if s.flying == b {
					s.put()
				}
			})
		})
	}
}

// durable lets out what has waited for the batch.
func (s *Shard) durable(now time.Time, b *batch) {
	s.committed = b.number
	s.metrics.commit(b, now)
	for _, e := range b.touched {
		if e.state == entryLive {
			s.guarded(e, Command{}, func() { e.actor.Visible(now) })
			s.refresh(e)
		}
	}
	for i := range b.outputs {
		s.emit(now, b.outputs[i])
	}
	for _, e := range b.touched {
		s.mend(e)
	}
	s.flying = nil
	b.reset()
	s.spare = b
}

// emit lets one output out.
func (s *Shard) emit(now time.Time, out output) {
	if out.notice != nil {
		s.publish.Publish(out.actor, out.notice)
	}
	s.answer(out.cmd, out.reply, nil)
	for _, send := range out.sends {
		s.forward(send)
	}
	if !out.cmd.At.IsZero() {
		s.metrics.latency.Observe(now.Sub(out.cmd.At).Seconds())
	}
}

// stop ends the shard because its journal is not its own any more. All that was not durable is forgotten: nobody has heard
// of it.
func (s *Shard) stop(cause error) {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	flying, pending, entries := s.flying, s.pending, s.entries
	s.flying, s.pending, s.entries, s.timers = nil, new(batch), nil, nil
	s.loaded.Store(0)
	for _, b := range []*batch{flying, pending} {
		if b == nil {
			continue
		}
		for i := range b.outputs {
			s.refuse(b.outputs[i].cmd)
		}
	}
	for _, e := range entries {
		s.refuseWaiting(e)
	}
	if s.failed != nil {
		s.failed(cause)
	}
}

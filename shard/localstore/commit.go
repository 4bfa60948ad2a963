package localstore

import (
	"fmt"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// Commit implements shard.Store. It queues the batch for the committer and does not block. A shard has one batch of its
// owner under way at the most, a second one is refused; so the queue is bounded by the number of shards.
//
// done is called by the committer, which all shards share: it must be quick and must not block. It may call Commit.
func (s *Store) Commit(batch *shard.Batch, done func(error)) {
	w := &commitWork{store: s, batch: batch, done: done, since: time.Now()}
	if err := s.admit(w); err != nil {
		done(err)
		return
	}
	if err := s.committer.push(w); err != nil {
		w.land()
		done(err)
	}
}

// admit says why the store does not take the batch at all, if so.
func (s *Store) admit(w *commitWork) error {
	if s.committer.isClosed() {
		return shard.ErrClosed
	}
	if err := s.failure.answer(w.batch.ID); err != nil {
		return err
	}
	if err := s.roomOnDisk(); err != nil {
		return err
	}
	if err := w.batch.Check(s.cfg.Shards); err != nil {
		return fmt.Errorf("%w: malformed batch: %w", shard.ErrRefused, err)
	}
	w.state = &s.shards[w.batch.Shard]
	w.measure()
	if w.bytes > s.cfg.BatchBytesMax {
		return fmt.Errorf("%w: the batch has %d bytes; %d are allowed", shard.ErrRefused, w.bytes, s.cfg.BatchBytesMax)
	}
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	switch {
	case !w.state.record.owned(w.batch.Token):
		return shard.ErrFenced
	case w.state.flying == w.batch.Token:
		return fmt.Errorf("%w: a batch of shard %d is under way already", shard.ErrRefused, w.batch.Shard)
	}
	w.state.flying = w.batch.Token
	return nil
}

// commitWork is one batch on its way through the committer.
type commitWork struct {
	store   *Store
	state   *shardState
	batch   *shard.Batch
	done    func(error)
	since   time.Time
	entries int // and snapshots
	bytes   int

	answer error
	wrote  bool // the batch is part of the turn's sync
}

func (w *commitWork) measure() {
	w.entries = len(w.batch.Entries) + len(w.batch.Snapshots)
	for i := range w.batch.Entries {
		w.bytes += entryKeyLen + values.SealBytes + entryBodyLen(&w.batch.Entries[i])
	}
	for i := range w.batch.Snapshots {
		w.bytes += snapshotKeyLen + values.SealBytes + values.SnapshotLenMax(&w.batch.Snapshots[i])
	}
}

func (w *commitWork) size() (entries, bytes int) { return w.entries, w.bytes }

func (w *commitWork) urgent() bool { return false }

// stage checks the batch against the head of its shard, and adds it to the turn if it is the next.
func (w *commitWork) stage(t *turn) {
	b, r := w.batch, t.record(w.state)
	switch {
	case !r.owned(b.Token):
		w.answer = shard.ErrFenced
		return
	case b.ID == r.last:
		return
	case b.Head != r.head:
		w.answer = fmt.Errorf("%w, and the batch counts on %d", &shard.HeadError{Head: r.head}, b.Head)
		return
	}
	for i := range b.Entries {
		t.entry(b.Shard, b.Head+1+uint64(i), &b.Entries[i])
	}
	for i := range b.Snapshots {
		t.snapshot(b.Shard, &b.Snapshots[i])
	}
	r.head += uint64(len(b.Entries))
	if b.Trim > r.trimmed {
		t.trim(b.Shard, r.trimmed, b.Trim)
		r.trimmed = b.Trim
	}
	r.last, r.at = b.ID, b.At
	t.put(w.state, b.Shard, r)
	w.store.watch.touch(b)
	w.wrote = true
	t.batches, t.entries, t.bytes = t.batches+1, t.entries+w.entries, t.bytes+w.bytes
}

// land makes room for the shard's next batch.
func (w *commitWork) land() {
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	if w.state.flying == w.batch.Token {
		w.state.flying = shard.Token{}
	}
}

// settle answers the batch when its turn has ended.
func (w *commitWork) settle(failed error) {
	err := w.answer
	switch {
	case failed != nil && (w.wrote || w.answer == nil):
		err = w.store.failure.unknown(w.batch.ID, failed)
	case failed != nil:
		err = w.store.failure.answer(w.batch.ID)
	case w.wrote:
		if committed := w.store.cfg.Observer.Committed; committed != nil {
			committed(time.Since(w.since))
		}
	}
	w.land()
	w.done(err)
}

// refuse answers a batch that no turn has looked at, because the store has failed.
func (w *commitWork) refuse() {
	w.land()
	w.done(w.store.failure.answer(w.batch.ID))
}

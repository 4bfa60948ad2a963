package localstore

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

// Acquire implements shard.Store. If ctx ends while it waits for the disk, nobody knows whether the shard has a new owner:
// the caller is none, and who was may be fenced.
func (s *Store) Acquire(ctx context.Context, id int) (shard.Token, error) {
	token, err := s.acquire(ctx, id)
	if err != nil {
		return shard.Token{}, fmt.Errorf("acquire shard %d: %w", id, err)
	}
	return token, nil
}

func (s *Store) acquire(ctx context.Context, id int) (shard.Token, error) {
	if err := s.enter(ctx, id); err != nil {
		return shard.Token{}, err
	}
	defer s.readers.Done()
	if err := s.roomOnDisk(); err != nil {
		return shard.Token{}, err
	}
	owner, err := uuid.NewRandom()
	if err != nil {
		return shard.Token{}, fmt.Errorf("draw an owner: %w", err)
	}
	state := &s.shards[id]
	select {
	case state.acquiring <- struct{}{}: // given back when the work has settled
	case <-s.failure.failed:
		return shard.Token{}, s.failure.err()
	case <-ctx.Done():
		return shard.Token{}, ctx.Err()
	}
	w := &acquireWork{store: s, id: id, owner: owner, answer: make(chan acquired, 1)}
	if err := s.committer.push(w); err != nil {
		<-state.acquiring
		return shard.Token{}, err
	}
	select {
	case got := <-w.answer:
		return got.token, got.err
	case <-s.failure.failed:
		return shard.Token{}, s.failure.err()
	case <-ctx.Done():
		return shard.Token{}, ctx.Err()
	}
}

// acquireWork is a new owner on its way through the committer.
type acquireWork struct {
	store  *Store
	id     int
	owner  uuid.UUID
	token  shard.Token
	answer chan acquired // has room for the answer
}

type acquired struct {
	token shard.Token
	err   error
}

func (w *acquireWork) size() (entries, bytes int) { return 1, headKeyLen }

func (w *acquireWork) urgent() bool { return true }

func (w *acquireWork) stage(t *turn) {
	state := &w.store.shards[w.id]
	r := t.record(state)
	r.token = shard.Token{Epoch: r.token.Epoch + 1, Owner: w.owner}
	t.put(state, w.id, r)
	w.token = r.token
}

func (w *acquireWork) settle(failed error) {
	if failed != nil {
		w.token = shard.Token{}
	}
	<-w.store.shards[w.id].acquiring
	w.answer <- acquired{w.token, failed}
}

func (w *acquireWork) refuse() { w.settle(w.store.failure.err()) }

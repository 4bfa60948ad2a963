package redisstore

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// Acquire implements shard.Store. If it fails nobody knows whether the shard has a new owner: the caller is none, and who was
// may be fenced. A shard that had an owner once, and of which Redis has nothing any more, is not taken for a new one.
func (s *Store) Acquire(ctx context.Context, id int) (shard.Token, error) {
	token, err := s.acquire(ctx, id)
	if err != nil {
		return shard.Token{}, fmt.Errorf("acquire shard %d: %w", id, err)
	}
	return token, nil
}

func (s *Store) acquire(ctx context.Context, id int) (shard.Token, error) {
	state, err := s.enter(ctx, id)
	if err != nil {
		return shard.Token{}, err
	}
	defer s.readers.Done()
	owner, err := uuid.NewRandom()
	if err != nil {
		return shard.Token{}, fmt.Errorf("draw an owner: %w", err)
	}
	begun, err := s.begun(ctx, state, id)
	if err != nil {
		return shard.Token{}, err
	}
	may := 1
	if begun {
		may = 0
	}
	said, err := s.durably(ctx, acquireScript, state.keys.owner, owner.String(), may)
	if err != nil {
		return shard.Token{}, err
	}
	epoch, err := said.Uint64()
	switch {
	case err != nil:
		return shard.Token{}, err
	case epoch == 0:
		return shard.Token{}, fmt.Errorf("%w: Redis has lost it: it has had an owner, and %s is not there any more. Bring back what Redis had", values.ErrCorrupt, state.keys.owner)
	}
	if !begun {
		if _, err := s.durably(ctx, beginScript, begunKey(s.cfg.Name), id); err != nil {
			return shard.Token{}, err
		}
	}
	state.mu.Lock()
	state.owned, state.begun = true, true
	state.mu.Unlock()
	return shard.Token{Epoch: shard.Epoch(epoch), Owner: owner}, nil
}

// begun tells whether a shard has had an owner.
func (s *Store) begun(ctx context.Context, state *shardState, id int) (begun bool, err error) {
	state.mu.Lock()
	begun = state.begun
	state.mu.Unlock()
	if begun {
		return true, nil
	}
	err = s.at(ctx, begunKey(s.cfg.Name), func(ctx context.Context, one *redis.Client) (err error) {
		begun, err = one.SIsMember(ctx, begunKey(s.cfg.Name), id).Result()
		return err
	})
	return begun, err
}

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// found checks the servers, and finds the cluster or creates it.
func (s *Store) found(ctx context.Context) error {
	if err := s.inspect(ctx); err != nil {
		return err
	}
	known, err := readMark(s.cfg.Mark)
	if err != nil {
		return err
	}
	got, err := s.record(ctx, false)
	if err == nil && len(got) == 0 {
		if known != (uuid.UUID{}) {
			return s.emptied("is not there any more", known)
		}
		if err := s.orphans(ctx); err != nil {
			return err
		}
		got, err = s.record(ctx, true)
	}
	if err != nil {
		return fmt.Errorf("look for the cluster %s: %w", s.cfg.Name, err)
	}
	if len(got) != 3 {
		return fmt.Errorf("the record of cluster %s has %d parts, want 3: is the key %s somebody else's?", s.cfg.Name, len(got), clusterKey(s.cfg.Name))
	}
	if want := fmt.Sprint(formatVersion); got[0] != want {
		return fmt.Errorf("cluster %s has format version %s, this program reads %s: start the program that wrote it, or name another cluster",
			s.cfg.Name, got[0], want)
	}
	if want := fmt.Sprint(s.cfg.Shards); got[1] != want {
		return fmt.Errorf("cluster %s has %s shards, which cannot be changed: it was opened with %s", s.cfg.Name, got[1], want)
	}
	if s.incarnation, err = uuid.Parse(got[2]); err != nil {
		return fmt.Errorf("cluster %s: its incarnation: %w", s.cfg.Name, err)
	}
	if known != (uuid.UUID{}) && known != s.incarnation {
		return s.emptied("is another one, "+s.incarnation.String(), known)
	}
	if err := s.learnBegun(ctx); err != nil {
		return fmt.Errorf("look which shards the cluster %s has begun: %w", s.cfg.Name, err)
	}
	return writeMark(s.cfg.Mark, known, s.incarnation)
}

// record is what the cluster is: format, shards, incarnation. Where there is none yet it is empty, or made.
func (s *Store) record(ctx context.Context, create bool) ([]string, error) {
	may := 0
	if create {
		may = 1
	}
	said, err := s.durably(ctx, foundScript, clusterKey(s.cfg.Name), formatVersion, s.cfg.Shards, uuid.NewString(), may)
	if err != nil {
		return nil, err
	}
	return said.StringSlice()
}

// emptied is the error about a Redis which has not what this node has served.
func (s *Store) emptied(what string, known uuid.UUID) error {
	return fmt.Errorf("cluster %s %s in this Redis, where this node has served the incarnation %s: it was emptied, or is the wrong one. Bring back what it had, or remove %s to begin anew, without the games",
		s.cfg.Name, what, known, s.cfg.Mark)
}

// orphans wants that there are no shards of a cluster that has no record: a server of a Redis Cluster can lose what it had
// while the others keep theirs.
func (s *Store) orphans(ctx context.Context) error {
	for id := range s.states {
		key := s.states[id].keys.owner
		var n int64
		err := s.at(ctx, key, func(ctx context.Context, one *redis.Client) (err error) {
			n, err = one.Exists(ctx, key).Result()
			return err
		})
		if err != nil {
			return fmt.Errorf("look for shard %d of the cluster %s: %w", id, s.cfg.Name, err)
		}
		if n != 0 {
			return fmt.Errorf("cluster %s has its shard %d in this Redis, and not its record %s: a part of it was lost. Bring back what it had, or name another cluster to begin anew, without the games",
				s.cfg.Name, id, clusterKey(s.cfg.Name))
		}
	}
	return nil
}

// learnBegun learns which shards have had an owner.
func (s *Store) learnBegun(ctx context.Context) error {
	var names []string
	err := s.at(ctx, begunKey(s.cfg.Name), func(ctx context.Context, one *redis.Client) (err error) {
		names, err = one.SMembers(ctx, begunKey(s.cfg.Name)).Result()
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := strconv.Atoi(name)
		if err != nil || id < 0 || id >= len(s.states) {
			return errors.New("the key " + begunKey(s.cfg.Name) + " names a shard that is none")
		}
		s.states[id].begun = true
	}
	return nil
}

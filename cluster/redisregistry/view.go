package redisregistry

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plywire/plywire/cluster"
)

// parseView reads the answer of renewScript.
func (r *Registry) parseView(said []any) (view cluster.View, err error) {
	if len(said) != 2 && len(said) != 4 {
		return cluster.View{}, fmt.Errorf("the view has %d parts, want 2 or 4", len(said))
	}
	if view.Version, err = parseVersion(said[0]); err != nil {
		return cluster.View{}, err
	}
	if view.Members, err = parseMembers(said[1]); err != nil {
		return cluster.View{}, err
	}
	if len(said) == 2 {
		return view, nil
	}
	view.Holders, view.Pins = make([]string, r.shards), make(map[int]string)
	if err := r.parseHash(said[2], func(shard int, id string) { view.Holders[shard] = id }); err != nil {
		return cluster.View{}, fmt.Errorf("%s: %w", r.keys[2], err)
	}
	if err := r.parseHash(said[3], func(shard int, name string) { view.Pins[shard] = name }); err != nil {
		return cluster.View{}, fmt.Errorf("%s: %w", r.keys[3], err)
	}
	return view, nil
}

// parseHash reads a hash whose fields are shards, and the version.
func (r *Registry) parseHash(said any, take func(shard int, value string)) error {
	texts, err := parseTexts(said, 2)
	if err != nil {
		return err
	}
	for pair := range slices.Chunk(texts, 2) {
		if pair[0] == "version" {
			continue
		}
		shard, err := r.parseShard(pair[0])
		if err != nil {
			return err
		}
		take(shard, pair[1])
	}
	return nil
}

// parseMembers reads members by threes: ID, what they have announced, and the milliseconds that are left of their leases.
func parseMembers(said any) ([]cluster.Standing, error) {
	texts, err := parseTexts(said, 3)
	if err != nil {
		return nil, fmt.Errorf("the members: %w", err)
	}
	members := make([]cluster.Standing, 0, len(texts)/3)
	for part := range slices.Chunk(texts, 3) {
		var s cluster.Standing
		if err := json.Unmarshal([]byte(part[1]), &s.Member); err != nil {
			return nil, fmt.Errorf("what %s has announced is %q: %w", part[0], part[1], err)
		}
		left, err := strconv.ParseInt(part[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("what is left of the lease of %s: %w", part[0], err)
		}
		s.ID, s.Left = part[0], time.Duration(left)*time.Millisecond
		members = append(members, s)
	}
	slices.SortFunc(members, func(a, b cluster.Standing) int { return strings.Compare(a.ID, b.ID) })
	return members, nil
}

func parseVersion(said any) (uint64, error) {
	text, _ := said.(string)
	version, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the version: %w", err)
	}
	return version, nil
}

// parseShard reads the number of a shard.
func (r *Registry) parseShard(said any) (int, error) {
	text, _ := said.(string)
	shard, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no shard", text)
	}
	if err := cluster.CheckShard(shard, r.shards); err != nil {
		return 0, fmt.Errorf("%w: is another number of shards named by another node?", err)
	}
	return shard, nil
}

// parseTexts reads a list of texts, which has to be a multiple of so many.
func parseTexts(said any, multiple int) ([]string, error) {
	list, is := said.([]any)
	if !is || len(list)%multiple != 0 {
		return nil, fmt.Errorf("Redis says %q, want a list of %ds", said, multiple)
	}
	texts := make([]string, len(list))
	for i := range list {
		if texts[i], is = list[i].(string); !is {
			return nil, fmt.Errorf("Redis says %q among a list, want a text", list[i])
		}
	}
	return texts, nil
}

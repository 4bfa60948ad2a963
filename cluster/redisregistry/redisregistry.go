// Package redisregistry is a cluster.Registry in Redis. Every call is one script, which does all of it or nothing, and which
// may be asked again after a lost answer without a second effect.
//
// It is for liveness alone: its leases run by Redis's clock, and what it knows may be lost or go back when Redis fails over.
// It must never be asked who may write to a journal.
package redisregistry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/cluster"
)

// Registry is a cluster.Registry in Redis. Nodes that open it by the same name and on the same Redis share it.
type Registry struct {
	client  redis.UniversalClient
	keys    []string // see scripts.go
	shards  int
	timeout time.Duration
}

var _ cluster.Registry = (*Registry)(nil)

// shardsMax is the largest number of shards: a call may name all of them, and Redis does nothing else meanwhile.
const shardsMax = 1 << 14

// nameForm is what the name of a cluster may be: it is part of every key, inside the braces that keep the keys together.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// New makes the registry of the cluster of that name, and does not ask Redis for anything. shards is their number, the same
// for all nodes; timeout bounds each call, besides its context.
//
// The client stays the caller's, who closes it after the last call. Its contexts' deadlines have to be enabled, or a Redis
// that hangs would keep a call for longer than it may take; and it should not try again by itself, because whoever calls
// knows better when that is worth it.
func New(client redis.UniversalClient, name string, shards int, timeout time.Duration) (*Registry, error) {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	need(nameForm.MatchString(name), "the cluster's name is %q, want 1 to 64 of A-Z, a-z, 0-9, '_', '.' and '-'", name)
	need(shards >= 1 && shards <= shardsMax, "the number of shards is %d, want 1 to %d", shards, shardsMax)
	need(timeout > 0, "the time for a call is %v, want more", timeout)
	need(keepsDeadlines(client), "the client of Redis does not keep the deadlines of contexts: set ContextTimeoutEnabled")
	if len(faults) > 0 {
		return nil, fmt.Errorf("redisregistry: %w", errors.Join(faults...))
	}
	tag := "{" + name + "}:"
	return &Registry{client: client, keys: []string{tag + "members", tag + "leases", tag + "map", tag + "pins"}, shards: shards, timeout: timeout}, nil
}

// keepsDeadlines tells whether a context bounds what a client does, as far as the client says.
func keepsDeadlines(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case nil:
		return false
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	}
	return true
}

// Renew implements cluster.Registry. A lease has whole milliseconds: what is less counts as one more.
func (r *Registry) Renew(ctx context.Context, me cluster.Member, lease time.Duration, known uint64) (cluster.View, error) {
	view, err := r.renew(ctx, me, lease, known)
	if err != nil {
		return cluster.View{}, fmt.Errorf("renew the lease of %s: %w", me.ID, err)
	}
	return view, nil
}

func (r *Registry) renew(ctx context.Context, me cluster.Member, lease time.Duration, known uint64) (cluster.View, error) {
	if err := errors.Join(me.Check(), cluster.CheckLease(lease)); err != nil {
		return cluster.View{}, err
	}
	text, err := json.Marshal(me)
	if err != nil {
		return cluster.View{}, err
	}
	milliseconds := (lease + time.Millisecond - 1) / time.Millisecond
	said, err := r.run(ctx, renewScript, me.ID, text, int64(milliseconds), strconv.FormatUint(known, 10))
	if err != nil {
		return cluster.View{}, err
	}
	return r.parseView(said)
}

// Claim implements cluster.Registry. It returns the shards by number.
func (r *Registry) Claim(ctx context.Context, id string, shards []int) ([]int, error) {
	held, err := r.claim(ctx, id, shards)
	if err != nil {
		return nil, fmt.Errorf("claim shards for %s: %w", id, err)
	}
	return held, nil
}

func (r *Registry) claim(ctx context.Context, id string, shards []int) ([]int, error) {
	fault := cluster.CheckID(id)
	for _, shard := range shards {
		fault = errors.Join(fault, cluster.CheckShard(shard, r.shards))
	}
	if fault != nil {
		return nil, fault
	}
	args := []any{id}
	for _, shard := range slices.Compact(slices.Sorted(slices.Values(shards))) {
		args = append(args, shard)
	}
	said, err := r.run(ctx, claimScript, args...)
	if err != nil {
		return nil, err
	}
	if err := verdict(said); err != nil {
		return nil, err
	}
	var held []int
	for _, text := range said[1:] {
		shard, err := r.parseShard(text)
		if err != nil {
			return nil, err
		}
		held = append(held, shard)
	}
	return held, nil
}

// Pass implements cluster.Registry. It does nothing, and does not fail, where the other is the holder already: so it can be
// asked again.
func (r *Registry) Pass(ctx context.Context, shard int, from, to string) error {
	fault := errors.Join(cluster.CheckShard(shard, r.shards), cluster.CheckID(from), cluster.CheckID(to))
	if err := r.order(ctx, fault, passScript, shard, from, to); err != nil {
		return fmt.Errorf("pass shard %d from %s to %s: %w", shard, from, to, err)
	}
	return nil
}

// Withdraw implements cluster.Registry. The member stays in the view for a while, without a lease.
func (r *Registry) Withdraw(ctx context.Context, id string) error {
	if err := r.order(ctx, cluster.CheckID(id), withdrawScript, id); err != nil {
		return fmt.Errorf("withdraw %s: %w", id, err)
	}
	return nil
}

// Pin implements cluster.Registry.
func (r *Registry) Pin(ctx context.Context, shard int, name string) error {
	fault := errors.Join(cluster.CheckShard(shard, r.shards), cluster.CheckName(name))
	if err := r.order(ctx, fault, pinScript, shard, name); err != nil {
		return fmt.Errorf("pin shard %d to %q: %w", shard, name, err)
	}
	return nil
}

// order runs a script that answers with a word alone, unless the call is malformed.
func (r *Registry) order(ctx context.Context, malformed error, script *redis.Script, args ...any) error {
	if malformed != nil {
		return malformed
	}
	said, err := r.run(ctx, script, args...)
	if err != nil {
		return err
	}
	return verdict(said)
}

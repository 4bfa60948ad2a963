package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

// What is done to a cluster.
const (
	KindKilled  Kind = "owner killed"
	KindFrozen  Kind = "owner frozen for longer than its lease, and woken"
	KindStalled Kind = "owner frozen for less than its lease"
	KindLeft    Kind = "owner told to leave, and started again"
	KindRedis   Kind = "Redis killed, and started again"
)

// clusterKinds are all of them. Of five that are done to owners, each but the kill is there once.
var clusterKinds = []Kind{KindKilled, KindFrozen, KindStalled, KindLeft, KindRedis}

// fault is one thing that is done to a cluster.
type fault struct {
	kind   Kind
	node   int     // to which, counted among those that hold shards
	wait   float64 // from 0 to 1: how long it comes after the one before
	moment float64 // likewise: how long it lasts, of what the kind allows
}

// plotFaults draws what is done.
func plotFaults(random *rand.Rand, nodes, redis int) []fault {
	var kinds []Kind
	for len(kinds) < nodes {
		five := []Kind{KindKilled, KindKilled, KindFrozen, KindStalled, KindLeft}
		random.Shuffle(len(five), func(i, j int) { five[i], five[j] = five[j], five[i] })
		kinds = append(kinds, five[:min(len(five), nodes-len(kinds))]...)
	}
	for range redis {
		kinds = slices.Insert(kinds, random.IntN(len(kinds)+1), KindRedis)
	}
	all := make([]fault, len(kinds))
	for i, kind := range kinds {
		all[i] = fault{kind, random.IntN(nodesMax), random.Float64(), random.Float64()}
	}
	return all
}

// Times of faults, in leases; a freeze of less than stallMax need not be noticed.
const (
	frozenMin, frozenMax   = 1.2, 2.0
	stalledMin, stalledMax = 0.2, 0.8
	deadMin, deadMax       = 1.0, 2.0
	atOnce                 = 0.2 // share of the killed nodes that are started again at once
	leftMax                = 1.0
	redisMax               = 1.5
	waitMax                = 2500 * time.Millisecond

	stallMax = 1100 * time.Millisecond // longer than shard.Config.StallAfter, from which on players get the time back
)

// breaker does one thing after the other to a cluster.
type breaker struct {
	run    *run
	faults []fault
	log    *os.File        // what was done, and when
	under  atomic.Bool     // something is being done
	longs  []time.Duration // for each kill of an owner: after how long the last game went on
	stuck  int             // games that had not gone on when the next fault came
}

// newBreaker prepares it, with a log in the folder.
func newBreaker(r *run, folder string, random *rand.Rand) (*breaker, error) {
	log, err := os.OpenFile(filepath.Join(folder, "faults.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &breaker{run: r, faults: plotFaults(random, r.config.Kills, r.config.RedisKills), log: log}, nil
}

// all does everything that was drawn. When it returns without an error all nodes run.
func (b *breaker) all(ctx context.Context) error {
	for n, f := range b.faults {
		if err := pause(ctx, time.Duration(f.wait*float64(waitMax))); err != nil {
			return err
		}
		if b.run.fleet.crashed() {
			return fmt.Errorf("after %d of %d faults: %w", n, len(b.faults), errCrashed)
		}
		b.under.Store(true)
		b.run.killed(f.kind)
		err := b.one(ctx, f)
		b.under.Store(false)
		if err != nil {
			return fmt.Errorf("fault %d of %d, %s: %w", n+1, len(b.faults), f.kind, err)
		}
	}
	return nil
}

// leases is a part of the time between two numbers of leases.
func (b *breaker) leases(from, to, moment float64) time.Duration {
	return time.Duration((from + moment*(to-from)) * float64(b.run.config.Lease))
}

func (b *breaker) one(ctx context.Context, f fault) error {
	fleet := b.run.fleet
	if f.kind == KindRedis {
		return b.killRedis(ctx, f)
	}
	v, held, err := b.owner(ctx, f)
	if err != nil {
		return err
	}
	b.note("%s: %s", v.name, f.kind)
	switch f.kind {
	case KindKilled:
		err = b.kill(ctx, f, v, held)
	case KindFrozen:
		err = b.freeze(ctx, v, held, b.leases(frozenMin, frozenMax, f.moment))
	case KindStalled:
		err = b.freeze(ctx, v, held, b.leases(stalledMin, stalledMax, f.moment))
	case KindLeft:
		if err = v.stop(ctx); err == nil {
			err = errors.Join(pause(ctx, b.leases(0, leftMax, f.moment)), v.start(ctx))
		}
	}
	b.note("%s: back", v.name)
	return fleet.named(v, err)
}

// note writes into the log of what was done, by the clock of the servers' logs.
func (b *breaker) note(format string, args ...any) {
	fmt.Fprintf(b.log, "%s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), fmt.Sprintf(format, args...))
}

// owner is the node to which it is done: one that holds shards. It waits for one to do so.
func (b *breaker) owner(ctx context.Context, f fault) (*victim, map[int]string, error) {
	fleet := b.run.fleet
	for {
		held, err := fleet.redis.holders(ctx)
		var owners []*victim
		for _, v := range fleet.nodes {
			if len(heldBy(held, v.name)) > 0 {
				owners = append(owners, v)
			}
		}
		if len(owners) > 0 {
			return owners[f.node%len(owners)], held, nil
		}
		if gone := pause(ctx, againEvery); gone != nil {
			return nil, nil, errors.Join(gone, err)
		}
	}
}

// kill kills a node, starts it again on the same folder, and measures for how long games stood still.
func (b *breaker) kill(ctx context.Context, f fault, v *victim, held map[int]string) error {
	if err := v.kill(); err != nil {
		return err
	}
	dead := time.Now()
	b.run.still.begin(dead)
	b.note("%s: dead", v.name)
	if err := b.noteOutage(ctx, v, dead, held); err != nil {
		return err
	}
	if f.moment >= atOnce {
		if err := pause(ctx, b.leases(deadMin, deadMax, (f.moment-atOnce)/(1-atOnce))); err != nil {
			return err
		}
	}
	if err := v.start(ctx); err != nil {
		return err
	}
	longest, stuck := b.run.still.end(ctx)
	b.note("%s: the last game went on after %v, %d games have not", v.name, longest.Round(time.Millisecond), stuck)
	b.longs, b.stuck = append(b.longs, longest), b.stuck+stuck
	return ctx.Err()
}

// freeze freezes a node and wakes it.
func (b *breaker) freeze(ctx context.Context, v *victim, held map[int]string, length time.Duration) error {
	if err := v.process.Freeze(); err != nil {
		return err
	}
	b.note("%s: frozen, for %v", v.name, length.Round(time.Millisecond))
	if length > stallMax {
		if err := b.noteOutage(ctx, v, time.Now(), held); err != nil {
			return errors.Join(err, v.process.Thaw())
		}
	}
	err := errors.Join(pause(ctx, length), v.process.Thaw())
	b.run.fleet.returned()
	return err
}

func (b *breaker) killRedis(ctx context.Context, f fault) error {
	redis := b.run.fleet.redis
	b.note("%s", f.kind)
	defer b.note("Redis: back")
	if err := redis.process.Kill(); err != nil {
		return err
	}
	if err := pause(ctx, b.leases(0, redisMax, f.moment)); err != nil {
		return err
	}
	err := redis.start(ctx)
	b.run.fleet.returned()
	return err
}

package crashtest

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is the moment at which the server is killed.
type Kind string

// The kinds of kills.
const (
	KindPlaying   Kind = "while playing"   // at any moment
	KindStarting  Kind = "while starting"  // before it was ready
	KindReturning Kind = "while returning" // within 150 ms after that, when the clients come back
	KindSnapshot  Kind = "in a snapshot"   // as soon as it is seen to have begun one
	KindTrim      Kind = "in a trim"       // likewise of a trim of the journal
)

// kinds are how many of a hundred kills are of which kind.
var kinds = []struct {
	kind  Kind
	share int
}{{KindPlaying, 35}, {KindStarting, 15}, {KindReturning, 20}, {KindSnapshot, 15}, {KindTrim, 15}}

// The moments of kills.
const (
	playingMax   = 1500 * time.Millisecond // after the server is ready
	returningMax = 150 * time.Millisecond
	lookingMax   = 2 * time.Second // for a snapshot or a trim to begin
)

// plan is when the server is to be killed next.
type plan struct {
	kind   Kind
	moment float64 // from 0 to 1, of the time that the kind allows
}

func nextKill(random *rand.Rand) plan {
	n := random.IntN(100)
	for _, each := range kinds {
		if n -= each.share; n < 0 {
			return plan{each.kind, random.Float64()}
		}
	}
	panic("crashtest: the shares are less than a hundred")
}

// of is that part of a time.
func (p plan) of(most time.Duration) time.Duration { return time.Duration(p.moment * float64(most)) }

// killer lives and ends the lives of the server.
type killer struct {
	victim *victim
	random *rand.Rand
	starts []time.Duration // from launch to ready
}

// once starts the server and kills it, at a moment by chance. The server does not run before.
func (k *killer) once(ctx context.Context) (Kind, error) {
	p := nextKill(k.random)
	began := time.Now()
	if err := k.victim.launch(); err != nil {
		return "", err
	}
	if p.kind == KindStarting {
		before, cancel := context.WithTimeout(ctx, p.of(k.usualStart()))
		err := k.victim.ready(before)
		cancel()
		switch {
		case err != nil && (ctx.Err() != nil || k.victim.crashed()):
			return "", err
		case err != nil:
			return KindStarting, k.victim.kill()
		}
		p.kind = KindReturning // it was faster than usual
	} else if err := k.victim.ready(ctx); err != nil {
		return "", err
	}
	k.starts = append(k.starts, time.Since(began))
	kind, err := k.wait(ctx, p)
	switch {
	case err != nil:
		return "", err
	case k.victim.crashed():
		return "", errCrashed
	}
	return kind, k.victim.kill()
}

// wait waits for the moment of the plan, and says which kind of moment it has become.
func (k *killer) wait(ctx context.Context, p plan) (Kind, error) {
	switch p.kind {
	case KindReturning:
		return p.kind, pause(ctx, p.of(returningMax))
	case KindSnapshot, KindTrim:
		if err := pause(ctx, p.of(playingMax/2)); err != nil {
			return "", err
		}
		metric := map[Kind]string{KindSnapshot: "plywire_shard_snapshots_total", KindTrim: "plywire_shard_trims_total"}[p.kind]
		looking, cancel := context.WithTimeout(ctx, lookingMax)
		defer cancel()
		if k.victim.awaitMore(looking, metric) == nil {
			return p.kind, nil
		}
		return KindPlaying, ctx.Err()
	}
	return KindPlaying, pause(ctx, p.of(playingMax))
}

// usualStart is the median time from launch to ready.
func (k *killer) usualStart() time.Duration {
	if len(k.starts) == 0 {
		return 100 * time.Millisecond
	}
	sorted := slices.Sorted(slices.Values(k.starts))
	return sorted[len(sorted)/2]
}

// pause waits for that time.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

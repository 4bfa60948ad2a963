// Package twinregistry is a cluster.Registry in memory, for tests and simulations: its clock is handed in, and it fails when
// told to. Nodes of one process share it. Nothing of it outlives the process: it must never serve nodes that are several.
package twinregistry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/plywire/plywire/cluster"
)

// Config configures a Registry. The zero value is invalid.
type Config struct {
	Shards int

	// Now is the registry's clock; nil for time.Now.
	Now func() time.Time

	// Fault, when not nil, is asked once for every call that is well formed, and says what goes wrong with it. It must not
	// call the registry, and must be safe for concurrent use if the callers are many.
	Fault func(Call) Fault
}

// Call is what a Fault is asked about.
type Call struct {
	Method string // of cluster.Registry: "Renew", "Claim", "Pass", "Withdraw", "Pin"
	ID     string // of the member who calls: of Pass the one that it is from, of Pin empty
}

// Fault is what goes wrong with one call.
type Fault uint8

// The faults.
const (
	FaultNone    Fault = iota
	FaultLost          // nothing happens; the caller hears ErrFault
	FaultApplied       // it is done; the caller hears ErrFault
	FaultHang          // nothing happens until the caller's context ends, and then neither; he hears ErrFault and the cause
)

// ErrFault is what a caller hears whose call went wrong as told: he cannot know whether it was done.
var ErrFault = errors.New("twinregistry: as the fault says")

// Registry is a cluster.Registry in memory.
type Registry struct {
	cfg Config

	mu       sync.Mutex // guards what follows; never held while a Fault runs
	contents contents
	drawn    uint64 // the last version there ever was, also of contents that are gone
}

var _ cluster.Registry = (*Registry)(nil)

// New returns a registry without any contents.
func New(cfg Config) (*Registry, error) {
	if cfg.Shards < 1 {
		return nil, fmt.Errorf("twinregistry: Shards is %d, want at least 1", cfg.Shards)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Registry{cfg: cfg}
	r.Empty()
	return r, nil
}

// Empty takes all contents away, as from a server that comes back without its disk.
func (r *Registry) Empty() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.contents = contents{members: make(map[string]member), holders: make([]string, r.cfg.Shards), pins: make(map[int]string)}
}

// Save remembers the contents. restore brings them back, as a replica that is behind does when it is promoted. It may be
// called several times.
func (r *Registry) Save() (restore func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	saved := r.contents.clone()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.contents = saved.clone()
	}
}

// Renew implements cluster.Registry.
func (r *Registry) Renew(ctx context.Context, me cluster.Member, lease time.Duration, known uint64) (cluster.View, error) {
	var view cluster.View
	err := r.call(ctx, Call{"Renew", me.ID}, errors.Join(me.Check(), cluster.CheckLease(lease)), func(now time.Time) error {
		view = r.renew(now, me, lease, known)
		return nil
	})
	if err != nil {
		return cluster.View{}, fmt.Errorf("renew the lease of %s: %w", me.ID, err)
	}
	return view, nil
}

// Claim implements cluster.Registry. It returns the shards by number.
func (r *Registry) Claim(ctx context.Context, id string, shards []int) ([]int, error) {
	var held []int
	fault := cluster.CheckID(id)
	for _, shard := range shards {
		fault = errors.Join(fault, cluster.CheckShard(shard, r.cfg.Shards))
	}
	err := r.call(ctx, Call{"Claim", id}, fault, func(now time.Time) (err error) {
		held, err = r.claim(now, id, shards)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim shards for %s: %w", id, err)
	}
	return held, nil
}

// Pass implements cluster.Registry.
func (r *Registry) Pass(ctx context.Context, shard int, from, to string) error {
	fault := errors.Join(cluster.CheckShard(shard, r.cfg.Shards), cluster.CheckID(from), cluster.CheckID(to))
	err := r.call(ctx, Call{"Pass", from}, fault, func(now time.Time) error { return r.pass(now, shard, from, to) })
	if err != nil {
		return fmt.Errorf("pass shard %d from %s to %s: %w", shard, from, to, err)
	}
	return nil
}

// Withdraw implements cluster.Registry.
func (r *Registry) Withdraw(ctx context.Context, id string) error {
	err := r.call(ctx, Call{"Withdraw", id}, cluster.CheckID(id), func(time.Time) error {
		delete(r.contents.members, id)
		return nil
	})
	if err != nil {
		return fmt.Errorf("withdraw %s: %w", id, err)
	}
	return nil
}

// Pin implements cluster.Registry.
func (r *Registry) Pin(ctx context.Context, shard int, name string) error {
	fault := errors.Join(cluster.CheckShard(shard, r.cfg.Shards), cluster.CheckName(name))
	err := r.call(ctx, Call{Method: "Pin"}, fault, func(time.Time) error {
		if r.contents.pins[shard] == name {
			return nil
		}
		if r.contents.pins[shard] = name; name == "" {
			delete(r.contents.pins, shard)
		}
		r.change()
		return nil
	})
	if err != nil {
		return fmt.Errorf("pin shard %d to %q: %w", shard, name, err)
	}
	return nil
}

// call does what it is given, unless it is malformed or something goes wrong with it. do runs while r.mu is held.
func (r *Registry) call(ctx context.Context, call Call, malformed error, do func(now time.Time) error) error {
	if err := errors.Join(malformed, ctx.Err()); err != nil {
		return err
	}
	fault := FaultNone
	if r.cfg.Fault != nil {
		fault = r.cfg.Fault(call)
	}
	switch fault {
	case FaultLost:
		return ErrFault
	case FaultHang:
		<-ctx.Done()
		return fmt.Errorf("%w: %w", ErrFault, context.Cause(ctx))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := do(r.cfg.Now())
	if fault == FaultApplied {
		return fmt.Errorf("%w (it came to %v)", ErrFault, err)
	}
	return err
}

package twinregistry_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/cluster/registrytest"
	"github.com/plywire/plywire/cluster/twinregistry"
)

// clock is one that a test sets forward.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t *testing.T, cfg twinregistry.Config) *twinregistry.Registry {
	t.Helper()
	r, err := twinregistry.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRegistry(t *testing.T) {
	registrytest.Run(t, func(t *testing.T) registrytest.Rig {
		c := &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
		r := open(t, twinregistry.Config{Shards: 16, Now: c.Now})
		return registrytest.Rig{
			Registry: r, Shards: 16, Lease: time.Second,
			Pass:  func(_ *testing.T, d time.Duration) { c.pass(d) },
			Empty: func(*testing.T) { r.Empty() },
			Save:  func(*testing.T) func() { return r.Save() },
		}
	})
}

func TestConfigWithoutShards(t *testing.T) {
	if _, err := twinregistry.New(twinregistry.Config{}); err == nil || !strings.Contains(err.Error(), "Shards") {
		t.Errorf("New says %v, want a fault of Shards", err)
	}
}

// A lease ends at its last instant, and a member leaves the view a minute after it.
func TestToTheInstant(t *testing.T) {
	c := &clock{now: time.Unix(0, 0)}
	r := open(t, twinregistry.Config{Shards: 4, Now: c.Now})
	a, b := cluster.Member{ID: "a"}, cluster.Member{ID: "b"}
	look := func() cluster.View {
		t.Helper()
		view, err := r.Renew(t.Context(), b, time.Hour, 0)
		if err != nil {
			t.Fatal(err)
		}
		return view
	}
	if _, err := r.Renew(t.Context(), a, time.Second, 0); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Second - 1)
	if left := look().Members[0].Left; left != 1 {
		t.Errorf("an instant before its end the lease has %v left", left)
	}
	if _, err := r.Claim(t.Context(), "a", []int{1}); err != nil {
		t.Error(err)
	}
	c.pass(1)
	if left := look().Members[0].Left; left != 0 {
		t.Errorf("at its end the lease has %v left", left)
	}
	if _, err := r.Claim(t.Context(), "a", []int{2}); !errors.Is(err, cluster.ErrNoMember) {
		t.Errorf("at its lease's end a member claims: %v", err)
	}
	c.pass(time.Minute - 1)
	if view := look(); len(view.Members) != 2 {
		t.Errorf("within a minute the members are %+v", view.Members)
	}
	c.pass(1)
	if view := look(); len(view.Members) != 1 || view.Holders[1] != "a" {
		t.Errorf("after a minute the view is %+v", view)
	}
}

// TestFaults lets each fault happen to each method of one member, and looks what came of it.
func TestFaults(t *testing.T) {
	a, b := cluster.Member{ID: "a"}, cluster.Member{ID: "b", Name: "later"}
	for method, test := range map[string]struct {
		do   func(ctx context.Context, r cluster.Registry) error
		done func(view cluster.View) bool
	}{
		"Renew": {func(ctx context.Context, r cluster.Registry) error {
			_, err := r.Renew(ctx, b, time.Hour, 0)
			return err
		}, func(view cluster.View) bool { return view.Members[1].Name == "later" }},
		"Claim": {func(ctx context.Context, r cluster.Registry) error {
			_, err := r.Claim(ctx, "b", []int{2})
			return err
		}, func(view cluster.View) bool { return view.Holders[2] == "b" }},
		"Pass": {func(ctx context.Context, r cluster.Registry) error { return r.Pass(ctx, 1, "b", "a") },
			func(view cluster.View) bool { return view.Holders[1] == "a" }},
		"Withdraw": {func(ctx context.Context, r cluster.Registry) error { return r.Withdraw(ctx, "b") },
			func(view cluster.View) bool { return len(view.Members) == 1 }},
		"Pin": {func(ctx context.Context, r cluster.Registry) error { return r.Pin(ctx, 3, "x") },
			func(view cluster.View) bool { return view.Pins[3] == "x" }},
	} {
		for fault, happens := range map[twinregistry.Fault]bool{twinregistry.FaultNone: true, twinregistry.FaultLost: false,
			twinregistry.FaultApplied: true, twinregistry.FaultHang: false} {
			t.Run(method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					armed := false
					r := open(t, twinregistry.Config{Shards: 4, Fault: func(call twinregistry.Call) twinregistry.Fault {
						if armed && call.Method == method && (call.ID == "b" || method == "Pin") {
							return fault
						}
						return twinregistry.FaultNone
					}})
					if _, err := r.Renew(t.Context(), cluster.Member{ID: "b"}, time.Hour, 0); err != nil {
						t.Fatal(err)
					}
					if _, err := r.Renew(t.Context(), a, time.Hour, 0); err != nil {
						t.Fatal(err)
					}
					if _, err := r.Claim(t.Context(), "b", []int{1}); err != nil {
						t.Fatal(err)
					}
					armed = true
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					begun := time.Now()
					err := test.do(ctx, r)
					if waited := time.Since(begun); (waited == time.Minute) != (fault == twinregistry.FaultHang) {
						t.Errorf("fault %d: the call took %v", fault, waited)
					}
					if (fault == twinregistry.FaultNone) != (err == nil) || err != nil && !errors.Is(err, twinregistry.ErrFault) {
						t.Errorf("fault %d: %v", fault, err)
					}
					if errors.Is(err, context.DeadlineExceeded) != (fault == twinregistry.FaultHang) {
						t.Errorf("fault %d: %v", fault, err)
					}
					view, err := r.Renew(t.Context(), a, time.Hour, 0)
					if err != nil || test.done(view) != happens {
						t.Errorf("fault %d: the view is %+v (%v), want it done: %t", fault, view, err, happens)
					}
				})
			})
		}
	}
}

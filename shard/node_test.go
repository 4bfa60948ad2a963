package shard_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

func TestConfigReportsEveryFault(t *testing.T) {
	must(t, shard.DefaultConfig().Validate())
	err := shard.Config{}.Validate()
	for _, want := range []string{"mailbox", "batch entries", "batch bytes", "snapshot events", "upkeep", "passivation", "slow turn", "retries", "stall", "parallel"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %q", err, want)
		}
	}
	if _, err := shard.NewNode(shard.Config{}, nil, nil, nil, shard.RealTime(), prometheus.NewRegistry(), zerolog.Nop()); err == nil {
		t.Error("a node with a configuration that is invalid")
	}
}

func TestNothingIsServedBeforeStart(t *testing.T) {
	r := newRig(t, nil)
	r.prepare()
	if err := r.node.Send(shard.Command{Actor: a, Body: look{}}); !errors.Is(err, shard.ErrUnavailable) {
		t.Fatalf("Send before Start: %v", err)
	}
	if err := r.node.Post(shard.Command{Actor: a, Body: look{}}); !errors.Is(err, shard.ErrUnavailable) {
		t.Fatalf("Post before Start: %v", err)
	}
	if r.node.Status()[0].Served {
		t.Fatal("a shard is served before Start")
	}
}

// All shards are served at the same time: while one is being recovered, no clock runs in the others.
func TestShardsAreServedTogether(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shards, s.manual = 4, false })
	start := r.clock.Now()
	r.done(a, wake{start.Add(10 * time.Second)})
	r.world.calls = nil
	r.wrap = func(inner shard.Store) shard.Store {
		return &recovering{inner, func() {
			if got := len(r.world.of(a, "thaw")); got != 0 {
				t.Error("an actor is served while other shards are being recovered")
			}
			r.clock.stall(20 * time.Second)
		}}
	}
	r.crash(0)
	if thaws := r.world.of(a, "thaw"); len(thaws) != 1 || !thaws[0].now.Equal(start.Add(80*time.Second)) {
		t.Fatalf("thawed %v, want once, after all recoveries", thaws)
	}
	r.clock.pass(time.Minute)
	r.ticks(a, start, 90*time.Second)
}

// recovering is a store that calls a function before each recovery.
type recovering struct {
	shard.Store
	before func()
}

func (s *recovering) Recover(ctx context.Context, index int, token shard.Token) (shard.Recovery, error) {
	s.before()
	return s.Store.Recover(ctx, index, token)
}

func TestStartFails(t *testing.T) {
	r := newRig(t, nil)
	r.prepare()
	must(t, r.store.Close())
	if err := r.node.Start(r.Context()); !errors.Is(err, shard.ErrClosed) {
		t.Fatalf("Start: %v, want %v", err, shard.ErrClosed)
	}
}

func TestStatus(t *testing.T) {
	r := newRig(t, func(s *setup) { s.shards = 4 })
	for i := range byte(40) {
		r.done(shard.ID{1, i}, note{1})
	}
	sum := 0
	for i, status := range r.node.Status() {
		if status.Index != i || !status.Served || status.Loaded < 3 || status.Queued != 0 {
			t.Errorf("shard %d is %+v", i, status)
		}
		sum += status.Loaded
	}
	if sum != 40 || r.node.Loaded() != 40 || r.node.Queued() != 0 {
		t.Errorf("%d and %d actors in memory, want 40; %d commands wait", sum, r.node.Loaded(), r.node.Queued())
	}
	var seen int
	w := &answer{then: func() {
		must(t, r.node.Send(shard.Command{Actor: a, Body: look{}}))
		seen = r.node.Queued()
	}}
	must(t, r.node.Send(shard.Command{Actor: a, Body: look{}, Sender: w}))
	r.clock.settle()
	if seen != 1 {
		t.Errorf("%d commands wait, want 1", seen)
	}
}

// The lag is that of the oldest batch that is not known to be durable, also when it is put again.
func TestLag(t *testing.T) {
	refuse := true
	r := newRig(t, func(s *setup) {
		s.fault = func() twinstore.Fault {
			if refuse {
				refuse = false
				return twinstore.FaultRefuse
			}
			return twinstore.FaultNone
		}
	})
	lag := func(want time.Duration) {
		t.Helper()
		if got := r.node.Status()[0].Lag; got != want {
			t.Errorf("the lag is %v, want %v", got, want)
		}
	}
	lag(0)
	r.send(a, note{1})
	lag(0)
	r.clock.pass(100 * time.Millisecond)
	r.send(b, note{2})
	lag(100 * time.Millisecond)
	r.step() // and is refused
	r.clock.pass(200 * time.Millisecond)
	lag(300 * time.Millisecond)
	r.step()
	lag(0) // of the next batch
	r.clock.pass(50 * time.Millisecond)
	lag(50 * time.Millisecond)
	r.stepAll()
	lag(0)
	r.send(a, note{3})
	r.clock.pass(50 * time.Millisecond)
	_, err := r.store.Acquire(t.Context(), 0)
	must(t, err)
	r.stepAll()
	r.clock.pass(time.Second)
	lag(0) // it was fenced
}

func TestStuckShardIsReported(t *testing.T) {
	r := newRig(t, func(s *setup) { s.manual = false })
	var lines strings.Builder
	r.log = zerolog.New(&lines)
	r.crash(0)
	r.send(b, look{}).ok(t)
	w := &answer{then: func() { r.clock.pass(5 * time.Second) }} // the pulses come while the actor's answer takes its time
	must(t, r.node.Send(shard.Command{Actor: a, Body: look{}, Sender: w}))
	r.clock.settle()
	if n := strings.Count(lines.String(), "shard is busy with one actor"); n != 1 || !strings.Contains(lines.String(), a.String()) {
		t.Fatalf("reported %d times, want once, with the actor:\n%s", n, lines.String())
	}
	r.metricIs("slow_turns_total", 1)
	lines.Reset()
	r.send(b, slow{time.Second})
	if !strings.Contains(lines.String(), "actor is slow") || !strings.Contains(lines.String(), b.String()) {
		t.Fatalf("a slow actor is not reported:\n%s", lines.String())
	}
}

func TestLatencyIsMeasuredToTheAnswer(t *testing.T) {
	r := newRig(t, nil)
	at := r.clock.Now()
	r.sendAt(a, note{1}, at)
	r.clock.pass(300 * time.Millisecond)
	r.stepAll()
	families, err := r.metrics.Gather()
	must(t, err)
	for _, family := range families {
		h := family.GetMetric()[0].GetHistogram()
		switch family.GetName() {
		case "plywire_shard_command_seconds", "plywire_shard_commit_seconds":
			if h.GetSampleCount() != 1 || h.GetSampleSum() < 0.29 || h.GetSampleSum() > 0.31 {
				t.Errorf("%s has %d samples of together %vs, want one of 0.3", family.GetName(), h.GetSampleCount(), h.GetSampleSum())
			}
		}
	}
}

package bench

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/plywire/plywire/bench/swarm"
)

// troupe is several Handlers on one swarm. Each connection's Data says whose it is.
type troupe []swarm.Handler

// owned is the Data of a connection.
type owned interface{ owner() swarm.Handler }

func (p *player) owner() swarm.Handler { return p.pair.duel }

// Begin begins them all.
func (t troupe) Begin() {
	for _, part := range t {
		part.Begin()
	}
}

// Opened hands on.
func (t troupe) Opened(c *swarm.Conn) { c.Data.(owned).owner().Opened(c) }

// Received hands on.
func (t troupe) Received(c *swarm.Conn, text []byte) { c.Data.(owned).owner().Received(c, text) }

// Closed hands on.
func (t troupe) Closed(c *swarm.Conn, err error) { c.Data.(owned).owner().Closed(c, err) }

// Wake wakes them all, when the first of them wants to be woken.
func (t troupe) Wake(now time.Time) (first time.Time) {
	for _, part := range t {
		if at := part.Wake(now); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// fault is the first thing that went wrong. It is safe for concurrent use.
type fault struct{ first atomic.Pointer[error] }

func (f *fault) fail(err error) { f.first.CompareAndSwap(nil, &err) }

func (f *fault) err() error {
	if err := f.first.Load(); err != nil {
		return *err
	}
	return nil
}

// recorder collects latencies while it is on. It is safe for concurrent use.
type recorder struct {
	mu   sync.Mutex
	on   bool
	hist *hdrhistogram.Histogram
}

// begin forgets what there is and records from now on.
func (r *recorder) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.hist = true, newHistogram()
}

// end records no more and returns what there is.
func (r *recorder) end() Latency {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	return latencyOf(r.hist)
}

// latencyOf is what a histogram of microseconds says.
func latencyOf(hist *hdrhistogram.Histogram) Latency {
	ms := func(q float64) float64 { return float64(hist.ValueAtQuantile(q)) / 1000 }
	l := Latency{Count: hist.TotalCount(), P50: ms(50), P99: ms(99), P999: ms(99.9), Most: ms(100)}
	for _, q := range quantiles {
		l.Distribution = append(l.Distribution, Point{q, ms(q)})
	}
	return l
}

func (r *recorder) add(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		record(r.hist, d)
	}
}

func record(hist *hdrhistogram.Histogram, d time.Duration) {
	_ = hist.RecordValue(min(max(d.Microseconds(), 1), latencyMax)) // in range: it cannot fail
}

// latencies puts some together.
func latencies(all iter.Seq[time.Duration]) Latency {
	hist := newHistogram()
	for d := range all {
		record(hist, d)
	}
	return latencyOf(hist)
}

// each is a duration of each of them.
func each[T any](all []T, of func(T) time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for _, one := range all {
			if !yield(of(one)) {
				return
			}
		}
	}
}

func same(d time.Duration) time.Duration { return d }

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, latencyMax, latencyDigits) }

// Latencies are recorded in microseconds, up to a minute, with three significant digits.
const (
	latencyMax    = 60_000_000
	latencyDigits = 3
)

// quantiles are the points of a distribution that are kept.
var quantiles = []float64{1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100}

// Latency is how long something took, in milliseconds, from when it was due.
type Latency struct {
	Count        int64   `json:"count"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	P999         float64 `json:"p999_ms"`
	Most         float64 `json:"max_ms"`
	Distribution []Point `json:"distribution"`
}

// Point is one point of a distribution.
type Point struct {
	Quantile     float64 `json:"quantile"`
	Milliseconds float64 `json:"ms"`
}

// launch runs a swarm for the handler. stop ends it, and may be called again.
func launch(ctx context.Context, handler swarm.Handler, f *fault, into ...**swarm.Swarm) (stop func(), err error) {
	s, err := swarm.New(handler)
	if err != nil {
		return nil, err
	}
	for _, each := range into {
		*each = s
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(running); err != nil {
			f.fail(err)
		}
		s.Close()
	}()
	return func() {
		cancel()
		<-done
	}, nil
}

// until waits until what is closed, or for the time if what is nil. It ends early with a failure.
func until(ctx context.Context, what <-chan struct{}, f *fault, most time.Duration) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(most); ; {
		select {
		case <-what:
			return nil
		case <-end:
			if what == nil {
				return f.err()
			}
			return fmt.Errorf("not ready within %v", most)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if err := f.err(); err != nil {
				return err
			}
		}
	}
}

// beginMax is how long it may take until everybody is there.
const beginMax = 2 * time.Minute

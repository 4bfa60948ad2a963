package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/plywire/plywire/bench/swarm"
)

// Cost is what was measured in one round of moves against one server.
type Cost struct {
	Server     string  `json:"server"` // "relay" or "plywire"
	Load       string  `json:"load"`   // "5000/s", "flat out"
	Rate       float64 `json:"rate"`   // moves a second asked for; 0: flat out
	Games      int     `json:"games"`
	Round      int     `json:"round"`
	Moves      int64   `json:"moves"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"moves_per_second"`
	CPU        float64 `json:"cpu_us_per_move"`           // of the server
	Generator  float64 `json:"generator_cpu_us_per_move"` // of the load generator
	Busy       float64 `json:"generator_busy"`            // share of one CPU that the load generator used
	Mallocs    float64 `json:"allocations_per_move"`      // of the server
	PerSync    float64 `json:"moves_per_sync,omitempty"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	P999       float64 `json:"p999_ms"`
	Most       float64 `json:"max_ms"`
	Percentile []Point `json:"latencies"`
	Behind     int64   `json:"behind"` // moves that were due and could not be played at the end, because no game was ready
}

// Point is one point of the distribution of latencies.
type Point struct {
	Quantile     float64 `json:"quantile"`
	Milliseconds float64 `json:"ms"`
}

// quantiles are the points of a distribution that are kept.
var quantiles = []float64{1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100}

// cost measures moves at every rate, relay and server in turns.
func (r *run) cost(ctx context.Context) error {
	for round := 1; round <= r.config.Rounds; round++ {
		for _, rate := range r.config.Rates {
			for _, server := range []string{"relay", "plywire"} {
				l := load{games: r.config.Games, rate: rate}
				c, err := r.measure(ctx, server, l)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", server, l, err)
				}
				c.Round = round
				r.report.Cost = append(r.report.Cost, c)
				r.say("round %d  %-8s %-9s %8.0f moves/s  %6.1f µs CPU a move  p50 %6.2f  p99 %6.2f ms  generator %.0f %% of a CPU", round, c.Load,
					server, c.PerSecond, c.CPU, c.P50, c.P99, 100*c.Busy)
			}
		}
	}
	return nil
}

// measure plays moves against a fresh server.
func (r *run) measure(ctx context.Context, server string, l load) (_ Cost, err error) {
	var s *subject
	var how dialect = bare{}
	if server == "relay" {
		s, err = r.relaySubject(ctx)
	} else {
		how = plywire{}
		var folder string
		if folder, err = r.folder("cost"); err != nil {
			return Cost{}, err
		}
		defer os.RemoveAll(folder)
		s, err = r.plywireSubject(ctx, folder)
	}
	if err != nil {
		return Cost{}, err
	}
	defer func() { err = errors.Join(err, s.process.Kill()) }()
	d := newDuel(s.address, l, how, r.scripts)
	c, err := r.play(ctx, d, s)
	c.Server, c.Load, c.Rate, c.Games = server, l.String(), l.rate, l.games
	return c, err
}

// play runs the duel, and measures after the warm-up.
func (r *run) play(ctx context.Context, d *duel, s *subject) (Cost, error) {
	stop, err := r.begin(ctx, d)
	if err != nil {
		return Cost{}, err
	}
	defer stop()
	if err := d.wait(ctx, r.config.Warmup); err != nil {
		return Cost{}, err
	}
	before, err := s.sample()
	if err != nil {
		return Cost{}, err
	}
	d.measuring.Store(true)
	err = d.wait(ctx, r.config.Duration)
	d.measuring.Store(false)
	if err != nil {
		return Cost{}, err
	}
	after, err := s.sample()
	if err != nil {
		return Cost{}, err
	}
	stop() // from here on nobody else looks at the latencies
	return d.costs(before, after), d.err()
}

// begin runs the duel, and returns when all games have begun. stop ends it, and may be called again.
func (r *run) begin(ctx context.Context, d *duel) (stop func(), err error) {
	if d.swarm, err = swarm.New(d); err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := d.swarm.Run(running); err != nil {
			d.fail(err)
		}
		d.swarm.Close()
	}()
	stop = func() {
		cancel()
		<-done
	}
	if err := d.wait(ctx, 0); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// beginMax is how long it may take until all games have begun.
const beginMax = 2 * time.Minute

// wait waits until all games have begun, or for a time if that is given.
func (d *duel) wait(ctx context.Context, t time.Duration) error {
	begun, end := d.begun, time.After(t)
	if t == 0 {
		end = time.After(beginMax)
	} else {
		begun = nil
	}
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-begun:
			return nil
		case <-end:
			if t == 0 {
				return fmt.Errorf("not all games have begun within %v", beginMax)
			}
			return d.err()
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if err := d.err(); err != nil {
				return err
			}
		}
	}
}

func (d *duel) costs(before, after sample) Cost {
	moves := d.moves.Load()
	n := float64(max(moves, 1))
	took := after.at.Sub(before.at)
	micros := func(t time.Duration) float64 { return float64(t) / float64(time.Microsecond) }
	c := Cost{Moves: moves, Seconds: took.Seconds(), PerSecond: n / took.Seconds(),
		CPU: micros(after.cpu-before.cpu) / n, Generator: micros(after.own-before.own) / n,
		Busy: (after.own - before.own).Seconds() / took.Seconds(), Mallocs: (after.mallocs - before.mallocs) / n, Behind: d.backlog.Load()}
	if syncs := after.syncs - before.syncs; syncs > 0 {
		c.PerSync = n / syncs
	}
	ms := func(q float64) float64 { return float64(d.latencies.ValueAtQuantile(q)) / 1000 }
	c.P50, c.P99, c.P999, c.Most = ms(50), ms(99), ms(99.9), ms(100)
	for _, q := range quantiles {
		c.Percentile = append(c.Percentile, Point{q, ms(q)})
	}
	return c
}

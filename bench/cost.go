package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Cost is what was measured in one round of moves against one server.
type Cost struct {
	Server    string  `json:"server"` // "relay" or "plywire"
	Load      string  `json:"load"`   // "5000/s", "flat out"
	Rate      float64 `json:"rate"`   // moves a second asked for; 0: flat out
	Games     int     `json:"games"`
	Round     int     `json:"round"`
	Moves     int64   `json:"moves"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"moves_per_second"`
	CPU       float64 `json:"cpu_us_per_move"`           // of the server
	Generator float64 `json:"generator_cpu_us_per_move"` // of the load generator
	Busy      float64 `json:"generator_busy"`            // share of one CPU that the load generator used
	Mallocs   float64 `json:"allocations_per_move"`      // of the server
	PerSync   float64 `json:"moves_per_sync,omitempty"`
	Latency   Latency `json:"latency"` // from when a move was due until both players and the mover's ok had it
	Behind    int64   `json:"behind"`  // moves that were due and could not be played at the end, because no game was ready
}

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
					server, c.PerSecond, c.CPU, c.Latency.P50, c.Latency.P99, 100*c.Busy)
			}
		}
	}
	return nil
}

// measure plays moves against a fresh server.
func (r *run) measure(ctx context.Context, server string, l load) (_ Cost, err error) {
	s, err := r.start(ctx, server)
	if err != nil {
		return Cost{}, err
	}
	defer func() { err = errors.Join(err, s.process.Kill()) }()
	var how dialect = plywire{}
	if server == "relay" {
		how = bare{}
	}
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
	if err := until(ctx, nil, &d.fault, r.config.Warmup); err != nil {
		return Cost{}, err
	}
	before, err := s.sample()
	if err != nil {
		return Cost{}, err
	}
	d.recorder.begin()
	err = until(ctx, nil, &d.fault, r.config.Duration)
	latency := d.recorder.end()
	if err != nil {
		return Cost{}, err
	}
	after, err := s.sample()
	if err != nil {
		return Cost{}, err
	}
	c := costs(latency.Count, before, after)
	c.Latency, c.Behind = latency, d.backlog.Load()
	return c, d.fault.err()
}

// begin runs the duel, and returns when all games have begun. stop ends it, and may be called again.
func (r *run) begin(ctx context.Context, d *duel) (stop func(), err error) {
	if stop, err = launch(ctx, d, &d.fault, &d.swarm); err != nil {
		return nil, err
	}
	if err := until(ctx, d.begun, &d.fault, beginMax); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func costs(moves int64, before, after sample) Cost {
	n := float64(max(moves, 1))
	took := after.at.Sub(before.at)
	micros := func(t time.Duration) float64 { return float64(t) / float64(time.Microsecond) }
	c := Cost{Moves: moves, Seconds: took.Seconds(), PerSecond: n / took.Seconds(),
		CPU: micros(after.cpu-before.cpu) / n, Generator: micros(after.own-before.own) / n,
		Busy: (after.own - before.own).Seconds() / took.Seconds(), Mallocs: (after.mallocs - before.mallocs) / n}
	if syncs := after.syncs - before.syncs; syncs > 0 {
		c.PerSync = n / syncs
	}
	return c
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Hop is what was measured in one round of moves in games whose players are all on one node of two.
type Hop struct {
	Where     string  `json:"where"` // "owner": the players are on the node that has their games; "hop": they are on the other
	Round     int     `json:"round"`
	Games     int     `json:"games"`
	Rate      float64 `json:"rate"`
	Moves     int64   `json:"moves"`
	PerSecond float64 `json:"moves_per_second"`
	Hopped    float64 `json:"forwarded_per_move"`    // commands that the players' node has sent to the other, for each move
	Entry     float64 `json:"entry_cpu_us_per_move"` // of the node on which the players are
	Other     float64 `json:"other_cpu_us_per_move"` // of the other node
	Redis     float64 `json:"redis_cpu_us_per_move"`
	Busy      float64 `json:"generator_busy"`
	Latency   Latency `json:"latency"`
	Behind    int64   `json:"behind"`
}

// Together is the CPU that nodes and Redis use for a move, in µs.
func (h Hop) Together() float64 { return h.Entry + h.Other + h.Redis }

// The two ways of a move.
const (
	atOwner = "owner"
	byHop   = "hop"
)

// hop measures moves in games that the players' node has, and in games that the other has, in turns.
func (r *run) hop(ctx context.Context) (err error) {
	n, err := r.newNodes(ctx, clusterShards)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	entry, err := n.first(ctx)
	if err != nil {
		return err
	}
	other, err := n.start(ctx, "n2")
	if err != nil {
		return err
	}
	if err := n.settled(ctx, entry, other); err != nil {
		return err
	}
	for round := 1; round <= r.config.Rounds; round++ {
		for _, way := range [][2]string{{atOwner, "n1"}, {byHop, "n2"}} {
			where, node := way[0], way[1]
			t := r.newTour(n.shards, load{r.config.Games, r.config.Cluster.HopRate}, 0, entry.address)
			t.wants = func(shard int) bool { return n.book.holder(shard) == node }
			h, err := r.playHop(ctx, n, t, entry, other)
			if err != nil {
				return fmt.Errorf("%s: %w", where, errors.Join(err, t.fault.err()))
			}
			h.Where, h.Round, h.Games, h.Rate = where, round, r.config.Games, r.config.Cluster.HopRate
			r.cluster().Hops = append(r.cluster().Hops, h)
			r.say("round %d  %-5s %6.0f moves/s  µs CPU a move: players' node %5.1f, other node %5.1f, Redis %5.1f  p50 %.2f  p99 %.2f ms  forwarded %.2f",
				round, where, h.PerSecond, h.Entry, h.Other, h.Redis, h.Latency.P50, h.Latency.P99, h.Hopped)
		}
	}
	return nil
}

// playHop plays for a while, and measures after the warm-up.
func (r *run) playHop(ctx context.Context, n *nodes, t *tour, entry, other *subject) (h Hop, err error) {
	stop, err := t.start(ctx)
	if err != nil {
		return h, err
	}
	defer stop()
	if err := until(ctx, nil, &t.fault, r.config.Warmup); err != nil {
		return h, err
	}
	before, err := n.use(entry, other)
	if err != nil {
		return h, err
	}
	t.recorder.begin()
	err = until(ctx, nil, &t.fault, r.config.Duration/2) // a round has two ways
	h.Latency, h.Behind = t.recorder.end(), t.backlog.Load()
	if err != nil {
		return h, err
	}
	after, err := n.use(entry, other)
	if err != nil {
		return h, err
	}
	h.Moves = h.Latency.Count
	moves := float64(max(h.Moves, 1))
	micros := func(before, after time.Duration) float64 { return float64((after - before).Microseconds()) / moves }
	h.Entry, h.Other, h.Redis = micros(before.entry.cpu, after.entry.cpu), micros(before.other, after.other), micros(before.redis, after.redis)
	took := after.entry.at.Sub(before.entry.at).Seconds()
	h.PerSecond, h.Busy = moves/took, (after.entry.own-before.entry.own).Seconds()/took
	h.Hopped = (after.forwarded - before.forwarded) / moves
	if failed := t.failed.Load() + t.closed.Load(); failed > 0 {
		err = fmt.Errorf("%d moves or connections were lost", failed)
	}
	return h, err
}

// use is what two nodes and their Redis have used up to a moment.
type use struct {
	entry        sample
	other, redis time.Duration
	forwarded    float64
}

func (n *nodes) use(entry, other *subject) (u use, err error) {
	values, err := entry.scrape()
	if err != nil {
		return u, err
	}
	u.forwarded = values["plywire_cluster_forwarded_total"]
	if u.entry, err = entry.sample(); err != nil {
		return u, err
	}
	if u.other, err = other.process.CPU(); err != nil {
		return u, err
	}
	u.redis, err = n.redis.CPU()
	return u, err
}

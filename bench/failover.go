package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Failover is what players feel when a node is killed on which they are not, but some of their games.
type Failover struct {
	Nodes   int     `json:"nodes"`
	Lease   float64 `json:"lease_seconds"`
	Kills   int     `json:"kills"`
	Games   int     `json:"games"`
	Lost    int     `json:"games_lost"` // of them, at all kills, on the node that was killed
	Rate    float64 `json:"rate"`       // moves a second, over all games
	Back    Latency `json:"back"`       // from the kill until such a game's next move was complete; each has one a second due
	All     Latency `json:"all_back"`   // from the kill until the next move of every game was
	Before  Latency `json:"before"`     // moves before the kills
	Others  Latency `json:"others"`     // moves of other games from a kill until all were back
	Closed  int64   `json:"connections_closed"`
	Failed  int64   `json:"moves_failed"`
	Retried int64   `json:"moves_retried"`
}

// failover kills one of three nodes, again and again, while players on the other two move.
func (r *run) failover(ctx context.Context) (err error) {
	n, err := r.newNodes(ctx, clusterShards)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	first, err := n.first(ctx)
	if err != nil {
		return err
	}
	second, err := n.start(ctx, "n2")
	if err != nil {
		return err
	}
	if err := n.settled(ctx, first, second); err != nil {
		return err
	}
	c := r.config.Cluster
	f := Failover{Nodes: 3, Lease: c.Lease.Seconds(), Kills: r.config.Rounds, Games: c.FailoverGames, Rate: float64(c.FailoverGames)}
	t := r.newTour(clusterShards, load{f.Games, f.Rate}, 0, first.address, second.address)
	stop, err := t.start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var all outages
	for range f.Kills {
		if err := n.kill(ctx, t, &all, first, second); err != nil {
			return errors.Join(err, t.fault.err())
		}
	}
	f.Lost = len(all.back)
	f.Back, f.All = latencies(each(all.back, same)), latencies(each(all.every, same))
	f.Before, f.Others = latencies(each(all.before, play.took)), latencies(each(all.others, play.took))
	f.Closed, f.Failed, f.Retried = t.closed.Load(), t.failed.Load(), t.retried.Load()
	r.cluster().Failover = &f
	r.say("%d kills of one of three nodes, lease %v: games that it had move again after p50 %.0f p99 %.0f max %.0f ms; the others' moves p99 %.2f ms (%.2f before)",
		f.Kills, c.Lease, f.Back.P50, f.Back.P99, f.Back.Most, f.Others.P99, f.Before.P99)
	return nil
}

// outages are what was seen of all kills.
type outages struct {
	back           []time.Duration // by game that was lost
	every          []time.Duration // by kill
	before, others []play
}

// kill starts a third node, kills it when it has shards and games have gone on for a while, and waits until all are back.
func (n *nodes) kill(ctx context.Context, t *tour, all *outages, first, second *subject) error {
	third, err := n.start(ctx, "n3")
	if err != nil {
		return err
	}
	if err := n.settled(ctx, first, second, third); err != nil {
		return fmt.Errorf("a node has come, and shards do not come to rest: %w", err)
	}
	calm := time.Now()
	if err := until(ctx, nil, &t.fault, n.run.config.Warmup); err != nil {
		return err
	}
	lost := make(map[int]bool) // shards
	for shard := range n.shards {
		lost[shard] = n.book.holder(shard) == "n3"
	}
	killed := time.Now()
	if err := third.process.Kill(); err != nil {
		return err
	}
	if err := t.awaitAll(ctx, killed); err != nil {
		return fmt.Errorf("a move of every game after a kill: %w", err)
	}
	back := time.Now()
	next := make(map[int]bool) // pairs whose next move was seen
	every := time.Duration(0)
	for _, m := range t.since(calm) {
		switch {
		case m.done.Before(killed):
			all.before = append(all.before, m)
		case m.due.Before(killed): // it was under way, and its game's next move tells when that was back
		case !lost[m.shard]:
			all.others = append(all.others, m)
		case !next[m.pair]:
			all.back = append(all.back, m.done.Sub(killed))
		}
		if !m.due.Before(killed) && !next[m.pair] {
			next[m.pair] = true
			every = max(every, m.done.Sub(killed))
		}
	}
	all.every = append(all.every, every)
	n.run.say("killed: all games move again after %.2f s", back.Sub(killed).Seconds())
	return n.settled(ctx, first, second)
}

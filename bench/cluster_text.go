package bench

import "slices"

// text writes what was measured of a cluster.
func (c *Cluster) text(p func(string, ...any)) {
	if c == nil {
		return
	}
	if h := c.HandOver; h != nil {
		p("\n%d games in %d shards, at ply %d and on, %.0f moves/s; a second node came and left %d times: %d hand-overs of %d games each", h.Games, h.Shards,
			h.Plies, h.Rate, h.Joins, h.Shifted, h.Games/h.Shards)
		p("  %d connections, %d closed; %d moves failed, %d sent again", h.Connected, h.Closed, h.Failed, h.Retried)
		row(p, "nobody serves", h.Pause)
		row(p, "hand-over in all", h.Took)
		row(p, "moves before", h.Quiet)
		row(p, "moves in pauses", h.Paused)
		row(p, "  until the ok", h.Answered)
		row(p, "moves near", h.Near)
		row(p, "all moves", h.During)
	}
	if f := c.Failover; f != nil {
		p("\n%d kills of one of %d nodes, lease %.1f s; %d games, %.0f moves/s, players on the others; %d games lost their node", f.Kills, f.Nodes, f.Lease, f.Games,
			f.Rate, f.Lost)
		p("  %d connections closed; %d moves failed, %d sent again", f.Closed, f.Failed, f.Retried)
		row(p, "such a game moves", f.Back)
		row(p, "every game moves", f.All)
		row(p, "others' moves", f.Others)
		row(p, "moves before", f.Before)
	}
	if k := c.TakeOver; k != nil {
		p("\nA node with %d games of 1 to %d plies (%.1f on average; %.0f snapshots) was killed, and another took its %d shards from Redis", k.Games, k.PliesMost, k.Plies,
			k.Snapshots, k.Shards)
		p("  %.0f games in %.2f s from the first claim to the last shard served: %.0f games a second; %.1f ms a shard; %.2f s until the first claim", k.Restored,
			k.Seconds, k.PerSecond, k.EachShard, k.Absent)
	}
	c.hopText(p)
}

// row is one line of latencies, each with how many there are.
func row(p func(string, ...any), what string, l Latency) {
	p("  %-18s n %7d  p50 %8.2f  p99 %8.2f  max %8.2f ms", what, l.Count, l.P50, l.P99, l.Most)
}

func (c *Cluster) hopText(p func(string, ...any)) {
	if len(c.Hops) == 0 {
		return
	}
	p("\nMoves of %d games, %.0f/s, on two nodes with players on one; medians of rounds; CPU in µs a move", c.Hops[0].Games, c.Hops[0].Rate)
	p("%-18s %9s %9s %9s %9s %7s %9s %9s %9s %9s %11s", "games", "n", "moves/s", "players'", "other's", "Redis", "together", "forwarded", "p50 ms", "p99 ms", "generator")
	for _, h := range c.MedianHops() {
		where := "on players' node"
		if h.Where == byHop {
			where = "on the other node"
		}
		p("%-18s %9d %9.0f %9.1f %9.1f %7.1f %9.1f %9.2f %9.2f %9.2f %6.0f %% CPU", where, h.Moves, h.PerSecond, h.Entry, h.Other, h.Redis, h.Together(), h.Hopped,
			h.Latency.P50, h.Latency.P99, 100*h.Busy)
	}
}

// MedianHops is the median of each figure over the rounds, for both ways of a move; Moves are those of all rounds.
func (c *Cluster) MedianHops() []Hop {
	var all []Hop
	for _, where := range []string{atOwner, byHop} {
		rounds := slices.DeleteFunc(slices.Clone(c.Hops), func(h Hop) bool { return h.Where != where })
		if len(rounds) == 0 {
			continue
		}
		of := medianOf(rounds)
		h := rounds[0]
		h.Round, h.Moves = len(rounds), 0
		for _, each := range rounds {
			h.Moves += each.Moves
		}
		h.PerSecond, h.Hopped = of(func(h Hop) float64 { return h.PerSecond }), of(func(h Hop) float64 { return h.Hopped })
		h.Entry, h.Other, h.Redis = of(func(h Hop) float64 { return h.Entry }), of(func(h Hop) float64 { return h.Other }), of(func(h Hop) float64 { return h.Redis })
		h.Busy = of(func(h Hop) float64 { return h.Busy })
		var latencies []Latency
		for _, each := range rounds {
			latencies = append(latencies, each.Latency)
		}
		h.Latency = medianLatency(latencies)
		all = append(all, h)
	}
	return all
}

// compare says what became of each figure since another report.
func (c *Cluster) compare(before *Cluster, line func(what string, now, then float64, unit string)) {
	if c == nil || before == nil {
		return
	}
	if now, then := c.HandOver, before.HandOver; now != nil && then != nil {
		line("pause of a hand-over, p50", now.Pause.P50, then.Pause.P50, "ms")
		line("pause of a hand-over, longest", now.Pause.Most, then.Pause.Most, "ms")
		line("p99 of moves in pauses", now.Paused.P99, then.Paused.P99, "ms")
		line("p99 of their answers", now.Answered.P99, then.Answered.P99, "ms")
		line("p99 of moves near hand-overs", now.Near.P99, then.Near.P99, "ms")
		line("p99 of moves without hand-overs", now.Quiet.P99, then.Quiet.P99, "ms")
	}
	if now, then := c.Failover, before.Failover; now != nil && then != nil {
		line("games of a dead node move again, p50", now.Back.P50, then.Back.P50, "ms")
		line("the same, longest", now.Back.Most, then.Back.Most, "ms")
		line("p99 of the others' moves meanwhile", now.Others.P99, then.Others.P99, "ms")
	}
	if now, then := c.TakeOver, before.TakeOver; now != nil && then != nil {
		line("games taken over a second", now.PerSecond, then.PerSecond, "")
	}
	was := before.MedianHops()
	for i, now := range c.MedianHops() {
		if len(was) > i {
			line("CPU of all servers a move, "+now.Where, now.Together(), was[i].Together(), "µs")
			line("p99, "+now.Where, now.Latency.P99, was[i].Latency.P99, "ms")
		}
	}
}

package bench

import (
	"fmt"
	"slices"
	"strings"
)

// Summary is a load's rounds against both servers: medians, and what the server costs in relays.
type Summary struct {
	Load    string  `json:"load"`
	Relay   Cost    `json:"relay"`
	Plywire Cost    `json:"plywire"`
	Ratio   float64 `json:"cpu_ratio"` // median over the rounds of plywire's CPU a move by the relay's
}

// Summaries puts the rounds of each load together.
func (r *Report) Summaries() []Summary {
	var all []Summary
	for _, c := range r.Cost {
		if !slices.ContainsFunc(all, func(s Summary) bool { return s.Load == c.Load }) {
			all = append(all, Summary{Load: c.Load})
		}
	}
	for i := range all {
		s := &all[i]
		var relay, plywire []Cost
		for _, c := range r.Cost {
			switch {
			case c.Load != s.Load:
			case c.Server == "relay":
				relay = append(relay, c)
			default:
				plywire = append(plywire, c)
			}
		}
		s.Relay, s.Plywire = medianCost(relay), medianCost(plywire)
		var ratios []float64
		for j := range min(len(relay), len(plywire)) {
			ratios = append(ratios, plywire[j].CPU/relay[j].CPU)
		}
		s.Ratio = median(ratios)
	}
	return all
}

// medianCost is the median of each figure over the rounds.
func medianCost(rounds []Cost) Cost {
	if len(rounds) == 0 {
		return Cost{}
	}
	of := medianOf(rounds)
	c := rounds[0]
	c.Round = len(rounds)
	c.PerSecond = of(func(c Cost) float64 { return c.PerSecond })
	c.CPU = of(func(c Cost) float64 { return c.CPU })
	c.Generator = of(func(c Cost) float64 { return c.Generator })
	c.Busy = of(func(c Cost) float64 { return c.Busy })
	c.Mallocs = of(func(c Cost) float64 { return c.Mallocs })
	c.PerSync = of(func(c Cost) float64 { return c.PerSync })
	var latencies []Latency
	for _, each := range rounds {
		latencies = append(latencies, each.Latency)
	}
	c.Latency = medianLatency(latencies)
	return c
}

// medianLatency is the median of each figure of them, of which there are some.
func medianLatency(rounds []Latency) Latency {
	of := medianOf(rounds)
	l := rounds[0]
	l.P50, l.P99 = of(func(l Latency) float64 { return l.P50 }), of(func(l Latency) float64 { return l.P99 })
	l.P999, l.Most = of(func(l Latency) float64 { return l.P999 }), of(func(l Latency) float64 { return l.Most })
	l.Distribution = slices.Clone(l.Distribution)
	for i := range l.Distribution {
		l.Distribution[i].Milliseconds = of(func(l Latency) float64 { return l.Distribution[i].Milliseconds })
	}
	return l
}

// medianOf is the median of a figure over rounds.
func medianOf[T any](rounds []T) func(figure func(T) float64) float64 {
	return func(figure func(T) float64) float64 {
		var values []float64
		for _, each := range rounds {
			values = append(values, figure(each))
		}
		return median(values)
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

// String is the report as text.
func (r *Report) String() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("%s, %s/%s, %d CPUs, %s", r.When.Format("2006-01-02 15:04 MST"), r.Machine.OS, r.Machine.Arch, r.Machine.CPUs, r.Machine.Go)
	r.costText(p)
	r.memoryText(p)
	if w := r.Watched; w != nil {
		p("\n%d watchers of one game, %d of them deaf; %.0f moves/s in it, %.0f/s in %d games beside it", w.Watchers, w.Deaf, w.Rate, w.OtherRate, w.OtherGames)
		p("  its players     p50 %.2f  p99 %.2f ms   without watchers: %.2f  %.2f", w.Players.P50, w.Players.P99, w.PlayersAlone.P50, w.PlayersAlone.P99)
		p("  other games     p50 %.2f  p99 %.2f ms   without watchers: %.2f  %.2f", w.OthersWatched.P50, w.OthersWatched.P99, w.OthersAlone.P50, w.OthersAlone.P99)
		p("  its watchers    p50 %.1f  p99 %.1f ms   %.1f µs CPU a watcher and move", w.Seen.P50, w.Seen.P99, w.CPUPerFrame)
		p("  server's memory %.0f → %.0f MiB of heap and stacks, %.0f → %.0f MiB of RAM; %d of the deaf were ended", mib(w.LiveBefore), mib(w.LiveAfter),
			mib(w.RSSBefore), mib(w.RSSAfter), w.Ended)
	}
	if h := r.Herd; h != nil {
		p("\n%d connections lost at once: all back and up to date after %.1f s", h.Connections, h.Back)
		p("  each            p50 %.1f  p99 %.1f ms   %.0f µs CPU a resume", h.Each.P50, h.Each.P99, h.CPU)
		p("  other games     p50 %.2f  p99 %.2f ms   before: %.2f  %.2f  (%d games, %.0f moves/s)", h.Others.P50, h.Others.P99, h.OthersAlone.P50,
			h.OthersAlone.P99, h.OtherGames, h.OtherRate)
	}
	r.Cluster.text(p)
	return b.String()
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func (r *Report) costText(p func(string, ...any)) {
	if len(r.Cost) == 0 {
		return
	}
	p("\nA move, with %d games; medians of %d rounds of %v; server CPU in µs a move", r.Config.Games, r.Config.Rounds, r.Config.Duration)
	p("%-10s %-8s %9s %7s %7s %8s %8s %9s %9s %9s %11s", "load", "server", "moves/s", "µs CPU", "ratio", "allocs", "/sync", "p50 ms", "p99 ms", "p99.9 ms", "generator")
	for _, s := range r.Summaries() {
		for _, c := range []Cost{s.Relay, s.Plywire} {
			ratio, sync := "", ""
			if c.Server == "plywire" {
				ratio, sync = fmt.Sprintf("%.2f", s.Ratio), fmt.Sprintf("%.1f", c.PerSync)
			}
			p("%-10s %-8s %9.0f %7.1f %7s %8.1f %8s %9.2f %9.2f %9.2f %6.0f %% CPU", c.Load, c.Server, c.PerSecond, c.CPU, ratio, c.Mallocs, sync,
				c.Latency.P50, c.Latency.P99, c.Latency.P999, 100*c.Busy)
		}
	}
}

func (r *Report) memoryText(p func(string, ...any)) {
	if len(r.Memory) > 0 {
		p("\nMemory of what is idle, after a garbage collection")
	}
	for _, m := range r.Memory {
		p("  a %-12s %-8s %6.2f KiB of heap and stacks, %6.2f KiB of RAM   (of %d)", m.What, m.Server, m.Live/1024, m.RSS/1024, m.Count)
	}
	if s := r.Restart; s != nil {
		p("\nKilled and started again with %d games of %d plies: ready after %.2f s (without games: %.2f s); %.0f games a second brought back",
			s.Games, s.Plies, s.Ready, s.Empty, s.PerSecond)
	}
}

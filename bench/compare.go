package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// ReadReport reads a report that was written as JSON.
func ReadReport(path string) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("bench: %s is no report of plywire bench: %w", path, err)
	}
	return &r, nil
}

// Compare says what became of each figure since another report. What a move costs is compared in relays of the same run,
// because two runs may have found the machine in different moods.
func (r *Report) Compare(before *Report) string {
	var b strings.Builder
	line := func(what string, now, then float64, unit string) {
		if then != 0 {
			fmt.Fprintf(&b, "  %-46s %10.2f → %10.2f %-9s %+6.1f %%\n", what, then, now, unit, 100*(now/then-1))
		}
	}
	fmt.Fprintf(&b, "Since %s:\n", before.When.Format("2006-01-02 15:04 MST"))
	old := make(map[string]Summary)
	for _, s := range before.Summaries() {
		old[s.Load] = s
	}
	for _, s := range r.Summaries() {
		was := old[s.Load]
		line("CPU a move, "+s.Load, s.Ratio, was.Ratio, "relays")
		line("allocations a move, "+s.Load, s.Plywire.Mallocs, was.Plywire.Mallocs, "")
		line("p99, "+s.Load, s.Plywire.Latency.P99, was.Plywire.Latency.P99, "ms")
	}
	for _, m := range r.Memory {
		for _, was := range before.Memory {
			if m.What == was.What && m.Server == was.Server {
				line("idle "+m.What+" of "+m.Server, m.Live/1024, was.Live/1024, "KiB")
			}
		}
	}
	if r.Restart != nil && before.Restart != nil {
		line("games brought back a second", r.Restart.PerSecond, before.Restart.PerSecond, "")
	}
	if r.Watched != nil && before.Watched != nil {
		line("players' p99 with watchers", r.Watched.Players.P99, before.Watched.Players.P99, "ms")
		line("CPU a watcher and move", r.Watched.CPUPerFrame, before.Watched.CPUPerFrame, "µs")
	}
	if r.Herd != nil && before.Herd != nil {
		line("all back", r.Herd.Back, before.Herd.Back, "s")
		line("CPU a resume", r.Herd.CPU, before.Herd.CPU, "µs")
	}
	r.Cluster.compare(before.Cluster, line)
	return b.String()
}

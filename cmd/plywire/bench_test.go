package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plywire/plywire/bench"
)

// TestBench runs every part of the measurement on a small scale, and looks whether what it reports can be true.
func TestBench(t *testing.T) {
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	report, page := filepath.Join(folder, "report.json"), filepath.Join(folder, "report.html")
	run := func(more ...string) string {
		t.Helper()
		args := append([]string{"bench", "--games", "6", "--rate", "2000,0", "--rounds", "1", "--duration", "600ms", "--warmup", "200ms", "--idle", "100",
			"--watchers", "60", "--herd", "40", "--scratch", folder, "--serve=--disk-free-min 0"}, more...)
		cmd := exec.CommandContext(t.Context(), binary, args...)
		var failed strings.Builder
		cmd.Stderr = &failed
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, failed.String())
		}
		return string(out)
	}
	text := run("--json", report, "--html", page)
	r, err := bench.ReadReport(report)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.String(); got != text {
		t.Errorf("the report reads\n%s\nand from its file\n%s", text, got)
	}
	checkReport(t, r)
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "polyline class=\"plywire\"", "40 connections lost at once"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for _, never := range []string{"http:", "https:", "<script", "NaN", "Inf"} {
		if strings.Contains(string(html), never) {
			t.Errorf("the page has %s", never)
		}
	}
	if text := run("--parts", "memory", "--compare", report); !strings.Contains(text, "idle game of plywire") {
		t.Errorf("nothing is compared:\n%s", text)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "plywire-bench-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestBenchOfCluster runs the measurements of a cluster on a small scale, side by side.
func TestBenchOfCluster(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed; test.sh installs it where it can")
	}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	for part, check := range map[string]func(*testing.T, *bench.Cluster){
		"handover": checkHandOver, "failover": checkFailover, "takeover": checkTakeOver, "hop": checkHop,
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			report := filepath.Join(folder, "report.json")
			cmd := exec.CommandContext(t.Context(), binary, "bench", "--parts", part, "--games", "20", "--rounds", "1", "--duration", "400ms",
				"--warmup", "200ms", "--lease", "1s", "--handover-games", "40", "--handover-plies", "4", "--handover-rate", "200",
				"--failover-games", "30", "--takeover-games", "200", "--hop-rate", "200", "--scratch", folder, "--json", report,
				"--html", filepath.Join(folder, "report.html"), "--serve=--disk-free-min 0")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			r, err := bench.ReadReport(report)
			if err != nil {
				t.Fatal(err)
			}
			if r.Cluster == nil {
				t.Fatalf("nothing is reported: %+v", r)
			}
			check(t, r.Cluster)
			if left, err := filepath.Glob(filepath.Join(folder, "plywire-bench-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

func checkHandOver(t *testing.T, c *bench.Cluster) {
	h := c.HandOver
	if h.Shifted < 4 || h.Pause.Count != int64(h.Shifted) || h.Pause.P50 <= 0 || h.Took.Most < h.Pause.P50 || len(h.Shifts) != h.Shifted {
		t.Errorf("hand-overs that cannot be: %+v", h)
	}
	if h.Closed+h.Failed != 0 || h.Quiet.Count == 0 || h.Near.Count == 0 || h.During.Count < h.Near.Count {
		t.Errorf("moves that cannot be: %+v", h)
	}
}

func checkFailover(t *testing.T, c *bench.Cluster) {
	f := c.Failover
	if f.Kills != 1 || f.All.Count != 1 || f.Back.Count != int64(f.Lost) || f.Lost == 0 || f.Lost == f.Games || f.Back.Most > f.All.Most {
		t.Errorf("games that cannot be: %+v", f)
	}
	// Who holds a lease has renewed it half a second ago at the most, or a busy machine was slow.
	if f.Back.Most < 300 || f.Before.Count == 0 || f.Others.Count == 0 || f.Others.P50 > f.Back.P50 || f.Closed+f.Failed != 0 {
		t.Errorf("a failover that cannot be: %+v", f)
	}
}

func checkTakeOver(t *testing.T, c *bench.Cluster) {
	k := c.TakeOver
	if k.Games != 200 || k.Restored != 200 || k.Seconds <= 0 || k.PerSecond <= 0 || k.Plies < 10 || k.Absent <= 0 {
		t.Errorf("a take-over that cannot be: %+v", k)
	}
}

func checkHop(t *testing.T, c *bench.Cluster) {
	medians := c.MedianHops()
	if len(medians) != 2 {
		t.Fatalf("not both ways were measured: %+v", c.Hops)
	}
	if owner, hop := medians[0], medians[1]; owner.Hopped > 0.1 || hop.Hopped < 0.9 || owner.Moves == 0 || hop.Moves == 0 || owner.Latency.P50 <= 0 {
		t.Errorf("hops that cannot be: %+v", c.Hops)
	}
}

func checkReport(t *testing.T, r *bench.Report) {
	t.Helper()
	if len(r.Cost) != 4 || len(r.Memory) != 3 || r.Restart == nil || r.Watched == nil || r.Herd == nil {
		t.Fatalf("the report is not complete: %+v", r)
	}
	for _, c := range r.Cost {
		if c.Moves == 0 || c.CPU <= 0 || c.Latency.P50 <= 0 || c.Latency.P50 > c.Latency.P99 || c.Latency.Count != c.Moves {
			t.Errorf("a cost that cannot be: %+v", c)
		}
		if c.Rate != 0 && c.Behind == 0 && (c.PerSecond < c.Rate/2 || c.PerSecond > c.Rate*2) {
			t.Errorf("%v moves a second were asked for, and %.0f were played", c.Rate, c.PerSecond)
		}
	}
	for _, m := range r.Memory {
		if m.Live <= 0 {
			t.Errorf("memory that cannot be: %+v", m)
		}
	}
	if w := r.Watched; w.Seen.Count == 0 || w.Players.Count == 0 || w.OthersWatched.Count == 0 || w.Deaf != 6 {
		t.Errorf("watchers that cannot be: %+v", w)
	}
	if h := r.Herd; h.Connections != 40 || h.Each.Count != 40 || h.Back <= 0 {
		t.Errorf("a herd that cannot be: %+v", h)
	}
	if s := r.Restart; s.Games != 100 || s.PerSecond <= 0 {
		t.Errorf("a restart that cannot be: %+v", s)
	}
}

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
		args := append([]string{"bench", "--games", "6", "--rate", "300,0", "--rounds", "1", "--duration", "400ms", "--warmup", "200ms", "--idle", "100",
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

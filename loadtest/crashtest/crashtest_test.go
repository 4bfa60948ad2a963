package crashtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestValidateTellsAll(t *testing.T) {
	err := Config{}.Validate()
	for _, want := range []string{"kills are 0", "games are 0", "rate is 0", "time-out is 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it says %v, want %q", err, want)
		}
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if _, err := Run(t.Context(), Config{}); err == nil {
		t.Error("a run without a configuration")
	}
}

// TestRunWithoutServer runs a program that ends at once: nothing was proven, and that is said.
func TestRunWithoutServer(t *testing.T) {
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip("the program true is not there: ", err)
	}
	config := DefaultConfig()
	config.Binary, config.Folder, config.Timeout = program, t.TempDir(), 20*time.Second
	report, err := Run(t.Context(), config)
	if err == nil || !strings.Contains(err.Error(), "ended before it was ready") {
		t.Errorf("it says %v", err)
	}
	if fault := report.Err(); fault == nil || report.Wrong.Crashes != 1 || report.Kills != 0 {
		t.Errorf("%v, %+v", fault, report.Wrong)
	}
}

func TestRunWithoutFiles(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pgn")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, "no/such/file.pgn"} {
		config := DefaultConfig()
		config.Files, config.Folder = []string{path}, t.TempDir()
		if _, err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: it says %v", path, err)
		}
	}
}

// TestSeedRepeats wants the same kills and the same games of the same seed, and others of another.
func TestSeedRepeats(t *testing.T) {
	draw := func(seed uint64) (all string) {
		random := rand.New(rand.NewPCG(seed, 0))
		l, err := newLibrary([]string{filepath.Join("..", "testdata", "classics.pgn")}, random)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			all += fmt.Sprint(nextKill(random), l.take(random), madeUp(random))
		}
		return all
	}
	if a, b := draw(7), draw(7); a != b {
		t.Error("the same seed gives two runs")
	}
	if a, b := draw(7), draw(8); a == b {
		t.Error("two seeds give the same run")
	}
}

func TestKindsOfKills(t *testing.T) {
	random, counts := rand.New(rand.NewPCG(1, 1)), map[Kind]int{}
	for range 10_000 {
		counts[nextKill(random).kind]++
	}
	for _, each := range kinds {
		if n := counts[each.kind]; n < 80*each.share || n > 120*each.share {
			t.Errorf("%d of 10000 kills are %s, want about %d", n, each.kind, 100*each.share)
		}
	}
}

func TestServerLogCountsErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.log")
	l, err := newServerLog(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"  Plywire\n", `{"level":"info","message":"error"}` + "\n" + `{"level":"error","message":"shard is busy with one actor"}` + "\n" + `{"lev`, `el":"error","message":"lost"}`, "\npanic: x\n", `{"level":"er`} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if n, first := l.failures(); n != 2 || !slices.Equal(first, []string{`{"level":"error","message":"lost"}`, "panic: x"}) {
		t.Errorf("%d errors, %q", n, first)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "panic: x") {
		t.Errorf("%q, %v", text, err)
	}
}

func TestReport(t *testing.T) {
	good := Report{Wanted: 200, Kills: 200, Games: 10, Kinds: map[Kind]int{KindTrim: 30}}
	if err := good.Err(); err != nil {
		t.Error(err)
	}
	if text := good.String(); !strings.Contains(text, "less than 1.5 %") || strings.Contains(text, "Repeat") || !strings.Contains(text, "30 in a trim") {
		t.Errorf("it says\n%s", text)
	}
	for name, spoil := range map[string]func(r *Report){
		"lost":     func(r *Report) { r.Wrong.LostMoves = 1 },
		"charged":  func(r *Report) { r.Wrong.Charged = 1 },
		"too few":  func(r *Report) { r.Kills = 199 },
		"no games": func(r *Report) { r.Games = 0 },
		"clock":    func(r *Report) { r.ClockSet = -time.Second },
	} {
		r := good
		spoil(&r)
		if r.Err() == nil {
			t.Errorf("%s: it is no error", name)
		}
	}
	bad := good
	bad.Seed, bad.Wrong, bad.Faults = 42, Wrong{Doubled: 3}, []string{"a move twice"}
	if text := bad.String(); !strings.Contains(text, "--seed 42") || !strings.Contains(text, "WRONG a move twice") || strings.Contains(text, "bounds the rate") {
		t.Errorf("it says\n%s", text)
	}
	if _, err := json.Marshal(bad); err != nil {
		t.Error(err)
	}
	if text := (Wrong{LostMoves: 1, Stuck: 2}).String(); text != "1 moves lost, 2 stuck" {
		t.Errorf("wrong is %q", text)
	}
}

// TestDowntime counts the time from a kill to the next ready, over starts that were killed, too.
func TestDowntime(t *testing.T) {
	var r Report
	starts, down := times([]Life{{Launched: noon, Ready: after(10), Dead: after(1000)}, {Launched: after(1000), Dead: after(1100)},
		{Launched: after(1200), Ready: after(1230), Dead: after(2000)}, {Launched: after(2000), Ready: after(2020)}})
	r.starts(starts)
	if down != 250*time.Millisecond || r.Starts != 3 || r.StartP50 != 20*time.Millisecond || r.StartMax != 30*time.Millisecond {
		t.Errorf("down %v, %d starts, %v to %v", down, r.Starts, r.StartP50, r.StartMax)
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTime)
	if err := pause(ctx, time.Hour); !errors.Is(err, errTime) {
		t.Errorf("it says %v", err)
	}
}

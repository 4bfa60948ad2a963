package bench

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestEveryFaultOfAConfigIsNamed(t *testing.T) {
	c := DefaultConfig()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	c.Parts, c.Games, c.Rates, c.Rounds, c.Duration, c.Warmup = []string{"luck"}, 0, []float64{-1}, 0, 0, -1
	c.Idle, c.Watchers, c.Herd = 1, 1, 1_000_000
	err := c.Validate()
	if err == nil {
		t.Fatal("it is accepted")
	}
	for _, want := range []string{`"luck"`, "games", "rate is", "rounds", "a round takes", "warm-up", "idle", "watchers", "herd"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %s: %v", want, err)
		}
	}
}

// A move that is due while the server is stuck has waited from then on, although it could not even be sent.
func TestLatencyCountsFromWhenAMoveWasDue(t *testing.T) {
	d := newDuel("", load{games: 1, rate: 1000}, &mute{}, []script{{"a", "b", "c"}})
	p := d.pairs[0]
	p.players = [2]*player{{pair: p, conn: void{}}, {pair: p, seat: 1, conn: void{}}}
	p.ready()
	d.recorder.begin()
	start := d.due
	d.Wake(start) // the first move is played, and comes back 100 ms later
	late := start.Add(-100 * time.Millisecond)
	p.due = late
	p.sees()
	d.due = late // by now another hundred are due
	d.Wake(start)
	if d.backlog.Load() < 90 {
		t.Errorf("%d moves are said to be late", d.backlog.Load())
	}
	if !p.due.Equal(late) {
		t.Errorf("the next move counts from %v, want %v", p.due, late)
	}
	if l := d.recorder.end(); l.Count != 1 || l.P50 < 100 {
		t.Errorf("latency is %+v, want 100 ms", l)
	}
}

// mute is a dialect whose moves go nowhere.
type mute struct{ bare }

func (mute) move(p *pair) []byte {
	p.missing = 1
	return nil
}

type void struct{}

func (void) Send([]byte) {}

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{0: nil, 3: {5, 3, 1}, 2.5: {4, 1, 2, 3}} {
		if got := median(values); got != want {
			t.Errorf("median of %v is %v, want %v", values, got, want)
		}
	}
}

func TestSummariesCompareRoundByRound(t *testing.T) {
	r := &Report{}
	for round, each := range [][2]float64{{10, 20}, {40, 60}, {10, 30}} {
		for i, server := range []string{"relay", "plywire"} {
			r.Cost = append(r.Cost, Cost{Server: server, Load: "5000/s", Round: round, CPU: each[i]})
		}
	}
	all := r.Summaries()
	if len(all) != 1 || all[0].Ratio != 2 || all[0].Relay.CPU != 10 || all[0].Plywire.CPU != 30 {
		t.Errorf("%+v", all)
	}
	if text := r.Compare(r); !strings.Contains(text, "+0.0 %") {
		t.Errorf("a report differs from itself:\n%s", text)
	}
}

func TestPlotHasNoHoles(t *testing.T) {
	empty := plot{"nothing", []curve{{"relay", "relay", Latency{}}}}
	if empty.SVG() != "" {
		t.Error("nothing is drawn")
	}
	one := plot{"one", []curve{{"relay", "relay", Latency{Distribution: []Point{{50, 1}, {100, math.MaxFloat32}}}}}}
	if svg := string(one.SVG()); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error(svg)
	}
}

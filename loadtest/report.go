package loadtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is how a load test went.
type Report struct {
	Games      int            // played to their end and found right
	Endings    map[string]int // how they ended
	StandIns   int            // ended in another way than the record says, because time cannot be made to pass there
	Moves      int64
	Took       time.Duration
	Ack, Seen  Latency // from a move being sent to its ok, and to the opponent's seeing it
	Reconnects int64   // connections made again
	Resent     int64   // commands sent again because of that
	Healed     int64   // gaps for which the missing events were asked
	Pranks     int64   // commands of mischief
	Lost       int64   // acknowledged moves that are not there
	Doubled    int64   // moves that are there twice
	Failures   []Failure
}

// Latency is a distribution of durations.
type Latency struct{ P50, P99, P999, Max time.Duration }

// Failure is a game with which something was wrong.
type Failure struct {
	Game string
	Err  error
}

// failuresShown bounds what String tells.
const failuresShown = 20

func (r *Report) add(m *match, fault error) {
	if fault != nil {
		r.Failures = append(r.Failures, Failure{Game: m.record.String(), Err: fault})
		return
	}
	r.Games++
	r.Endings[m.plan.reason]++
	if !m.plan.forced {
		r.StandIns++
	}
}

func (r *run) finish(took time.Duration) Report {
	report := r.report
	report.Took, report.Moves = took, r.moves.Load()
	report.Reconnects, report.Resent, report.Healed = r.reconnects.Load(), r.resent.Load(), r.healed.Load()
	report.Pranks, report.Lost, report.Doubled = r.pranks.Load(), r.lost.Load(), r.doubled.Load()
	report.Ack, report.Seen = r.acknowledged.summary(), r.received.summary()
	return report
}

func (l *latencies) summary() Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := func(quantile float64) time.Duration {
		return time.Duration(l.hist.ValueAtQuantile(quantile)) * time.Microsecond
	}
	return Latency{P50: at(50), P99: at(99), P999: at(99.9), Max: time.Duration(l.hist.Max()) * time.Microsecond}
}

// Err is nil if every game was right, and otherwise says how many were not.
func (r Report) Err() error {
	if len(r.Failures) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d games were not right", len(r.Failures), len(r.Failures)+r.Games)
}

// String is the report for a person.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d games right, %d wrong; %d moves in %v, %.0f a second\n", r.Games, len(r.Failures), r.Moves,
		r.Took.Round(time.Millisecond), float64(r.Moves)/r.Took.Seconds())
	fmt.Fprintf(&b, "acknowledged in  %s\nseen by opponent %s\n", r.Ack, r.Seen)
	fmt.Fprintf(&b, "acknowledged and lost %d, doubled %d; connections made again %d, commands sent again %d, gaps healed %d",
		r.Lost, r.Doubled, r.Reconnects, r.Resent, r.Healed)
	if r.Pranks > 0 {
		fmt.Fprintf(&b, "; mischief %d", r.Pranks)
	}
	b.WriteString("\n")
	reasons := make([]string, 0, len(r.Endings))
	for reason := range r.Endings {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(&b, "%6d %s\n", r.Endings[reason], reason)
	}
	if r.StandIns > 0 {
		fmt.Fprintf(&b, "%d of them ended in another way than recorded: the record does not say how, or the server runs no test clock\n", r.StandIns)
	}
	for i, failure := range r.Failures {
		if i == failuresShown {
			fmt.Fprintf(&b, "… and %d more\n", len(r.Failures)-i)
			break
		}
		fmt.Fprintf(&b, "WRONG %s:\n  %s\n", failure.Game, strings.ReplaceAll(failure.Err.Error(), "\n", "\n  "))
	}
	return b.String()
}

// String is the distribution for a person.
func (l Latency) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %v, p99 %v, p99.9 %v, max %v", round(l.P50), round(l.P99), round(l.P999), round(l.Max))
}

package crashtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is how a crash test went.
type Report struct {
	Seed      uint64        `json:"seed"`
	Nodes     int           `json:"nodes"`
	Lease     time.Duration `json:"lease"` // of the nodes of a cluster
	Wanted    int           `json:"kills_wanted"`
	Kills     int           `json:"kills"`
	Kinds     map[Kind]int  `json:"kills_by_kind"`
	Games     int           `json:"games"`         // played to their end and judged
	FlyingMin int           `json:"in_flight_min"` // games in flight at a kill, the fewest
	Flying    float64       `json:"in_flight_mean"`
	Moves     int           `json:"moves"`           // acknowledged, and looked for in the end
	Commands  int           `json:"commands"`        // likewise, the moves among them
	Events    int           `json:"events"`          // of all games
	Adjusted  int           `json:"clocks_adjusted"` // clock_adjusted events among them
	Spared    time.Duration `json:"clocks_spared"`   // played before kills and not charged
	Again     int64         `json:"sent_again"`      // commands sent again on purpose, over another connection
	Resent    uint64        `json:"resent"`          // commands that clients have sent again by themselves
	Retried   uint64        `json:"retried"`         // because the server was unavailable for them
	Reconnect uint64        `json:"reconnects"`
	Healed    uint64        `json:"gaps_healed"` // gaps for which clients have asked for what was missing
	Down      time.Duration `json:"down"`        // from each kill to the next ready, in all
	Twice     int64         `json:"made_twice"`  // moves that were made as two commands at once, over two nodes
	StillP50  time.Duration `json:"still_p50"`   // after a kill of an owner, until the last game that was in flight went on
	StillMax  time.Duration `json:"still_max"`
	Stills    int           `json:"stills"`       // such kills
	StillOver int           `json:"still_beyond"` // after how many of them it was more than a lease and a second
	StillOpen int           `json:"still_open"`   // games that had not gone on a minute after a kill
	Starts    int           `json:"starts"`
	StartP50  time.Duration `json:"start_p50"` // from launch to ready
	StartP99  time.Duration `json:"start_p99"`
	StartMax  time.Duration `json:"start_max"`
	Took      time.Duration `json:"took"`
	Wrong     Wrong         `json:"wrong"`
	Faults    []string      `json:"faults,omitempty"` // the first, in words
	ClockSet  time.Duration `json:"clock_set"`        // by which the machine's clock was set meanwhile
	Folder    string        `json:"folder"`

	flying int // sum over the kills
	told   time.Time
}

// clockSetMax is the difference between the wall clock and the monotonic one that reading both costs.
const clockSetMax = 5 * time.Millisecond

// finish sums up.
func (r *run) finish(began time.Time) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.report
	report.Took = time.Since(began)
	report.ClockSet = time.Since(began) - time.Now().Round(0).Sub(began.Round(0))
	var first []string
	r.verdict.Wrong.Errors, first = r.fleet.failures()
	for _, line := range first {
		r.verdict.fault("the server says: %s", line)
	}
	report.Kinds, report.Games = r.counts, len(r.finished)
	report.Flying = float64(report.flying) / float64(max(report.Kills, 1))
	v := r.verdict
	report.Moves, report.Commands, report.Events, report.Adjusted, report.Spared = v.Moves, v.Commands, v.Events, v.Adjusted, v.Spared
	report.Wrong, report.Faults = v.Wrong, v.Faults
	report.Again, report.Resent, report.Retried = r.again.Load(), r.retired.Resent, r.retired.Retried
	report.Reconnect, report.Healed = r.retired.Connects, r.retired.Healed
	report.Twice = r.twice.Load()
	var starts []time.Duration
	for _, v := range r.fleet.nodes {
		more, down := times(v.history())
		starts, report.Down = append(starts, more...), report.Down+down
	}
	report.starts(starts)
	if r.breaker != nil {
		report.stills(r.breaker.longs, r.breaker.stuck)
	}
	return report
}

// times are how long the starts of a server took, and for how long it was not there.
func times(lives []Life) (starts []time.Duration, down time.Duration) {
	var dead time.Time
	for _, life := range lives {
		if !life.Ready.IsZero() {
			starts = append(starts, life.Ready.Sub(life.Launched))
			if !dead.IsZero() {
				down += life.Ready.Sub(dead)
			}
			dead = time.Time{}
		}
		if dead.IsZero() {
			dead = life.Dead
		}
	}
	return starts, down
}

func (r *Report) starts(all []time.Duration) {
	r.Starts = len(all)
	r.StartP50, r.StartP99, r.StartMax = percentile(all, 50), percentile(all, 99), percentile(all, 100)
}

func (r *Report) stills(all []time.Duration, open int) {
	r.Stills, r.StillOpen = len(all), open
	r.StillP50, r.StillMax = percentile(all, 50), percentile(all, 100)
	for _, each := range all {
		if each > r.Lease+time.Second {
			r.StillOver++
		}
	}
}

// percentile is 0 of none.
func percentile(all []time.Duration, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)*percent/100]
}

// Err is nil if nothing was wrong and all kills were made.
func (r Report) Err() error {
	var faults []error
	if !r.Wrong.None() {
		faults = append(faults, fmt.Errorf("wrong: %s; what the server has kept and said is in %s", r.Wrong, r.Folder))
	}
	if r.Kills < r.Wanted {
		faults = append(faults, fmt.Errorf("only %d of %d kills were made", r.Kills, r.Wanted))
	}
	if r.Games == 0 {
		faults = append(faults, errors.New("no game was judged, which proves nothing"))
	}
	if r.ClockSet.Abs() > clockSetMax {
		faults = append(faults, fmt.Errorf("the machine's clock was set by %v, so the games' clocks prove nothing", r.ClockSet))
	}
	return errors.Join(faults...)
}

// String tells what is wrong, in a line.
func (w Wrong) String() string {
	if w.None() {
		return "nothing"
	}
	var parts []string
	for _, each := range []struct {
		n    int
		what string
	}{{w.LostMoves, "moves lost"}, {w.LostCommands, "other commands or events lost"},
		{w.Fenced, "acknowledged by a fenced owner"}, {w.Doubled, "doubled"}, {w.Answers, "answers changed"},
		{w.Gaps, "gaps"}, {w.Disagree, "disagreements"}, {w.Charged, "clocks charged"}, {w.Unadjusted, "clocks not adjusted"},
		{w.Stuck, "stuck"}, {w.Crashes, "crashes"}, {w.Errors, "errors logged"}} {
		if each.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", each.n, each.what))
		}
	}
	return strings.Join(parts, ", ")
}

// String is the report for a person.
func (r Report) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	ms := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	in := fmt.Sprintf("in %v, seed %d, with %.0f games in flight on average, %d at least", r.Took.Round(time.Second), r.Seed, r.Flying, r.FlyingMin)
	if r.Nodes > 1 {
		line("%d faults of %d nodes with a lease of %v %s", r.Kills, r.Nodes, r.Lease, in)
		for _, kind := range clusterKinds {
			line("%8d %s", r.Kinds[kind], kind)
		}
	} else {
		line("%d kills %s", r.Kills, in)
		for _, each := range kinds {
			line("%8d %s", r.Kinds[each.kind], each.kind)
		}
	}
	line("%d games judged, %d events; connections made again %d; commands sent again by clients %d, on purpose over another connection %d",
		r.Games, r.Events, r.Reconnect, r.Resent, r.Again)
	starts := fmt.Sprintf("from start to ready: p50 %v, p99 %v, max %v, of %d", ms(r.StartP50), ms(r.StartP99), ms(r.StartMax), r.Starts)
	if r.Nodes > 1 {
		line("%s; moves made as two commands over two nodes %d", starts, r.Twice)
		line("from the kill of an owner until every game in flight had gone on: p50 %v, max %v, of %d; more than the lease and 1s %d times; games that did not in a minute %d",
			ms(r.StillP50), ms(r.StillMax), r.Stills, r.StillOver, r.StillOpen)
	} else {
		line("%s; without a server for %v in all", starts, r.Down.Round(time.Second))
	}
	line("acknowledged moves lost            %d of %d", r.Wrong.LostMoves, r.Moves)
	line("other commands or events lost      %d of %d commands", r.Wrong.LostCommands, r.Commands-r.Moves)
	if r.Nodes > 1 {
		line("acknowledged by a fenced owner     %d of %d", r.Wrong.Fenced, r.Moves)
	}
	line("commands that took effect twice    %d of %d", r.Wrong.Doubled, r.Commands)
	line("answers changed by sending again   %d", r.Wrong.Answers)
	line("gaps in what was seen, or in seq   %d of %d events", r.Wrong.Gaps, r.Events)
	line("events seen otherwise              %d of %d", r.Wrong.Disagree, r.Events)
	line("clocks charged while down          %d, for %v; %d clocks adjusted, %v of play before kills given back", r.Wrong.Charged, r.Wrong.ChargedTime,
		r.Adjusted, r.Spared.Round(time.Second))
	line("clocks that went on unadjusted     %d", r.Wrong.Unadjusted)
	line("games stuck                        %d", r.Wrong.Stuck)
	line("ends of the server by itself       %d; errors in its log %d", r.Wrong.Crashes, r.Wrong.Errors)
	for _, fault := range r.Faults {
		line("WRONG %s", fault)
	}
	if r.Wrong.None() && r.Kills > 0 {
		what := map[bool]string{false: "kills", true: "faults"}[r.Nodes > 1]
		line("0 wrong in %d %s bounds the rate at 3/%d: less than %.2g %% of %s lose or double anything (95 %%)", r.Kills, what, r.Kills, 300/float64(r.Kills), what)
	} else {
		line("Repeat with --seed %d. The kills and the games come again; in which order the processes run does not.", r.Seed)
	}
	return b.String()
}

// tell writes a line of progress.
func (c Config) tell(format string, args ...any) { fmt.Fprintf(c.Progress, format, args...) }

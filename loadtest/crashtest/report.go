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
	r.verdict.Wrong.Errors, first = r.victim.log.failures()
	for _, line := range first {
		r.verdict.fault("the server says: %s", line)
	}
	report.Kinds, report.Games = r.killer.counts, len(r.finished)
	report.Flying = float64(report.flying) / float64(max(report.Kills, 1))
	v := r.verdict
	report.Moves, report.Commands, report.Events, report.Adjusted, report.Spared = v.Moves, v.Commands, v.Events, v.Adjusted, v.Spared
	report.Wrong, report.Faults = v.Wrong, v.Faults
	report.Again, report.Resent, report.Retried = r.again.Load(), r.retired.Resent, r.retired.Retried
	report.Reconnect, report.Healed = r.retired.Connects, r.retired.Healed
	report.times(r.victim.history())
	return report
}

// times are those of the starts, and for how long there was no server.
func (r *Report) times(lives []Life) {
	var starts []time.Duration
	var dead time.Time
	for _, life := range lives {
		if !life.Ready.IsZero() {
			starts = append(starts, life.Ready.Sub(life.Launched))
			if !dead.IsZero() {
				r.Down += life.Ready.Sub(dead)
			}
			dead = time.Time{}
		}
		if dead.IsZero() {
			dead = life.Dead
		}
	}
	if r.Starts = len(starts); r.Starts == 0 {
		return
	}
	slices.Sort(starts)
	at := func(percent int) time.Duration { return starts[(len(starts)-1)*percent/100] }
	r.StartP50, r.StartP99, r.StartMax = at(50), at(99), at(100)
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
	}{{w.LostMoves, "moves lost"}, {w.LostCommands, "other commands or events lost"}, {w.Doubled, "doubled"}, {w.Answers, "answers changed"},
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
	line("%d kills in %v, seed %d, with %.0f games in flight on average, %d at least", r.Kills, r.Took.Round(time.Second), r.Seed, r.Flying, r.FlyingMin)
	for _, each := range kinds {
		line("%8d %s", r.Kinds[each.kind], each.kind)
	}
	line("%d games judged, %d events; connections made again %d; commands sent again by clients %d, on purpose over another connection %d",
		r.Games, r.Events, r.Reconnect, r.Resent, r.Again)
	line("from start to ready: p50 %v, p99 %v, max %v, of %d; without a server for %v in all", ms(r.StartP50), ms(r.StartP99), ms(r.StartMax),
		r.Starts, r.Down.Round(time.Second))
	line("acknowledged moves lost            %d of %d", r.Wrong.LostMoves, r.Moves)
	line("other commands or events lost      %d of %d commands", r.Wrong.LostCommands, r.Commands-r.Moves)
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
		line("0 wrong in %d kills bounds the rate at 3/%d: less than %.2g %% of kills lose or double anything (95 %%)", r.Kills, r.Kills, 300/float64(r.Kills))
	} else {
		line("Repeat with --seed %d. The kills and the games come again; in which order the processes run does not.", r.Seed)
	}
	return b.String()
}

// tell writes a line of progress.
func (c Config) tell(format string, args ...any) { fmt.Fprintf(c.Progress, format, args...) }

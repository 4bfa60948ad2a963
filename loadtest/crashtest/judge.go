package crashtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plywire/plywire/wire"
)

// Verdict counts what was found in the evidence of one game or, added up, of many. All of Wrong has to be zero.
type Verdict struct {
	Moves    int // acknowledged
	Commands int // acknowledged, the moves among them
	Events   int
	Repeated int // sendings of a command after its first that were answered
	Adjusted int // clock_adjusted events
	// Spared is how much of the time before kills was played and not charged, because the server had left no sign of life
	// that late. It is a gift, and not wrong.
	Spared time.Duration
	Wrong  Wrong
	Faults []string // what is wrong, for a person
}

// Wrong counts what must not be.
type Wrong struct {
	LostMoves    int           `json:"lost_moves"`         // acknowledged, and not there
	LostCommands int           `json:"lost_commands"`      // likewise, of other kinds
	Fenced       int           `json:"fenced"`             // moves acknowledged by an owner who was none any more; see judgeOwners
	Doubled      int           `json:"doubled"`            // commands that took effect twice
	Answers      int           `json:"answers_changed"`    // commands that were answered in another way when they were sent again
	Gaps         int           `json:"gaps"`               // events that somebody has missed
	Disagree     int           `json:"disagreements"`      // events that somebody saw otherwise than the server has them, or that nobody asked for
	Charged      int           `json:"clocks_charged"`     // clocks that ran while nobody served the game
	ChargedTime  time.Duration `json:"clocks_charged_for"` // and for how long in all
	Unadjusted   int           `json:"clocks_unadjusted"`  // games that went on after a kill with no clock_adjusted before
	Stuck        int           `json:"stuck"`              // games that did not go on, or of which something could not be had
	Crashes      int           `json:"crashes"`            // ends of the server that nobody had caused
	Errors       int           `json:"errors_logged"`      // lines of level error in the server's log
}

// None tells whether nothing is wrong.
func (w Wrong) None() bool { return w == Wrong{} }

func (w *Wrong) add(o Wrong) {
	w.LostMoves, w.LostCommands, w.Doubled, w.Answers = w.LostMoves+o.LostMoves, w.LostCommands+o.LostCommands, w.Doubled+o.Doubled, w.Answers+o.Answers
	w.Fenced += o.Fenced
	w.Gaps, w.Disagree, w.Charged, w.ChargedTime = w.Gaps+o.Gaps, w.Disagree+o.Disagree, w.Charged+o.Charged, w.ChargedTime+o.ChargedTime
	w.Unadjusted, w.Stuck, w.Crashes, w.Errors = w.Unadjusted+o.Unadjusted, w.Stuck+o.Stuck, w.Crashes+o.Crashes, w.Errors+o.Errors
}

// faultsMax bounds the faults that are told in words.
const faultsMax = 50

func (v *Verdict) add(o Verdict) {
	v.Moves, v.Commands, v.Events, v.Repeated = v.Moves+o.Moves, v.Commands+o.Commands, v.Events+o.Events, v.Repeated+o.Repeated
	v.Adjusted, v.Spared = v.Adjusted+o.Adjusted, v.Spared+o.Spared
	v.Wrong.add(o.Wrong)
	v.Faults = append(v.Faults, o.Faults[:min(len(o.Faults), faultsMax-len(v.Faults))]...)
}

// fault notes what is wrong in words. The counts are the caller's.
func (v *Verdict) fault(format string, args ...any) {
	if len(v.Faults) < faultsMax {
		v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
	}
}

// Judge looks for everything that a kill must not do to a game.
func (e Evidence) Judge() Verdict {
	v := Verdict{Events: len(e.History)}
	e.judgeSeqs(&v)
	e.judgeAnswers(&v)
	e.judgeOwners(&v)
	e.judgeEffects(&v)
	for _, witness := range e.Witnesses {
		e.judgeWitness(&v, witness)
	}
	e.judgeClocks(&v)
	for i, fault := range v.Faults {
		v.Faults[i] = fmt.Sprintf("game %s: %s", e.Game, fault)
	}
	return v
}

// judgeSeqs looks for gaps in the server's own history.
func (e Evidence) judgeSeqs(v *Verdict) {
	for i, ev := range e.History {
		if ev.Seq != uint64(i+1) {
			v.Wrong.Gaps++
			v.fault("event %d of the server's history has seq %d", i+1, ev.Seq)
		}
	}
}

// judgeAnswers looks for the effect of everything that was acknowledged, and whether it was always the same one.
func (e Evidence) judgeAnswers(v *Verdict) {
	for _, c := range e.Commands {
		answer, ok := c.accepted()
		v.Repeated += max(len(c.Answers)-1, 0)
		if !ok {
			continue
		}
		v.Commands++
		lost := &v.Wrong.LostCommands
		if c.Type == wire.TypeMove {
			v.Moves++
			lost = &v.Wrong.LostMoves
		}
		if !e.has(c, answer) {
			*lost++
			v.fault("%s was acknowledged with seq %d: %s", c, answer.Seq, e.at(answer.Seq))
		}
		for _, again := range c.Answers {
			if again == answer {
				continue
			}
			v.Wrong.Answers++
			v.fault("%s was answered %+v, and when it was sent again %+v", c, answer, again)
		}
	}
}

// judgeOwners looks for what no single owner of the game could have acknowledged: moves that the history has not, and more than
// one command for the same ply. Where two nodes believe that a game is theirs, each takes a move, and the journal has one.
func (e Evidence) judgeOwners(v *Verdict) {
	first := make(map[int]Command)
	for _, c := range e.Commands {
		answer, ok := c.accepted()
		if !ok || c.Type != wire.TypeMove {
			continue
		}
		if e.Cluster && !e.has(c, answer) {
			v.Wrong.Fenced++
			v.fault("%s was acknowledged by a fenced owner: %s", c, e.at(answer.Seq))
		}
		if before, is := first[c.Ply]; is {
			v.Wrong.Fenced++
			v.fault("%s was acknowledged, and so was %s with another id: one of them by a fenced owner", c, before)
		}
		first[c.Ply] = c
	}
}

// has tells whether the history has what was acknowledged, where that was said to be.
func (e Evidence) has(c Command, answer Answer) bool {
	return answer.Seq >= 1 && answer.Seq <= uint64(len(e.History)) && c.caused(e.History[answer.Seq-1])
}

// judgeEffects looks for a command behind every event, and for commands that have more than one.
func (e Evidence) judgeEffects(v *Verdict) {
	spent := make([]bool, len(e.Commands))
	once := map[string]bool{"created": false, "started": false, "ended": false}
	ply := 0
	for _, ev := range e.History {
		if been, only := once[ev.Type]; only && been {
			v.Wrong.Doubled++
			v.fault("the game was %s again, as event %d", ev.Type, ev.Seq)
		} else if only {
			once[ev.Type] = true
		}
		if ev.Type == "moved" {
			if ply++; ev.Plies() != ply {
				v.Wrong.Disagree++
				v.fault("event %d is ply %d, want %d", ev.Seq, ev.Plies(), ply)
			}
		}
		if !slices.Contains([]string{"moved", "offered", "accepted", "joined"}, ev.Type) {
			continue // these come of themselves, too
		}
		caused := func(i int) bool { return e.Commands[i].caused(ev) }
		all := slices.DeleteFunc(indices(len(e.Commands)), func(i int) bool { return !caused(i) })
		fresh := slices.IndexFunc(all, func(i int) bool { return !spent[i] })
		switch {
		case fresh >= 0:
			spent[all[fresh]] = true
		case len(all) > 0:
			v.Wrong.Doubled++
			v.fault("%s took effect again, as event %d", e.Commands[all[0]], ev.Seq)
		case ev.Type == "joined": // the server seats the players of a rematch
		default:
			v.Wrong.Disagree++
			v.fault("nobody has asked for event %d: %s", ev.Seq, canonical(ev))
		}
	}
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// judgeWitness compares what somebody saw with the server's history: all of it in order, and in the end nothing missing.
// What came before a whole state need not have been seen.
func (e Evidence) judgeWitness(v *Verdict, w Witness) {
	last := uint64(0)
	for _, m := range w.Saw {
		if m.Type == wire.TypeGame {
			e.judgeState(v, w, m, last)
			last = m.Seq
			continue
		}
		if m.Seq != last+1 {
			v.Wrong.Gaps++
			v.fault("%s got event %d after %d", w.Name, m.Seq, last)
		}
		last = m.Seq
		switch {
		case m.Seq < 1 || m.Seq > uint64(len(e.History)):
			v.Wrong.LostCommands++
			v.fault("%s saw event %d, %s: %s", w.Name, m.Seq, canonical(m), e.at(m.Seq))
		case canonical(m) != canonical(e.History[m.Seq-1]):
			v.Wrong.Disagree++
			v.fault("%s saw event %d as %s, the server has %s", w.Name, m.Seq, canonical(m), canonical(e.History[m.Seq-1]))
		}
	}
	if last < uint64(len(e.History)) {
		v.Wrong.Gaps += len(e.History) - int(last)
		v.fault("%s saw nothing behind event %d of %d", w.Name, last, len(e.History))
	}
}

// judgeState compares a whole state with the history as of its seq.
func (e Evidence) judgeState(v *Verdict, w Witness, m wire.Message, last uint64) {
	if m.Seq < last || m.Seq > uint64(len(e.History)) {
		v.Wrong.LostCommands++
		v.fault("%s got the state of seq %d after event %d: %s", w.Name, m.Seq, last, e.at(m.Seq))
		return
	}
	var moves []string
	for _, ev := range e.History[:m.Seq] {
		if ev.Type == "moved" {
			moves = append(moves, deref(ev.Move))
		}
	}
	if !slices.Equal(moves, m.Moves) {
		v.Wrong.Disagree++
		v.fault("%s got the state of seq %d with the moves %s, the server has %s", w.Name, m.Seq, strings.Join(m.Moves, " "), strings.Join(moves, " "))
	}
}

// at tells what the history has in that place.
func (e Evidence) at(seq uint64) string {
	if seq < 1 || seq > uint64(len(e.History)) {
		return fmt.Sprintf("the server's history has %d events", len(e.History))
	}
	return "the server has " + canonical(e.History[seq-1])
}

// String says what the command asked for.
func (c Command) String() string {
	if c.Type == wire.TypeMove {
		return fmt.Sprintf("ply %d, %s by %s", c.Ply, c.Move, c.Seat)
	}
	return strings.TrimSpace(fmt.Sprintf("%s by %s %s", c.Type, c.Seat, c.What))
}

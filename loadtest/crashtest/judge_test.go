package crashtest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/wire"
)

// noon is when the game of the tests begins.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func after(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

// right is the evidence of a game in which nothing is wrong. The server was killed after white's first move, when black had
// thought for 2 s, and was back after 5 s; it was killed before it was ready, too. All clocks have an increment of 1 s.
func right() Evidence {
	event := func(seq uint64, kind, seat string, at int, white, black int64) wire.Message {
		m := wire.Message{Type: kind, Game: "g", Seq: seq, Seat: seat, At: wire.FormatTime(after(at))}
		if white > 0 {
			m.Clock = &wire.Clock{Left: wire.Times{{Seat: "white", MS: white}, {Seat: "black", MS: black}}}
		}
		return m
	}
	move := func(m wire.Message, ply int, move string) wire.Message {
		m.Ply, m.Move = &ply, &move
		return m
	}
	created := event(1, "created", "", 100, 0, 0)
	created.Clock = &wire.Clock{Terms: &wire.ClockTerms{InitialMS: 60000, IncrementMS: 1000}}
	offered := event(8, "offered", "white", 8500, 0, 0)
	offered.What = "draw"
	history := []wire.Message{created,
		event(2, "joined", "white", 100, 0, 0), event(3, "joined", "black", 200, 0, 0),
		event(4, "started", "", 200, 60000, 60000),
		move(event(5, "moved", "white", 1200, 60000, 60000), 1, "e2e4"), // 1 s, and the increment
		event(6, "clock_adjusted", "", 8200, 60000, 58000),              // 2 s up to the last sign of life
		move(event(7, "moved", "black", 8400, 60000, 58800), 2, "e7e5"), // 200 ms, and the increment
		offered,
		move(event(9, "moved", "white", 9400, 60000, 58800), 3, "g1f3"),
		event(10, "ended", "", 9900, 60000, 58300), // black resigns after 500 ms
	}
	ok := func(seq uint64) []Answer { return []Answer{{Seq: seq, Game: "g"}, {Seq: seq, Game: "g"}} }
	state := wire.Message{Type: wire.TypeGame, Game: "g", Seq: 5, Moves: []string{"e2e4"}}
	return Evidence{Game: "g", Clock: wire.ClockTerms{InitialMS: 60000, IncrementMS: 1000}, History: history,
		Commands: []Command{
			{ID: "1", Type: "create", Seat: "white", Answers: ok(1)}, {ID: "2", Type: "join", Seat: "black", Answers: ok(3)},
			{ID: "3", Type: "move", Seat: "white", Ply: 1, Move: "e2e4", Answers: ok(5)},
			{ID: "4", Type: "move", Seat: "black", Ply: 2, Move: "e7e5", Answers: ok(7)},
			{ID: "5", Type: "offer", Seat: "white", What: "draw", Answers: ok(8)},
			{ID: "6", Type: "move", Seat: "white", Ply: 3, Move: "g1f3"}, // its answer never came
			{ID: "7", Type: "resign", Seat: "black", Answers: ok(10)},
		},
		Witnesses: []Witness{{Name: "white", Saw: slices.Clone(history)},
			{Name: "the watcher", Saw: append([]wire.Message{state}, history[5:]...)}},
		Lives: []Life{{Launched: noon, Ready: after(50), Dead: after(3210)},
			{Launched: after(5000), Dead: after(5100)},
			{Launched: after(8000), Ready: after(8190)}},
	}
}

// copied is the evidence with nothing shared, so that it can be falsified.
func copied(t *testing.T, e Evidence) Evidence {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var c Evidence
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNothingWrong(t *testing.T) {
	v := right().Judge()
	if !v.Wrong.None() || len(v.Faults) > 0 {
		t.Fatalf("the right evidence is found wrong: %+v %v", v.Wrong, v.Faults)
	}
	if v.Moves != 2 || v.Commands != 6 || v.Events != 10 || v.Repeated != 6 || v.Adjusted != 1 {
		t.Errorf("counted %+v", v)
	}
	if want := 10 * time.Millisecond; v.Spared != want { // killed 2.01 s after white's move, and charged were 2 s
		t.Errorf("spared %v, want %v", v.Spared, want)
	}
}

// TestFalseEvidence falsifies the evidence in one way after the other: what a server does wrong is found, and counted as
// what it is.
func TestFalseEvidence(t *testing.T) {
	left := func(e *Evidence, seq, seat int, ms int64) { e.History[seq-1].Clock.Left[seat].MS = ms }
	const white, black = 0, 1
	tests := map[string]struct {
		falsify func(e *Evidence)
		count   func(w Wrong) int
		want    string
	}{
		"the last events are lost": {func(e *Evidence) { e.History = e.History[:6] },
			func(w Wrong) int { return w.LostMoves }, "the server's history has 6 events"},
		"and seen events with them": {func(e *Evidence) { e.History = e.History[:6] },
			func(w Wrong) int { return w.LostCommands }, "saw event 7"},
		"all is lost": {func(e *Evidence) { e.History = nil }, func(w Wrong) int { return w.LostMoves }, "0 events"},
		"another move in its place": {func(e *Evidence) { *e.History[6].Move = "c7c5" },
			func(w Wrong) int { return w.LostMoves }, "ply 2, e7e5 by black was acknowledged"},
		"an acknowledged offer is lost": {func(e *Evidence) { e.History[7].What = "takeback" },
			func(w Wrong) int { return w.LostCommands }, "offer by white draw was acknowledged"},
		"a move is made twice": {func(e *Evidence) {
			again := e.History[6]
			again.Seq = 8
			e.History = slices.Insert(e.History, 7, again)
		}, func(w Wrong) int { return w.Doubled }, "ply 2, e7e5 by black took effect again"},
		"a command without an answer takes effect twice": {func(e *Evidence) {
			e.History = append(e.History, e.History[8])
		}, func(w Wrong) int { return w.Doubled }, "ply 3, g1f3 by white took effect again"},
		"an offer is made twice": {func(e *Evidence) { e.History = append(e.History, e.History[7]) },
			func(w Wrong) int { return w.Doubled }, "offer by white draw took effect again"},
		"the game is created twice": {func(e *Evidence) { e.History = append(e.History, e.History[0]) },
			func(w Wrong) int { return w.Doubled }, "created again"},
		"the game ends twice": {func(e *Evidence) { e.History = append(e.History, e.History[9]) },
			func(w Wrong) int { return w.Doubled }, "ended again"},
		"another answer to the same command": {func(e *Evidence) { e.Commands[2].Answers[1].Seq = 7 },
			func(w Wrong) int { return w.Answers }, "when it was sent again"},
		"another game for the same command": {func(e *Evidence) { e.Commands[0].Answers[1].Game = "h" },
			func(w Wrong) int { return w.Answers }, "when it was sent again"},
		"a command is not known any more": {func(e *Evidence) { e.Commands[3].Answers[1] = Answer{Refused: wire.CodeStalePly} },
			func(w Wrong) int { return w.Answers }, "stale_ply"},
		"a gap in the history": {func(e *Evidence) { e.History = slices.Delete(e.History, 7, 8) },
			func(w Wrong) int { return w.Gaps }, "event 8 of the server's history has seq 9"},
		"a seq twice in the history": {func(e *Evidence) { e.History[7].Seq = 7 },
			func(w Wrong) int { return w.Gaps }, "has seq 7"},
		"a player misses an event": {func(e *Evidence) { e.Witnesses[0].Saw = slices.Delete(e.Witnesses[0].Saw, 4, 5) },
			func(w Wrong) int { return w.Gaps }, "white got event 6 after 4"},
		"a player sees an event twice": {func(e *Evidence) {
			e.Witnesses[0].Saw = slices.Insert(e.Witnesses[0].Saw, 4, e.Witnesses[0].Saw[3])
		}, func(w Wrong) int { return w.Gaps }, "white got event 4 after 4"},
		"a watcher misses the end": {func(e *Evidence) { e.Witnesses[1].Saw = e.Witnesses[1].Saw[:5] },
			func(w Wrong) int { return w.Gaps }, "the watcher saw nothing behind event 9 of 10"},
		"a watcher sees nothing": {func(e *Evidence) { e.Witnesses[1].Saw = nil },
			func(w Wrong) int { return w.Gaps }, "nothing behind event 0"},
		"a player sees another move": {func(e *Evidence) { *e.Witnesses[0].Saw[6].Move = "c7c5" },
			func(w Wrong) int { return w.Disagree }, "white saw event 7"},
		"a player sees another time": {func(e *Evidence) { e.Witnesses[0].Saw[8].At = wire.FormatTime(after(9401)) },
			func(w Wrong) int { return w.Disagree }, "white saw event 9"},
		"a player sees another clock": {func(e *Evidence) { e.Witnesses[0].Saw[8].Clock.Left[white].MS++ },
			func(w Wrong) int { return w.Disagree }, "white saw event 9"},
		"a state with another move": {func(e *Evidence) { e.Witnesses[1].Saw[0].Moves[0] = "d2d4" },
			func(w Wrong) int { return w.Disagree }, "with the moves d2d4"},
		"a state without the move": {func(e *Evidence) { e.Witnesses[1].Saw[0].Moves = nil },
			func(w Wrong) int { return w.Disagree }, "state of seq 5"},
		"the server goes back": {func(e *Evidence) {
			e.Witnesses[0].Saw = append(e.Witnesses[0].Saw, e.Witnesses[1].Saw[0])
		}, func(w Wrong) int { return w.LostCommands }, "state of seq 5 after event 10"},
		"a move that nobody made": {func(e *Evidence) { e.Commands = slices.Delete(e.Commands, 5, 6) },
			func(w Wrong) int { return w.Disagree }, "nobody has asked for event 9"},
		"plies that do not follow": {func(e *Evidence) { *e.History[8].Ply = 4 },
			func(w Wrong) int { return w.Disagree }, "is ply 4, want 3"},

		"downtime is charged": {func(e *Evidence) {
			for _, seq := range []int{6, 7, 9, 10} {
				e.History[seq-1].Clock.Left[black].MS -= 5000
			}
		}, func(w Wrong) int { return w.Charged }, "event 6, clock_adjusted: black paid 7s, want at most 2.01s"},
		"1 ms of downtime is charged": {func(e *Evidence) {
			for _, seq := range []int{6, 7, 9, 10} {
				e.History[seq-1].Clock.Left[black].MS -= 11
			}
		}, func(w Wrong) int { return w.Charged }, "black paid 2.011s, want at most 2.01s"},
		"the move pays for the downtime": {func(e *Evidence) {
			e.History[5].At, e.History[5].Type = wire.FormatTime(after(1200)), "clock_adjusted"
			left(e, 6, black, 60000)
			for _, seq := range []int{7, 9, 10} {
				e.History[seq-1].Clock.Left[black].MS -= 5000
			}
		}, func(w Wrong) int { return w.Charged }, "event 7, moved: black paid 7.2s, want at most 2.01s"},
		"no adjustment after the kill": {func(e *Evidence) {
			e.History[5].Type, e.History[5].What = "offered", "draw"
			e.History[5].Clock = nil
		}, func(w Wrong) int { return w.Unadjusted }, "first after a kill"},
		"a move pays 1 ms too much": {func(e *Evidence) { left(e, 7, black, 58799); left(e, 9, black, 58799) },
			func(w Wrong) int { return w.Charged }, "event 7, moved: black paid 201ms, want at most 200ms"},
		"the other one pays": {func(e *Evidence) { left(e, 7, white, 59999) },
			func(w Wrong) int { return w.Charged }, "white paid 1ms, want at most 0s"},
		"time is given away": {func(e *Evidence) { left(e, 7, black, 59001) },
			func(w Wrong) int { return w.Charged }, "black paid -1ms"},
		"the end pays too much": {func(e *Evidence) { left(e, 10, black, 58299) },
			func(w Wrong) int { return w.Charged }, "event 10, ended: black paid 501ms"},
		"less than nothing left": {func(e *Evidence) { left(e, 10, black, -1) },
			func(w Wrong) int { return w.Charged }, "black has -1 ms left"},
		"an event while there was no server": {func(e *Evidence) { e.History[5].At = wire.FormatTime(after(6000)) },
			func(w Wrong) int { return w.Disagree }, "when there was no server"},
		"an event before there was a server": {func(e *Evidence) { e.History[0].At = wire.FormatTime(after(-1)) },
			func(w Wrong) int { return w.Disagree }, "when there was no server"},
		"an event without a time": {func(e *Evidence) { e.History[0].At = "noon" },
			func(w Wrong) int { return w.Disagree }, "event 1 is of noon"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := copied(t, right())
			test.falsify(&e)
			v := e.Judge()
			told := slices.ContainsFunc(v.Faults, func(fault string) bool { return strings.Contains(fault, test.want) })
			if test.count(v.Wrong) == 0 || !told {
				t.Errorf("wrong is %s, want it counted and told with %q: %q", v.Wrong, test.want, v.Faults)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	before := digest(right().History)
	if v := compare("g", before, before); !v.Wrong.None() {
		t.Errorf("the same is another: %v", v.Faults)
	}
	other := slices.Clone(before)
	other[3]++
	for name, test := range map[string]struct {
		now  []uint64
		want Wrong
	}{
		"gone":    {before[:8], Wrong{LostCommands: 2}},
		"changed": {other, Wrong{Disagree: 1}},
		"more":    {append(slices.Clone(before), 1), Wrong{Disagree: 1}},
		"nothing": {nil, Wrong{LostCommands: 10}},
	} {
		if v := compare("g", before, test.now); v.Wrong != test.want || len(v.Faults) != 1 {
			t.Errorf("%s: %+v, want %+v; %v", name, v.Wrong, test.want, v.Faults)
		}
	}
}

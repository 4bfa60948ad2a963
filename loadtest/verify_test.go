package loadtest

import (
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/wire"
)

// history is a small game as a server tells it, right in every way.
func history() []wire.Message {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	event := func(seq uint64, kind string, after time.Duration) wire.Message {
		return wire.Message{Type: kind, Game: "g", Seq: seq, At: wire.FormatTime(at.Add(after))}
	}
	clock := func(white, black int64) *wire.Clock {
		return &wire.Clock{Left: wire.Times{{Seat: "white", MS: white}, {Seat: "black", MS: black}}}
	}
	moved := func(m wire.Message, ply int, seat, move string, c *wire.Clock) wire.Message {
		m.Ply, m.Seat, m.Move, m.Clock = &ply, seat, &move, c
		return m
	}
	started := event(4, "started", time.Second)
	started.Clock = clock(60000, 60000)
	return []wire.Message{event(1, "created", 0), event(2, "joined", 0), event(3, "joined", time.Second), started,
		moved(event(5, "moved", 3*time.Second), 1, "white", "e2e4", clock(59000, 60000)),
		moved(event(6, "moved", 4*time.Second), 2, "black", "e7e5", clock(59000, 60000))}
}

func testMatch() *match {
	return &match{run: new(run), clock: &wire.ClockTerms{InitialMS: 60000, IncrementMS: 1000},
		acks: []ack{{5, 1, "e2e4"}, {6, 2, "e7e5"}}}
}

// TestChecksFindWhatIsWrong doctors a right history in one way after the other: each has to be found.
func TestChecksFindWhatIsWrong(t *testing.T) {
	if faults := append(testMatch().checkAcks(history()), testMatch().checkClocks(history())...); len(faults) > 0 {
		t.Fatalf("the right history is found wrong: %v", faults)
	}
	other := "d2d4"
	tests := map[string]struct {
		doctor func(h []wire.Message) []wire.Message
		want   string
	}{
		"acknowledged move gone":    {func(h []wire.Message) []wire.Message { return h[:5] }, "is lost"},
		"another move in its place": {func(h []wire.Message) []wire.Message { h[4].Move = &other; return h }, "where"},
		"move doubled": {func(h []wire.Message) []wire.Message {
			h[5].Ply, h[5].Move, h[5].Seat = h[4].Ply, h[4].Move, "white"
			return h
		}, "doubled"},
		"seq left out":     {func(h []wire.Message) []wire.Message { h[5].Seq = 7; return h }, "has seq"},
		"charged too much": {func(h []wire.Message) []wire.Message { h[4].Clock.Left[0].MS = 50000; return h }, "charged"},
		"time given":       {func(h []wire.Message) []wire.Message { h[4].Clock.Left[0].MS = 62000; return h }, "charged"},
		"below zero":       {func(h []wire.Message) []wire.Message { h[5].Clock.Left[1].MS = -1; return h }, "-1 ms left"},
		"the wrong clock":  {func(h []wire.Message) []wire.Message { h[4].Clock.Left[1].MS = 59999; return h }, "did not move"},
		"no time":          {func(h []wire.Message) []wire.Message { h[4].At = "noon"; return h }, "has the time"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := test.doctor(history())
			found := false
			for _, fault := range append(testMatch().checkAcks(h), testMatch().checkClocks(h)...) {
				found = found || strings.Contains(fault.Error(), test.want)
			}
			if !found {
				t.Errorf("nothing was found that says %q", test.want)
			}
		})
	}
}

func TestStateFindsWhatIsWrong(t *testing.T) {
	fen := "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2"
	m := testMatch()
	m.record = Record{Moves: []string{"e2e4", "e7e5"}, FinalFEN: fen}
	m.plan = plan{score: "1-0", reason: "resignation"}
	right := func() wire.Message {
		position := fen
		return wire.Message{Position: &position, Moves: []string{"e2e4", "e7e5"}, Result: &wire.Result{Score: "1-0", Reason: "resignation"}}
	}
	if faults := m.checkState(right()); len(faults) > 0 {
		t.Fatal(faults)
	}
	for name, doctor := range map[string]func(*wire.Message){
		"no result":      func(s *wire.Message) { s.Result = nil },
		"another result": func(s *wire.Message) { s.Result.Score = "0-1" },
		"another reason": func(s *wire.Message) { s.Result.Reason = "timeout" },
		"another move":   func(s *wire.Message) { s.Moves[1] = "e7e6" },
		"no position":    func(s *wire.Message) { s.Position = nil },
		"no castling":    func(s *wire.Message) { *s.Position = strings.Replace(fen, "KQkq", "-", 1) },
	} {
		s := right()
		doctor(&s)
		if len(m.checkState(s)) == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

func TestEyeFindsWhatIsWrong(t *testing.T) {
	feed := func(messages ...wire.Message) *eye {
		e := &eye{name: "eye", events: make(map[uint64]wire.Message), news: make(chan struct{})}
		for _, m := range messages {
			e.take(m)
		}
		return e
	}
	state := wire.Message{Type: wire.TypeGame, Seq: 4}
	h := history()
	if faults := feed(h...).check(h); len(faults) > 0 {
		t.Fatal(faults)
	}
	if faults := feed(state, h[4], h[5]).check(h); len(faults) > 0 {
		t.Fatal(faults)
	}
	doctored := history()
	doctored[4].At = doctored[0].At
	for name, e := range map[string]*eye{
		"gap":                     feed(h[0], h[1], h[3]),
		"twice":                   feed(h[0], h[1], h[1]),
		"never the last":          feed(h[:5]...),
		"never one after a state": feed(state, h[5]),
		"another content":         feed(doctored...),
		"back in time":            feed(append(history(), state)...),
	} {
		if len(e.check(h)) == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

package game_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// goldenEvents has an event of each kind with all that it can have.
func goldenEvents() []game.Event {
	at := func(n int) time.Time {
		return time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC).Add(time.Duration(n) * sec)
	}
	left := func(ms ...int64) []time.Duration {
		var clocks []time.Duration
		for _, n := range ms {
			clocks = append(clocks, time.Duration(n)*time.Millisecond)
		}
		return clocks
	}
	cause := func(user, command string) game.Cause { return game.Cause{User: user, Command: command} }
	result := game.Won(1, game.ReasonCheckmate)
	const none = game.NoSeat
	return []game.Event{
		{Kind: game.EventCreated, Seq: 1, At: at(0), Cause: cause("ann", "c1"), Seat: none, Terms: &game.Terms{
			Rules: "chess", Clock: game.Clock{Initial: 5 * time.Minute, Increment: 3 * sec, Delay: 1500 * ms}, Rated: true, Options: "{}",
			Opponent: "bob", Source: game.SourceChallenge, Seed: 0xfedcba9876543210}},
		{Kind: game.EventJoined, Seq: 2, At: at(0), Seat: 0, Player: game.User{ID: "ann", Name: "Änn"}},
		{Kind: game.EventJoined, Seq: 3, At: at(1), Cause: cause("bob", "j1"), Seat: 1, Player: game.User{ID: "bob", Name: "Bob"}},
		{Kind: game.EventStarted, Seq: 4, At: at(1), Seat: none, Clocks: left(300_000, 300_000)},
		{Kind: game.EventMoved, Seq: 5, At: at(3), Cause: cause("ann", "m1"), Seat: 0, Ply: 1, Elapsed: 400 * ms, Lag: 100 * ms,
			Clocks: left(302_600, 300_000), Move: game.Move{Text: "e2e4", Outcome: `{"eyes":6}`, Notation: "e4",
				Position: "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"}},
		{Kind: game.EventOffered, Seq: 6, At: at(4), Cause: cause("ann", "o1"), Seat: 0, Offer: game.OfferTakeback},
		{Kind: game.EventDeclined, Seq: 7, At: at(5), Cause: cause("bob", "d1"), Seat: 1, Offer: game.OfferTakeback},
		{Kind: game.EventClockAdjusted, Seq: 8, At: at(6), Seat: none, Clocks: left(302_600, 10_000)},
		{Kind: game.EventOffered, Seq: 9, At: at(7), Cause: cause("ann", "o2"), Seat: 0, Offer: game.OfferTakeback},
		{Kind: game.EventAccepted, Seq: 10, At: at(8), Cause: cause("bob", "a1"), Seat: 1, Offer: game.OfferTakeback},
		{Kind: game.EventTakenBack, Seq: 11, At: at(8), Seat: 0, Ply: 0, Clocks: left(302_600, 10_000)},
		{Kind: game.EventEnded, Seq: 12, At: at(9), Cause: cause("ann", "r1"), Seat: none, Clocks: left(299_600, 10_000), Result: &result},
		{Kind: game.EventOffered, Seq: 13, At: at(10), Cause: cause("ann", "o3"), Seat: 0, Offer: game.OfferRematch},
		{Kind: game.EventAccepted, Seq: 14, At: at(11), Cause: cause("bob", "a2"), Seat: 1, Offer: game.OfferRematch,
			Next: "01234567-89ab-8def-8123-456789abcdef"},
	}
}

// TestJournalGolden compares what is written with what was written when the format was made: journals and snapshots are kept
// over updates. A field may be added, and then the file is made anew with -update; nothing else may change.
func TestJournalGolden(t *testing.T) {
	g := game.New(game.CreatedBy("ann", "c1"), registry)
	var text strings.Builder
	kinds := map[game.EventKind]bool{}
	line := func(name string, written []byte) { fmt.Fprintf(&text, "%s %s\n", name, hex.EncodeToString(written)) }
	for _, ev := range goldenEvents() {
		kinds[ev.Kind] = true
		line(ev.Kind.String(), game.AppendEvent(nil, ev))
		if err := g.Apply(ev); err != nil {
			t.Fatal(err)
		}
	}
	line("snapshot", g.AppendSnapshot(nil))
	for _, kind := range game.EventKinds() {
		if !kinds[kind] {
			t.Errorf("there is no event of kind %s", kind)
		}
	}
	file := filepath.Join("testdata", "journal.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(want) {
		t.Errorf("the form has changed: got\n%swant\n%s", text.String(), want)
	}
}

// What is in the file can be read, whatever is written now.
func TestGoldenIsRead(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "journal.golden"))
	if err != nil {
		t.Fatal(err)
	}
	events, n := goldenEvents(), 0
	g := game.New(game.CreatedBy("ann", "c1"), registry)
	for line := range strings.Lines(string(file)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		written, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		if name == "snapshot" {
			restored, err := game.Restore(g.ID(), registry, written)
			if err != nil {
				t.Fatal(err)
			}
			r := rig{TB: t}
			if got, want := r.look(restored), r.look(g); !reflect.DeepEqual(got, want) {
				t.Errorf("restored\n%+v, want\n%+v", got, want)
			}
			continue
		}
		ev, err := game.DecodeEvent(written)
		if err != nil || n >= len(events) || !reflect.DeepEqual(ev, events[n]) {
			t.Fatalf("line %d is read as\n%+v, error %v", n+1, ev, err)
		}
		if err := g.Apply(ev); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != len(events) || g.Next().String() != events[n-1].Next {
		t.Errorf("%d events, rematch %v", n, g.Next())
	}
}

// Bytes are appended behind what is there.
func TestAppendKeepsWhatIsThere(t *testing.T) {
	ev := goldenEvents()[4]
	if got := game.AppendEvent([]byte("there"), ev); !bytes.Equal(got, append([]byte("there"), game.AppendEvent(nil, ev)...)) {
		t.Errorf("%q", got)
	}
	r := started(t, game.Terms{Rules: "nim"})
	if got := r.live.AppendSnapshot([]byte("there")); !bytes.Equal(got, append([]byte("there"), r.live.AppendSnapshot(nil)...)) {
		t.Errorf("%q", got)
	}
}

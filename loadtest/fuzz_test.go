package loadtest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	library "github.com/corentings/chess/v2"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
)

// FuzzReadPGN reads any text as a file of games. It comes to an end without a panic, keeps no game that is too long, and a
// game that is taken is one by the server's own rules, with the same end.
func FuzzReadPGN(f *testing.F) {
	classics, err := os.ReadFile("testdata/classics.pgn")
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range bytes.SplitAfter(classics, []byte("\n\n[")) {
		f.Add(text)
	}
	for _, text := range []string{
		"[Event \"?\"]\n\n1. e4 {never closed\n[Event \"?\"]\n\n1. d4 *\n", "\ufeff[Site \"x\"]\n[Result \"1-0\"]\n\n1. e4 (1. d4 d5) e5 $1 2. Nf3!? ; rest\n1-0",
		"1. e4 e5 2. Ke2 Ke7 3. Ke1 Ke8 1/2-1/2", "[TimeControl \"180+2\"]\n[FEN \"x\"]\n\n*", "[", "{", "(", "1.", "1. e4 {[%clk 0:01:02]} e5 *",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		games := newSplitter(bytes.NewReader(text))
		for range 1 + bytes.Count(text, []byte("[")) {
			one, err := games.next()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil && !errors.Is(err, errTooLong):
				t.Fatal(err)
			case len(one) > gameBytesMax:
				t.Fatalf("a game of %d bytes", len(one))
			}
			if record, err := parseRecord(one); err == nil {
				checkRecord(t, record)
			}
		}
		if _, err := games.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("more games than there are beginnings, or %v", err)
		}
	})
}

// checkRecord plays a record by the server's rules.
func checkRecord(t *testing.T, record Record) {
	t.Helper()
	position, err := chess.Rules{}.Setup(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	end := ""
	for i, text := range record.Moves {
		if end != "" {
			return // the library plays on behind a draw that comes by itself
		}
		move, err := position.Decide(game.Seat(i%2), text)
		if err != nil {
			t.Fatalf("move %d of %v: %v", i+1, record.Moves, err)
		}
		position.Apply(game.Seat(i%2), move)
		if move.End != nil {
			end = string(move.End.Reason)
		}
	}
	if end != record.Automatic {
		t.Fatalf("%v ends with %q, and the reader says %q", record.Moves, end, record.Automatic)
	}
	if fields, want := strings.Fields(position.Show(game.NoSeat)), strings.Fields(record.FinalFEN); fields[0] != want[0] || fields[1] != want[1] || fields[2] != want[2] {
		t.Fatalf("%v leads to %v, and the reader says %v", record.Moves, fields, want)
	}
	if planFor(record, true) == (plan{}) && len(record.Moves) > 0 {
		t.Fatalf("no plan for %+v", record)
	}
}

// FuzzPGNAgain plays the moves that the bytes choose, and reads what the server writes of the game: it is the same game.
func FuzzPGNAgain(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, "Ann", uint16(180), uint16(2), byte(0))
	f.Add([]byte{0, 0, 0, 0}, "\"\\ 1. e4", uint16(0), uint16(1), byte(1))
	f.Add(bytes.Repeat([]byte{7, 91, 33}, 30), "{x} (y) ;", uint16(1), uint16(0), byte(2))
	f.Fuzz(func(t *testing.T, choices []byte, name string, initial, increment uint16, how byte) {
		if strings.ContainsAny(name, "\\\"[]{}") {
			name = "x" // the library's reader has its own idea of these; FuzzPGN of package chess looks at what is written
		}
		var rules chess.Rules
		position, err := rules.Setup(nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		transcript := game.Transcript{Rules: rules, Players: []game.User{{ID: "a", Name: name}, {ID: "b", Name: "Bob"}}, CreatedAt: time.Unix(1e9, 0)}
		transcript.Terms.Clock = game.Clock{Initial: time.Duration(initial) * time.Second, Increment: time.Duration(increment) * time.Second}
		var end *game.Result
		played := library.NewGame()
		for i, choice := range choices[:min(len(choices), 100)] {
			if end != nil {
				break
			}
			moves := played.ValidMoves()
			text := moves[int(choice)%len(moves)].String()
			move, err := position.Decide(game.Seat(i%2), text)
			if err != nil {
				t.Fatal(err)
			}
			if err := played.PushNotationMove(text, library.UCINotation{}, nil); err != nil {
				t.Fatal(err)
			}
			position.Apply(game.Seat(i%2), move)
			end = move.End
			transcript.Moves = append(transcript.Moves, game.Moved{Seat: game.Seat(i % 2), Move: move})
		}
		if transcript.Result = end; end == nil && how%3 > 0 {
			result := []game.Result{game.Won(1, game.ReasonTimeout), game.Drawn(game.ReasonAgreement)}[how%3-1]
			transcript.Result = &result
		}
		var text bytes.Buffer
		if err := rules.WriteTranscript(&text, transcript); err != nil {
			t.Fatal(err)
		}
		one, err := newSplitter(bytes.NewReader(text.Bytes())).next()
		if err != nil || one != text.String()[:len(one)] || strings.TrimSpace(text.String()[len(one):]) != "" {
			t.Fatalf("%q is cut to %q (%v)", text.String(), one, err)
		}
		record, err := parseRecord(one)
		if err != nil {
			t.Fatalf("%s: %v", one, err)
		}
		checkRecord(t, record)
		if len(record.Moves) != len(transcript.Moves) {
			t.Fatalf("%d moves are read, want %d:\n%s", len(record.Moves), len(transcript.Moves), one)
		}
		for i, moved := range transcript.Moves {
			if record.Moves[i] != moved.Move.Text {
				t.Fatalf("move %d is %s, want %s:\n%s", i+1, record.Moves[i], moved.Move.Text, one)
			}
		}
		want := "*"
		if transcript.Result != nil {
			want = transcript.Result.Score(2)
		}
		if record.Result != want {
			t.Fatalf("result %s, want %s:\n%s", record.Result, want, one)
		}
		if clock := transcript.Terms.Clock; clock.Clocked() != (record.Clock != nil) ||
			record.Clock != nil && (record.Clock.InitialMS != clock.Initial.Milliseconds() || record.Clock.IncrementMS != clock.Increment.Milliseconds()) {
			t.Fatalf("clock %+v, want %+v:\n%s", record.Clock, clock, one)
		}
	})
}

package chess

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	corentings "github.com/corentings/chess/v2"

	"github.com/plywire/plywire/game"
)

// FuzzNotation plays the moves that the bytes choose, from the usual position or another. Each position's FEN is read by
// the library as that position, and the SAN of each of its moves as that move and no other.
func FuzzNotation(f *testing.F) {
	starts := append([]string{"startpos"}, refereeStarts()...)
	for i := range byte(len(starts)) {
		f.Add(i, []byte{i, 7, 3 * i, 200, 31, 5, i ^ 77, 90})
	}
	f.Fuzz(func(t *testing.T, from byte, choices []byte) {
		p := fromFEN(t, starts[int(from)%len(starts)])
		for _, choice := range choices[:min(len(choices), 40)] {
			if p.Turn() == 0 {
				return
			}
			fen := p.Show(game.NoSeat)
			pos := refereePosition(t, fen)
			if got := boardFrom(pos); *got != *p.at {
				t.Fatalf("%s is read back as %s", fen, got.fen())
			}
			moves := p.at.moves()
			written := map[string]packed{}
			for _, m := range moves {
				decided, err := p.Decide(p.at.turn, m.String())
				if err != nil {
					t.Fatalf("%s: %v: %v", fen, m, err)
				}
				if other, twice := written[decided.Notation]; twice {
					t.Fatalf("%s: %v and %v are both written %s", fen, m, other, decided.Notation)
				}
				written[decided.Notation] = m
				if choice%16 > 0 && m != moves[int(choice)%len(moves)] {
					continue // the library takes long to read
				}
				read, err := corentings.AlgebraicNotation{}.Decode(pos, decided.Notation)
				if err != nil || read.String() != m.String() {
					t.Fatalf("%s: %v is written %s, and read as %v (%v)", fen, m, decided.Notation, read, err)
				}
			}
			seat := p.at.turn
			move, err := p.Decide(seat, moves[int(choice)%len(moves)].String())
			if err != nil {
				t.Fatal(err)
			}
			p.Apply(seat, move)
			if p.Show(game.NoSeat) != move.Position {
				t.Fatalf("%s is promised, and %s comes", move.Position, p.Show(game.NoSeat))
			}
		}
	})
}

// FuzzPGN writes a game with any names and tags. A strict reader finds the tags as they were meant, no others, and the
// moves as they were played; what is refused leaves nothing written.
func FuzzPGN(f *testing.F) {
	f.Add("Ann", "Bob", "Casual game", "WhiteElo", "1500", []byte{3, 1, 4, 1, 5, 9, 2, 6}, uint32(61))
	f.Add("\"]\n[White \"x", "\\", "1. e4 *\n\n", "Event", "", []byte{}, uint32(0))
	f.Add("\x00\u2028é\xff", "]", "{", "a b", "%", []byte{255, 0, 128}, uint32(1<<32-1))
	f.Fuzz(func(t *testing.T, white, black, event, name, value string, choices []byte, seconds uint32) {
		p := start(t)
		var moves []PGNMove
		for i, choice := range choices[:min(len(choices), 60)] {
			legal := p.at.moves()
			if p.Turn() == 0 {
				break
			}
			text := legal[int(choice)%len(legal)].String()
			moves = append(moves, PGNMove{UCI: text, HasClock: seconds%2 == 0, Clock: time.Duration(seconds)*time.Second - time.Duration(i)*time.Minute})
			play(t, p, text)
		}
		tags := PGNTags{Event: event, White: white, Black: black, Result: "1-0", Extra: []PGNTag{{name, value}}}
		var out strings.Builder
		if err := WritePGN(&out, tags, moves); err != nil {
			if out.Len() > 0 || validTagName(name) && !strings.Contains(" Event Site Date Round White Black Result ", " "+name+" ") {
				t.Fatalf("%v, and %q is written", err, out.String())
			}
			return
		}
		text := out.String()
		read := readTags(t, text)
		for tag, want := range map[string]string{"Event": event, "White": white, "Black": black, name: value, "Result": "1-0"} {
			if got := read[tag]; got != shownTag(want) {
				t.Fatalf("%s is %q, and read back as %q:\n%s", tag, want, got, text)
			}
		}
		if len(read) != 8 {
			t.Fatalf("%d tags, want 8:\n%s", len(read), text)
		}
		if len(moves) > 0 { // the library takes a game without moves for none
			checkMoves(t, text, moves)
		}
	})
}

// checkMoves has the library read the moves alone: what it makes of odd names is its own affair.
func checkMoves(t *testing.T, text string, want []PGNMove) {
	t.Helper()
	_, movetext, _ := strings.Cut(text, "\n\n")
	checkReadBack(t, "[Event \"x\"]\n[Result \"1-0\"]\n\n"+movetext, want)
}

var tagForm = regexp.MustCompile(`^\[([A-Za-z0-9_]+) "((?:[^"\\]|\\["\\])*)"\]$`)

// readTags reads the tags as chapter 8.1.1 of the standard has them, a line each, up to an empty line; behind that there is
// none.
func readTags(t *testing.T, text string) map[string]string {
	t.Helper()
	head, movetext, found := strings.Cut(text, "\n\n")
	if !found || strings.Count(movetext, "\n\n") != 1 || !strings.HasSuffix(movetext, "\n\n") {
		t.Fatalf("not the form of a game: %q", text)
	}
	for _, line := range strings.Split(movetext, "\n") {
		if strings.HasPrefix(line, "[") || strings.HasPrefix(line, "%") {
			t.Fatalf("a line of the moves is %q", line)
		}
	}
	tags := map[string]string{}
	for _, line := range strings.Split(head, "\n") {
		parts := tagForm.FindStringSubmatch(line)
		if parts == nil {
			t.Fatalf("not a tag: %q", line)
		}
		if _, twice := tags[parts[1]]; twice {
			t.Fatalf("%s is there twice", parts[1])
		}
		tags[parts[1]] = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(parts[2])
	}
	return tags
}

// shownTag is what is left of a text in a tag.
func shownTag(text string) string {
	shown := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	if shown == "" {
		return "?"
	}
	return shown
}

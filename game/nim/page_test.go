package nim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
)

// root is the module's folder, as seen from this one.
const root = "../.."

// block is a fenced block of docs/adding-a-game.md: its language, and its lines.
type block struct{ language, text string }

func pageBlocks(t *testing.T) (blocks []block) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "adding-a-game.md"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("\n"+string(page), "\n```")
	if len(parts)%2 == 0 {
		t.Fatal("a block of the page has no end")
	}
	for i := 1; i < len(parts); i += 2 {
		language, text, _ := strings.Cut(parts[i], "\n")
		blocks = append(blocks, block{language, text})
	}
	return blocks
}

// A block of Go that begins with a comment of a file's name, "// game/nim/nim.go", shows a part of that file and must be in
// it word for word.
func TestPageShowsTheCode(t *testing.T) {
	var nim []string
	for _, block := range pageBlocks(t) {
		first, code, _ := strings.Cut(block.text, "\n")
		path, named := strings.CutPrefix(first, "// ")
		if block.language != "go" || !named || !strings.HasSuffix(path, ".go") {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			t.Errorf("the page shows a file that cannot be read: %v", err)
			continue
		}
		if code == "" || !strings.Contains(string(source), code+"\n") {
			t.Errorf("this is on the page, but not in %s:\n%s", path, code)
		}
		if path == "game/nim/nim.go" {
			nim = append(nim, code)
		}
	}
	source, err := os.ReadFile("nim.go")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(nim, "\n\n")+"\n" != string(source) {
		t.Errorf("the %d parts of nim.go on the page are not the whole file in its order", len(nim))
	}
}

// frame is what the test reads of a frame that the page shows.
type frame struct {
	Type, Game, Rules, Position, Code, Message, Move, Seat string
	Options                                                json.RawMessage
	Ply                                                    int
	Result                                                 *struct {
		Winner        *string
		Score, Reason string
	}
}

// session replays the conversation that the page shows.
type session struct {
	t        *testing.T
	position game.Position
	ply      int
	refused  error        // of the last move
	end      *game.Result // by the last move
}

// What the page says players and server say to each other must be what the rules make of it.
func TestPagePlaysTheGame(t *testing.T) {
	s := session{t: t}
	for _, block := range pageBlocks(t) {
		if block.language != "text" {
			continue
		}
		for line := range strings.Lines(block.text) {
			direction, text, _ := strings.Cut(line, " ")
			var f frame
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			switch direction {
			case ">":
				s.sent(f)
			case "<":
				s.received(f)
			default:
				t.Fatalf("neither sent nor received: %s", line)
			}
		}
	}
	if s.end == nil {
		t.Error("the game on the page does not end")
	}
}

func (s *session) sent(f frame) {
	s.t.Helper()
	var err error
	switch f.Type {
	case "create":
		registry := game.NewRegistry(Rules{})
		rules, unknown := registry.Rules(f.Rules)
		if unknown != nil {
			s.t.Fatal(unknown)
		}
		if s.position, err = rules.Setup(f.Options, 1); err != nil {
			s.t.Fatal(err)
		}
	case "move":
		if f.Ply != s.ply {
			s.t.Errorf("%s is sent with ply %d, want %d", f.Move, f.Ply, s.ply)
		}
		for seat := range s.position.Turn().All() {
			var move game.Move
			if move, s.refused = s.position.Decide(seat, f.Move); s.refused == nil {
				s.position.Apply(seat, move)
				s.ply++
				s.end = move.End
			}
		}
	}
}

func (s *session) received(f frame) {
	s.t.Helper()
	if (f.Type == "error") != (s.refused != nil) {
		s.t.Fatalf("%s comes after a move that was refused with %v", f.Type, s.refused)
	}
	switch f.Type {
	case "game":
		if shown := s.position.Show(game.NoSeat); f.Position != shown {
			s.t.Errorf("the position is %q, want %q", f.Position, shown)
		}
	case "error":
		if f.Code != "illegal_move" || f.Message != s.refused.Error() {
			s.t.Errorf("%s %q, want illegal_move %q", f.Code, f.Message, s.refused)
		}
		s.refused = nil
	case "moved":
		if want := seatNames[(s.ply-1)%2]; f.Ply != s.ply || f.Seat != want {
			s.t.Errorf("moved ply %d of %s, want %d of %s", f.Ply, f.Seat, s.ply, want)
		}
	case "ended":
		if s.end == nil || f.Result == nil || f.Result.Winner == nil {
			s.t.Fatalf("ended with %+v, want %+v", f.Result, s.end)
		}
		if r := f.Result; *r.Winner != seatNames[s.end.Winner] || r.Score != s.end.Score(2) || r.Reason != string(s.end.Reason) {
			s.t.Errorf("ended with %+v, want %+v", *r, *s.end)
		}
	}
}

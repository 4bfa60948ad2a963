package chess

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
)

// realGame is the moves of a game from lichess's open database (CC0 1.0): castling, a promotion, mate at ply 92.
const realGame = "e2e4 e7e5 g1f3 b8c6 d2d4 d7d6 d4e5 d6e5 d1d8 e8d8 f1b5 f7f6 b5c6 b7c6 e1g1 c8a6 f1d1 d8c8 c1e3 f8d6 " +
	"b1c3 g8e7 a2a3 a8b8 b2b4 a6b5 c3b5 c6b5 a3a4 a7a6 a4b5 a6b5 e3c5 d6c5 b4c5 e7c6 f3h4 g7g6 h4f3 h8d8 " +
	"d1d8 c8d8 a1d1 d8e7 f3d2 c6d4 c2c3 d4e2 g1f1 e2c3 d1c1 b5b4 d2c4 c3e4 c4a5 b8b5 a5c6 e7d7 c6a7 b5c5 " +
	"c1c5 e4c5 a7b5 b4b3 f1e2 b3b2 b5c3 c5a4 c3b1 c7c5 e2d2 c5c4 d2c2 c4c3 b1a3 f6f5 a3b5 d7c6 b5a3 c6d5 " +
	"c2b3 f5f4 b3a4 c3c2 a3c2 b2b1q c2b4 d5c4 b4a2 b1b3 a4a5 b3b5"

// pinnedEnPassant comes back to the position after 4...d5 twice. White's e5 pawn could take in passing, were it not
// pinned to its king by the queen on e6.
const pinnedEnPassant = "e2e4 c7c5 e4e5 d8b6 g1f3 b6e6 f3g1 d7d5 g1f3 b8c6 f3g1 c6b8 g1f3 b8c6 f3g1 c6b8"

func start(t testing.TB) *position {
	t.Helper()
	p, err := Rules{}.Setup(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*position)
}

// fromFEN sets up a position that no client could ask for.
func fromFEN(t testing.TB, fen string) *position {
	t.Helper()
	if fen == "startpos" {
		return start(t)
	}
	return newPosition(boardFrom(refereePosition(t, fen)))
}

// play decides and applies moves, and returns the last.
func play(t testing.TB, p *position, moves ...string) game.Move {
	t.Helper()
	var last game.Move
	for i, text := range moves {
		seat := p.at.turn
		if p.Turn() != game.SetOf(seat) {
			t.Fatalf("move %d %s: turn is %b in %s", i+1, text, p.Turn(), p.Show(game.NoSeat))
		}
		move, err := p.Decide(seat, text)
		if err != nil {
			t.Fatalf("move %d %s in %s: %v", i+1, text, p.Show(game.NoSeat), err)
		}
		p.Apply(seat, move)
		last = move
	}
	return last
}

func state(p game.Position) string { return string(p.AppendState(nil)) }

func mustRestore(t testing.TB, from string) *position {
	t.Helper()
	p, err := Rules{}.Restore([]byte(from))
	if err != nil {
		t.Fatal(err)
	}
	return p.(*position)
}

// sharedLines returns the lines, without comments, of a file of the data that lies beside the project but is not part
// of it.
func sharedLines(t testing.TB, path ...string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(sharedText(t, path...)) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}

func sharedText(t testing.TB, path ...string) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod above the test's folder")
		}
		root = filepath.Dir(root)
	}
	file := filepath.Join(append([]string{root, "..", "shared", "data"}, path...)...)
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		t.Skipf("../shared/data/%s is not there", filepath.ToSlash(filepath.Join(path...)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package connectfour

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
)

// leaves is the number of ways to play depth discs, games that end before not counted: 7, 49, 343 and so on.
func (b board) leaves(depth int) int {
	if depth == 0 {
		return 1
	}
	if b.over() {
		return 0
	}
	count := 0
	for _, text := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if after, err := b.drop(game.Seat(b.turn()), text); err == nil {
			count += after.leaves(depth - 1)
		}
	}
	return count
}

// perft is the known number of leaves by depth, from 1.
var perft = []int{7, 49, 343, 2401, 16807, 117649, 823536, 5673234}

func TestPerft(t *testing.T) {
	for i, want := range perft {
		depth := i + 1
		if depth == 8 && testing.Short() {
			break
		}
		if got := (board{}).leaves(depth); got != want {
			t.Errorf("depth %d: %d leaves, want %d", depth, got, want)
		}
	}
}

// The same again through what the game calls, which is slower.
func TestPerftOfPosition(t *testing.T) {
	const depth = 6
	var leaves func(p *position, depth int) int
	leaves = func(p *position, depth int) int {
		if depth == 0 {
			return 1
		}
		count := 0
		for seat := range p.Turn().All() {
			for _, text := range []string{"a", "b", "c", "d", "e", "f", "g"} {
				if move, err := p.Decide(seat, text); err == nil {
					after := *p
					after.Apply(seat, move)
					count += leaves(&after, depth-1)
				}
			}
		}
		return count
	}
	if got := leaves(&position{}, depth); got != perft[depth-1] {
		t.Errorf("depth %d: %d leaves, want %d", depth, got, perft[depth-1])
	}
}

// The reference counts that the project was given must be those in the table above.
func TestPerftTableIsTheReference(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "data", "perft", "perft.tsv")
	file, err := os.Open(path)
	if err != nil {
		t.Skip("shared/data/perft/perft.tsv is not there: the reference counts cannot be compared")
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		if fields[0] != "connect4_7x6" {
			continue
		}
		var counts []int
		for _, text := range strings.Fields(fields[len(fields)-1]) {
			count, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			counts = append(counts, count)
		}
		if !slices.Equal(counts, perft) {
			t.Errorf("the reference counts are %v, the table's %v", counts, perft)
		}
		return
	}
	t.Fatal("perft.tsv has no line connect4_7x6")
}

// lines are all ways to have four in a row, found by walking over the cells.
func lines() (all []uint64) {
	for column := range columns {
		for row := range rows {
			for _, step := range [][2]int{{0, 1}, {1, 0}, {1, 1}, {1, -1}} {
				endColumn, endRow := column+3*step[0], row+3*step[1]
				if endColumn >= columns || endRow >= rows || endRow < 0 {
					continue
				}
				var line uint64
				for i := range 4 {
					line |= cell(column+i*step[0], row+i*step[1])
				}
				all = append(all, line)
			}
		}
	}
	return all
}

func TestFour(t *testing.T) {
	all := lines()
	if len(all) != 69 {
		t.Fatalf("%d lines, want 69", len(all))
	}
	var cells uint64
	for _, line := range all {
		cells |= line
		if !four(line) {
			t.Errorf("%#x is four in a row, but was not found", line)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 100_000 {
		discs := random.Uint64() & random.Uint64() & cells
		want := slices.ContainsFunc(all, func(line uint64) bool { return discs&line == line })
		if four(discs) != want {
			t.Fatalf("four(%#x) is %v, want %v", discs, !want, want)
		}
		if want {
			found++
		}
	}
	if found < 1000 || found > 99_000 {
		t.Errorf("%d of 100000 boards have four: the test tests little", found)
	}
}

// Each triple below, with its neighbour in the next column's bottom or the last one's top, is four bits at even distances
// that are not a line on the board.
func TestFourDoesNotWrap(t *testing.T) {
	for column := range columns - 1 {
		up := cell(column, 3) | cell(column, 4) | cell(column, 5) | cell(column+1, 0)
		if four(up) {
			t.Errorf("four found from the top of column %d to the bottom of the next", column)
		}
	}
	for name, discs := range map[string]uint64{
		"rising":  cell(0, 3) | cell(1, 4) | cell(2, 5) | cell(4, 0),
		"falling": cell(0, 2) | cell(1, 1) | cell(2, 0) | cell(2, 5),
	} {
		if four(discs) {
			t.Errorf("four found in a line that leaves the board %s", name)
		}
	}
}

func TestString(t *testing.T) {
	tests := map[string]struct {
		board board
		want  string
	}{
		"empty":     {board{}, "////// x"},
		"one":       {board{cell(6, 0), 0}, "//////x o"},
		"corners":   {board{cell(0, 0) | cell(6, 1), cell(0, 1) | cell(6, 0)}, "xo//////ox x"},
		"game over": {board{0x0f, 0x07 << stride}, "xxxx/ooo///// -"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fmt.Sprint(test.board); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

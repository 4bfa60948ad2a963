package chess

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// perftCounts are the numbers of move sequences by length (chessprogramming.org/Perft_Results).
var perftCounts = map[string][]int{
	"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1":                 {20, 400, 8902, 197281, 4865609},
	"r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1":     {48, 2039, 97862, 4085603, 193690690},
	"8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1":                                {14, 191, 2812, 43238, 674624},
	"r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1":         {6, 264, 9467, 422333, 15833292},
	"rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8":                {44, 1486, 62379, 2103487, 89941194},
	"r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10": {46, 2079, 89890, 3894594, 164075551},
}

// perft counts the sequences of depth legal moves. The last move is counted, not played.
func perft(b *board, depth int) int {
	moves := b.moves()
	if depth == 1 {
		return len(moves)
	}
	n := 0
	for _, m := range moves {
		n += perft(b.after(m), depth-1)
	}
	return n
}

// testPerft goes to a depth of 4, which takes some seconds; PLYWIRE_PERFT_DEPTH asks for another.
func testPerft(t *testing.T, counts map[string][]int) {
	depths := 4
	if testing.Short() {
		depths = 3
	}
	if asked, err := strconv.Atoi(os.Getenv("PLYWIRE_PERFT_DEPTH")); err == nil {
		depths = asked
	}
	for _, fen := range slices.Sorted(maps.Keys(counts)) {
		t.Run(fen, func(t *testing.T) {
			for i, want := range counts[fen][:min(depths, len(counts[fen]))] {
				if got := perft(fromFEN(t, fen).at, i+1); got != want {
					t.Errorf("depth %d: %d sequences of moves, want %d", i+1, got, want)
				}
			}
		})
	}
}

func TestPerft(t *testing.T) { testPerft(t, perftCounts) }

// The file may know more positions than the table above, and must not contradict it.
func TestPerftFile(t *testing.T) {
	known, more := 0, map[string][]int{}
	for _, line := range sharedLines(t, "perft", "perft.tsv") {
		fields := strings.Split(line, "\t")
		if strings.HasPrefix(fields[0], "connect") || strings.HasPrefix(fields[0], "othello") {
			continue
		}
		var counts []int
		for _, field := range strings.Fields(fields[2]) {
			n, err := strconv.Atoi(field)
			if err != nil {
				t.Fatalf("%s: %v", fields[0], err)
			}
			counts = append(counts, n)
		}
		have, ok := perftCounts[fields[1]]
		if !ok {
			more[fields[1]] = counts
			continue
		}
		known++
		if n := min(len(have), len(counts)); !slices.Equal(have[:n], counts[:n]) {
			t.Errorf("%s: the file has %v, the test %v", fields[0], counts, have)
		}
	}
	if known != len(perftCounts) {
		t.Errorf("%d of %d positions are in the file", known, len(perftCounts))
	}
	testPerft(t, more)
}

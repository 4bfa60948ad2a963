package chess

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
)

// ruleCases are tricky positions: kind, name, position, moves, what must hold, separated by tabs. Other chess programs
// get some of them wrong.
const ruleCases = `seq	threefold_irrelevant_ep_square	startpos	e2e4 e7e5 g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8	threefold=true
seq	lib_gap_threefold_pinned_ep	startpos	` + pinnedEnPassant + `	threefold=true
seq	not_threefold_legal_ep_first_time	startpos	e2e4 e7e6 e4e5 d7d5 g1f3 g8e7 f3g1 e7g8 g1f3 g8e7 f3g1 e7g8	threefold=false
seq	not_threefold_castling_right_lost	startpos	e2e4 e7e5 f1c4 f8c5 g1f3 g8f6 h1f1 h8f8 f1h1 f8h8 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8	threefold=false
seq	fools_mate	startpos	f2f3 e7e5 g2g4 d8h4	checkmate, 0-1
seq	loyd_stalemate_19_plies	startpos	e2e3 a7a5 d1h5 a8a6 h5a5 h7h5 h2h4 a6h6 a5c7 f7f6 c7d7 e8f7 d7b7 d8d3 b7b8 d3h7 b8c8 f7g6 c8e6	stalemate, 1/2-1/2
fen	ep_capture_exposes_king_on_rank	8/8/8/K2pP2r/8/8/8/4k3 w - d6 0 1		6 legal moves, e5d6 illegal
fen	ep_capture_of_checking_pawn	8/8/8/2k5/3Pp3/8/8/4K3 b - d3 0 1		9 legal moves, e4d3 legal
fen	castle_through_attacked_f1	4k3/8/8/8/8/5r2/8/R3K2R w KQ - 0 1		23 legal moves, e1g1 illegal, e1c1 legal
fen	castle_long_with_b1_attacked	1r2k3/8/8/8/8/8/8/R3K3 w Q - 0 1		16 legal moves, e1c1 legal
fen	castle_out_of_check	4k3/8/8/8/4r3/8/8/R3K2R w KQ - 0 1		4 legal moves, no castling
fen	promotion_all_pieces_and_captures	1n1n4/2P5/8/8/8/8/6k1/4K3 w - - 0 1		15 legal moves (12 promotions)
fen	double_check	4k3/8/8/8/8/5n2/4r3/4K2R w K - 0 1		3 legal moves, all by the king
fen	dead_KB_KB_same_colour	8/8/4k1b1/8/8/3BK3/8/8 w - - 0 1		insufficient material
fen	alive_KB_KB_opposite_colour	8/8/4kb2/8/8/3BK3/8/8 w - - 0 1		not automatic draw
fen	alive_KNN_K	8/8/4k3/8/8/3NKN2/8/8 w - - 0 1		not automatic draw
fen	stalemate_Q	7k/5Q2/6K1/8/8/8/8/8 b - - 0 1		stalemate
input	uci_alias	startpos	e2m3	MUST be refused`

func TestRuleCases(t *testing.T) { testRuleCases(t, strings.Split(ruleCases, "\n")) }

// The file may know more cases than the table above.
func TestRuleCasesFile(t *testing.T) {
	lines := sharedLines(t, "perft", "rule-cases.tsv")
	if len(lines) < 18 {
		t.Errorf("%d cases in the file, want 18 at least", len(lines))
	}
	testRuleCases(t, lines)
}

func testRuleCases(t *testing.T, lines []string) {
	for _, line := range lines {
		fields := strings.Split(line, "\t")
		if len(fields) != 5 {
			t.Fatalf("%q has %d fields, want 5", line, len(fields))
		}
		kind, name, fen, moves, expected := fields[0], fields[1], fields[2], fields[3], fields[4]
		t.Run(name, func(t *testing.T) {
			p := fromFEN(t, fen)
			if kind == "input" {
				if _, err := p.Decide(White, moves); !errors.Is(err, game.ErrIllegal) {
					t.Errorf("%s: %v, want it refused as illegal", moves, err)
				}
				return
			}
			play(t, p, strings.Fields(moves)...)
			expected, _, _ = strings.Cut(expected, " by FIDE") // and why
			expected, _, _ = strings.Cut(expected, " (notnil") // and who says otherwise
			for want := range strings.SplitSeq(expected, ", ") {
				expect(t, p, want)
			}
		})
	}
}

var (
	countPhrase = regexp.MustCompile(`^(\d+) legal moves(?: \((\d+) promotions\))?$`)
	movePhrase  = regexp.MustCompile(`^([a-h][1-8][a-h][1-8]) (legal|illegal)$`)
)

// expect checks one phrase of a rule case. A phrase it does not know is an error.
func expect(t *testing.T, p *position, want string) {
	t.Helper()
	at := p.at
	moves := at.moves()
	end := p.judge()
	king := func(m packed) bool { return at.squares[m.from()].kind() == whiteKing }
	if found := countPhrase.FindStringSubmatch(want); found != nil {
		promotions := 0
		for _, m := range moves {
			if m.promotion() != none {
				promotions++
			}
		}
		if found[1] != strconv.Itoa(len(moves)) || found[2] != "" && found[2] != strconv.Itoa(promotions) {
			t.Errorf("%d legal moves, %d promotions, want %s", len(moves), promotions, want)
		}
		return
	}
	if found := movePhrase.FindStringSubmatch(want); found != nil {
		_, err := p.Decide(at.turn, found[1])
		if (err == nil) != (found[2] == "legal") || err != nil && !errors.Is(err, game.ErrIllegal) {
			t.Errorf("%s: %v, want it %s", found[1], err, found[2])
		}
		return
	}
	holds := false
	switch want {
	case "threefold=true", "threefold=false":
		_, err := p.Claim(at.turn, "threefold")
		holds = (err == nil) == (want == "threefold=true")
	case "no castling":
		holds = !slices.ContainsFunc(moves, func(m packed) bool {
			return king(m) && (m.to() == m.from()+2 || m.from() == m.to()+2)
		})
	case "all by the king":
		holds = !slices.ContainsFunc(moves, func(m packed) bool { return !king(m) })
	case "checkmate":
		holds = end.over && end.end.Reason == game.ReasonCheckmate
	case "stalemate":
		holds = end.over && end.end.Reason == game.ReasonStalemate
	case "insufficient material":
		holds = end.over && end.end.Reason == game.ReasonInsufficientMaterial
	case "not automatic draw":
		holds = !end.over
	case "0-1", "1-0", "1/2-1/2":
		holds = end.over && end.end.Score(2) == want
	default:
		t.Fatalf("the test does not understand %q", want)
	}
	if !holds {
		t.Errorf("in %s: not %s (verdict %+v)", p.Show(game.NoSeat), want, end)
	}
}

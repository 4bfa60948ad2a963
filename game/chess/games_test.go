package chess

import (
	"regexp"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
)

// automatic are the endings by themselves in the words of the file.
var automatic = map[string]game.Reason{
	"NoMethod":             "",
	"Checkmate":            game.ReasonCheckmate,
	"Stalemate":            game.ReasonStalemate,
	"InsufficientMaterial": game.ReasonInsufficientMaterial,
	"FivefoldRepetition":   game.ReasonFivefold,
	"SeventyFiveMoveRule":  game.ReasonSeventyFiveMoves,
}

// recorded is a real game as two other programs replayed it.
type recorded struct {
	site, result, termination, end, claims, fen string
	moves                                       []string
}

func readRecorded(t *testing.T, file string) []recorded {
	t.Helper()
	var games []recorded
	for _, line := range sharedLines(t, "games", file) {
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			t.Fatalf("%s: line with %d fields, want 7", file, len(f))
		}
		games = append(games, recorded{f[0], f[1], f[2], f[3], f[4], f[5], strings.Fields(f[6])})
	}
	return games
}

func TestRealGames(t *testing.T) {
	for _, file := range []string{"rated-2021-10", "endings"} {
		t.Run(file, func(t *testing.T) {
			notations := readNotations(t, sharedText(t, "games", file+".pgn"))
			games := readRecorded(t, file+".expected.tsv")
			if len(games) < 300 {
				t.Errorf("%d games, want 300 at least", len(games))
			}
			for _, g := range games {
				t.Run(strings.TrimPrefix(g.site, "https://lichess.org/"), func(t *testing.T) {
					g.replay(t, notations[g.site])
				})
			}
		})
	}
}

func (g recorded) replay(t *testing.T, notations []string) {
	if len(notations) != len(g.moves) {
		t.Fatalf("%d moves, but %d in the PGN file", len(g.moves), len(notations))
	}
	live, replayed := start(t), start(t)
	var end *game.Result
	for i, text := range g.moves {
		last := play(t, live, text)
		if last.Notation != notations[i] {
			t.Errorf("move %d: %s, want %s", i+1, last.Notation, notations[i])
		}
		if last.Position != live.Show(game.NoSeat) {
			t.Errorf("move %d: Decide promised %s, Show says %s", i+1, last.Position, live.Show(game.NoSeat))
		}
		replayed.Apply(game.Seat(i%2), last)
		end = last.End
	}
	if state(live) != state(replayed) || live.Turn() != replayed.Turn() {
		t.Error("the game as it was played and its replay differ")
	}
	g.checkEnd(t, live, end)
	g.checkClaims(t, live)
	g.checkFlag(t, live)
	if got, want := live.Show(game.NoSeat), g.fen; !sameFEN(got, want) {
		t.Errorf("final position %s, want %s", got, want)
	}
}

// sameFEN leaves the en-passant field aside: others write it when no capture is legal.
func sameFEN(got, want string) bool {
	g, w := strings.Fields(got), strings.Fields(want)
	if len(g) != 6 || len(w) != 6 || g[3] != "-" && g[3] != w[3] {
		return false
	}
	g[3] = w[3]
	return strings.Join(g, " ") == strings.Join(w, " ")
}

func (g recorded) checkEnd(t *testing.T, p *position, end *game.Result) {
	want, known := automatic[g.end]
	switch {
	case !known:
		t.Errorf("the test does not understand the ending %q", g.end)
	case want == "" && (end != nil || p.Turn() == 0):
		t.Errorf("ended by itself: %v, want it to go on", end)
	case want != "" && (end == nil || end.Reason != want || p.Turn() != 0 || end.Score(2) != g.result):
		t.Errorf("end %v, turn %b, want %s by %s", end, p.Turn(), g.result, want)
	}
}

func (g recorded) checkClaims(t *testing.T, p *position) {
	for what, word := range map[string]string{"threefold": "ThreefoldRepetition", "fifty_moves": "FiftyMoveRule"} {
		result, err := p.Claim(p.at.turn, what)
		want := strings.Contains(g.claims, word) && automatic[g.end] == ""
		if (err == nil) != want || err == nil && result != game.Drawn(game.Reason(what)) {
			t.Errorf("claim of %s: %v, %v; want it good: %v", what, result, err, want)
		}
	}
}

func (g recorded) checkFlag(t *testing.T, p *position) {
	if g.termination != "Time forfeit" {
		return
	}
	flagged := p.at.turn
	if result := p.Flagged(flagged); result.Score(2) != g.result {
		t.Errorf("the flag of %s falls in %s: %v, want %s", seatNames[flagged], p.Show(game.NoSeat), result, g.result)
	}
}

var (
	siteTag   = regexp.MustCompile(`(?m)^\[Site "([^"]*)"\]$`)
	pgnNoise  = regexp.MustCompile(`\{[^}]*\}|\d+\.+|[!?]+`)
	pgnAside  = regexp.MustCompile(`\([^()]*\)`) // a variation, once comments are gone
	pgnResult = map[string]bool{"1-0": true, "0-1": true, "1/2-1/2": true, "*": true}
)

// readNotations returns the moves of each game in a PGN file, by site.
func readNotations(t *testing.T, pgn string) map[string][]string {
	t.Helper()
	games := map[string][]string{}
	site := ""
	for block := range strings.SplitSeq(pgn, "\n\n") {
		if found := siteTag.FindStringSubmatch(block); found != nil {
			site = found[1]
			continue
		}
		moves := pgnAside.ReplaceAllString(pgnNoise.ReplaceAllString(block, " "), " ")
		for _, token := range strings.Fields(moves) {
			if !pgnResult[token] {
				games[site] = append(games[site], token)
			}
		}
	}
	return games
}

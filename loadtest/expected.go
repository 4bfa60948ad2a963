package loadtest

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Expected is what an independent engine says of a game.
type Expected struct {
	Result      string
	Termination string
	Automatic   string // the library's word, such as FivefoldRepetition; NoMethod: it does not end by itself
	Claimable   string // the library's words, separated by commas, such as DrawOffer,ThreefoldRepetition
	FinalFEN    string
	Moves       string
}

// ReadExpected reads the file that belongs to a PGN file, by the games' sites: tab-separated columns of site, result,
// termination, automatic end, claimable draws, final FEN, moves in UCI. Where there is no such file it returns nothing.
func ReadExpected(pgn string) (map[string]Expected, error) {
	path := strings.TrimSuffix(pgn, ".pgn") + ".expected.tsv"
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	expected := make(map[string]Expected)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, gameBytesMax)
	for n := 1; lines.Scan(); n++ {
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) < 6 {
			return nil, fmt.Errorf("%s:%d: %d columns, want 7", path, n, len(columns))
		}
		moves := ""
		if len(columns) > 6 {
			moves = columns[6]
		}
		expected[columns[0]] = Expected{Result: columns[1], Termination: columns[2], Automatic: columns[3],
			Claimable: columns[4], FinalFEN: columns[5], Moves: moves}
	}
	return expected, lines.Err()
}

// check compares a record with what is expected of it.
func (e Expected) check(r Record) error {
	automatic := map[string]string{"NoMethod": "", "Checkmate": "checkmate", "Stalemate": "stalemate",
		"FivefoldRepetition": "fivefold", "SeventyFiveMoveRule": "seventyfive_moves", "InsufficientMaterial": "insufficient_material"}
	want, known := automatic[e.Automatic]
	claims := []string{"DrawOffer"} // that an agreement can always be offered goes without saying
	for _, what := range r.Claimable {
		claims = append(claims, map[string]string{"threefold": "ThreefoldRepetition", "fifty_moves": "FiftyMoveRule"}[what])
	}
	switch {
	case !known:
		return fmt.Errorf("expected: automatic end %q is not known", e.Automatic)
	case want != r.Automatic:
		return fmt.Errorf("expected: it ends by itself with %q, the PGN with %q", want, r.Automatic)
	case e.Result != r.Result || e.Termination != r.Termination:
		return fmt.Errorf("expected: result %s, %s; the PGN says %s, %s", e.Result, e.Termination, r.Result, r.Termination)
	case e.Claimable != strings.Join(claims, ","):
		return fmt.Errorf("expected: the claims %s, the PGN's moves allow %s", e.Claimable, strings.Join(claims, ","))
	case e.Moves != strings.Join(r.Moves, " "):
		return errors.New("expected: other moves than in the PGN")
	case !samePosition(e.FinalFEN, r.FinalFEN):
		return fmt.Errorf("expected: final position %s, the PGN's moves lead to %s", e.FinalFEN, r.FinalFEN)
	}
	return nil
}

// samePosition compares two FENs, the en-passant field left aside: programs write it differently.
func samePosition(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != 6 || len(y) != 6 {
		return false
	}
	x[3], y[3] = "", ""
	return strings.Join(x, " ") == strings.Join(y, " ")
}

package loadtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readAll(t *testing.T, path string) (records []Record, faults []error) {
	t.Helper()
	err := ReadRecords(path, func(r Record, err error) bool {
		if err != nil {
			faults = append(faults, err)
		} else {
			records = append(records, r)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return records, faults
}

func TestPlansOfTheClassics(t *testing.T) {
	records, faults := readAll(t, "testdata/classics.pgn")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	want := []struct {
		plies        int
		with, witout plan // with and without a test clock
	}{
		{33, plan{endsItself, 1, "", "checkmate", "1-0", true}, plan{endsItself, 1, "", "checkmate", "1-0", true}},
		{45, plan{endsItself, 1, "", "checkmate", "1-0", true}, plan{endsItself, 1, "", "checkmate", "1-0", true}},
		{4, plan{endsItself, 0, "", "checkmate", "0-1", true}, plan{endsItself, 0, "", "checkmate", "0-1", true}},
		{19, plan{endsItself, -1, "", "stalemate", "1/2-1/2", true}, plan{endsItself, -1, "", "stalemate", "1/2-1/2", true}},
		{8, plan{endsClaimed, -1, "threefold", "threefold", "1/2-1/2", true}, plan{endsClaimed, -1, "threefold", "threefold", "1/2-1/2", true}},
		{16, plan{endsItself, -1, "", "fivefold", "1/2-1/2", true}, plan{endsItself, -1, "", "fivefold", "1/2-1/2", true}},
		{4, plan{endsAgreed, -1, "", "agreement", "1/2-1/2", true}, plan{endsAgreed, -1, "", "agreement", "1/2-1/2", true}},
		{4, plan{endsResigned, 0, "", "resignation", "0-1", true}, plan{endsResigned, 0, "", "resignation", "0-1", true}},
		{1, plan{endsFlagged, 1, "", "timeout", "1-0", true}, plan{endsResigned, 1, "", "resignation", "1-0", false}},
		{0, plan{endsAbandoned, 0, "", "abandonment", "0-1", true}, plan{endsResigned, 0, "", "resignation", "0-1", false}},
	}
	if len(records) != len(want) {
		t.Fatalf("%d games, want %d", len(records), len(want))
	}
	for i, r := range records {
		if len(r.Moves) != want[i].plies {
			t.Errorf("game %d has %d plies, want %d", i+1, len(r.Moves), want[i].plies)
		}
		if got := planFor(r, true); got != want[i].with {
			t.Errorf("game %d with a test clock: %+v, want %+v", i+1, got, want[i].with)
		}
		if got := planFor(r, false); got != want[i].witout {
			t.Errorf("game %d without a test clock: %+v, want %+v", i+1, got, want[i].witout)
		}
	}
}

func TestBadGamesAreReportedAndTheRestIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.pgn")
	text := strings.Join([]string{
		"[Site \"good 1\"]\n[Result \"1-0\"]\n\n1. e4 1-0\n",
		"[Site \"illegal\"]\n[Result \"1-0\"]\n\n1. e5 1-0\n",
		"[Site \"position\"]\n[FEN \"8/8/8/8/8/8/8/K1k5 w - - 0 1\"]\n[Result \"*\"]\n\n*\n",
		"[Site \"clock\"]\n[TimeControl \"quick\"]\n[Result \"*\"]\n\n1. e4 *\n",
		"[Site \"good 2\"]\n[Result \"0-1\"]\n\n1. e4 e5 0-1\n",
	}, "\n")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	records, faults := readAll(t, path)
	if len(records) != 2 || records[0].Site != "good 1" || records[1].Site != "good 2" || records[1].Number != 5 {
		t.Errorf("read %v", records)
	}
	if len(faults) != 3 {
		t.Errorf("faults: %v", faults)
	}
}

func TestExpectedDiffers(t *testing.T) {
	records, _ := readAll(t, "testdata/classics.pgn")
	r := records[2]
	right := Expected{Result: "0-1", Termination: "Normal", Automatic: "Checkmate", Claimable: "DrawOffer", FinalFEN: r.FinalFEN, Moves: strings.Join(r.Moves, " ")}
	if err := right.check(r); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Expected){
		"result":    func(e *Expected) { e.Result = "1-0" },
		"automatic": func(e *Expected) { e.Automatic = "NoMethod" },
		"unknown":   func(e *Expected) { e.Automatic = "Divination" },
		"claims":    func(e *Expected) { e.Claimable = "DrawOffer,FiftyMoveRule" },
		"position":  func(e *Expected) { e.FinalFEN = strings.Replace(e.FinalFEN, " w ", " b ", 1) },
		"moves":     func(e *Expected) { e.Moves += " e2e4" },
	} {
		e := right
		change(&e)
		if e.check(r) == nil {
			t.Errorf("%s: no difference was found", name)
		}
	}
}

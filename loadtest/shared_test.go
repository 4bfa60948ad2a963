package loadtest

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSharedGamesAreReadAsExpected reads every game of the shared collections and compares it with what independent engines
// say of it.
func TestSharedGamesAreReadAsExpected(t *testing.T) {
	folder := filepath.Join("..", "..", "shared", "data", "games")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the games are not there: " + err.Error())
	}
	for name, games := range map[string]int{"rated-2021-10.pgn": 999, "endings.pgn": 304} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, name)
			expected, err := ReadExpected(path)
			if err != nil || len(expected) != games {
				t.Fatalf("%d games are expected, want %d: %v", len(expected), games, err)
			}
			records, faults := readAll(t, path)
			if len(records) != games || len(faults) > 0 {
				t.Fatalf("%d games, want %d; faults %v", len(records), games, faults)
			}
			for _, r := range records {
				if want, known := expected[r.Site]; !known {
					t.Errorf("%s is not expected", r)
				} else if err := want.check(r); err != nil {
					t.Errorf("%s: %v", r, err)
				}
				if p := planFor(r, true); !p.forced {
					t.Errorf("%s: no way to the end that it had: %+v", r, p)
				}
			}
		})
	}
}

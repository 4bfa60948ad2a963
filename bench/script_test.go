package bench

import (
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
)

// Every script has to be one that the server's own rules accept to the end, and that does not end the game.
func TestScriptsAreLegal(t *testing.T) {
	for i, s := range append(writeScripts(1), writeLong(1)) {
		position, err := chess.Rules{}.Setup(nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for ply, text := range s {
			seat := game.Seat(ply % 2)
			move, err := position.Decide(seat, text)
			if err != nil || move.End != nil {
				t.Fatalf("script %d, ply %d, %s: %v, end %v", i, ply, text, err, move.End)
			}
			position.Apply(seat, move)
		}
		if len(s) < pliesMin {
			t.Errorf("script %d has %d plies", i, len(s))
		}
	}
}

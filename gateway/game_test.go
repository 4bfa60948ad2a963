package gateway_test

import (
	"fmt"
	"testing"
)

// start has white create a game and black join it.
func start(t *testing.T, white, black *player, rules string) string {
	t.Helper()
	white.send(fmt.Sprintf(`{"type":"create","id":"c","rules":%q,"seat":"white","clock":{"initial_ms":60000,"increment_ms":0,"delay_ms":0}}`, rules))
	state := white.expect("game")
	white.expect("ok")
	black.send(fmt.Sprintf(`{"type":"join","id":"j","game":%q}`, state.Game))
	black.expect("game")
	black.expect("ok")
	white.expect("started")
	return state.Game
}

func TestFoolsMate(t *testing.T) {
	r := newRig(t, nil)
	white, black := r.guest(), r.guest()
	game := start(t, white, black, "chess")
	players := []*player{white, black}
	for ply, move := range []string{"f2f3", "e7e5", "g2g4", "d8h4"} {
		mover := players[ply%2]
		mover.send(fmt.Sprintf(`{"type":"move","id":"m%d","game":%q,"ply":%d,"move":%q}`, ply, game, ply, move))
		for _, p := range players {
			moved := p.expect("moved")
			if *moved.Move != move || moved.Plies() != ply+1 || moved.Clock.Left.Of("white") == 0 {
				t.Fatalf("saw %+v, want %s at ply %d", moved, move, ply+1)
			}
		}
		if ply < 3 {
			mover.expect("ok")
		}
	}
	for _, p := range players {
		ended := p.expect("ended")
		if ended.Result.Reason != "checkmate" || *ended.Result.Winner != "black" || ended.Result.Score != "0-1" {
			t.Fatalf("ended with %+v", ended.Result)
		}
	}
	black.expect("ok")
	r.counts("plywire_gateway_answer_seconds", "move", 4)
}

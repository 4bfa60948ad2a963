package gateway_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestHiddenMoves plays rock-paper-scissors and reads every byte that the others are sent.
func TestHiddenMoves(t *testing.T) {
	r := newRig(t, nil)
	first, second, watcher := r.guest(), r.guest(), r.guest()
	first.send(`{"type":"create","id":"c","rules":"rps","seat":"first","options":{"best_of":1}}`)
	game := first.expect("game").Game
	second.send(fmt.Sprintf(`{"type":"join","id":"j","game":%q}`, game))
	second.expect("ok")
	watcher.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
	watcher.expect("ok")
	first.send(fmt.Sprintf(`{"type":"move","id":"1","game":%q,"ply":0,"move":"rock"}`, game))
	if moved := first.expect("moved"); moved.Move == nil || *moved.Move != "rock" {
		t.Fatalf("the mover saw %v", moved.Move)
	}
	for _, p := range []*player{second, watcher} {
		if moved := p.expect("moved"); moved.Move != nil {
			t.Fatalf("somebody else saw %s", *moved.Move)
		}
		// Asking again, in every way, shows no more.
		p.send(fmt.Sprintf(`{"type":"watch","id":"w1","game":%q}`, game), fmt.Sprintf(`{"type":"watch","id":"w2","game":%q,"after":1}`, game))
		for range 2 {
			for {
				raw, err := p.next()
				must(t, err)
				if strings.Contains(string(raw), "rock") {
					t.Fatalf("somebody else was sent %s", raw)
				}
				if decode(t, raw).Type == "ok" {
					break
				}
			}
		}
	}
	// The second player's turn began at ply 0: that the first has thrown does not make the throw stale.
	second.send(fmt.Sprintf(`{"type":"move","id":"1","game":%q,"ply":0,"move":"paper"}`, game))
	for _, p := range []*player{first, watcher} {
		moved := p.expect("moved")
		if outcome := string(moved.Outcome); !strings.Contains(outcome, `"rock"`) || !strings.Contains(outcome, `"paper"`) {
			t.Fatalf("the outcome is %s", outcome)
		}
		if ended := p.expect("ended"); *ended.Result.Winner != "second" {
			t.Fatalf("ended with %+v", ended.Result)
		}
	}
}

func TestOffersAndRematch(t *testing.T) {
	r := newRig(t, nil)
	white, black := r.guest(), r.guest()
	game := start(t, white, black, "chess")
	white.send(fmt.Sprintf(`{"type":"move","id":"1","game":%q,"ply":0,"move":"e2e4"}`, game))
	white.expect("ok")
	white.send(fmt.Sprintf(`{"type":"offer","id":"t","game":%q,"what":"takeback"}`, game))
	white.expect("ok")
	if m := black.expect("offered"); m.What != "takeback" || m.Seat != "white" {
		t.Fatalf("offered %+v", m)
	}
	black.send(fmt.Sprintf(`{"type":"accept","id":"t","game":%q,"what":"takeback"}`, game))
	if m := white.expect("taken_back"); m.Plies() != 0 {
		t.Fatalf("taken back to ply %d", m.Plies())
	}
	white.send(fmt.Sprintf(`{"type":"offer","id":"d","game":%q,"what":"draw"}`, game))
	black.expect("offered")
	black.send(fmt.Sprintf(`{"type":"accept","id":"d","game":%q,"what":"draw"}`, game))
	if m := white.expect("ended"); m.Result.Winner != nil || m.Result.Reason != "agreement" || m.Result.Score != "1/2-1/2" {
		t.Fatalf("ended with %+v", m.Result)
	}
	white.send(fmt.Sprintf(`{"type":"offer","id":"r","game":%q,"what":"rematch"}`, game))
	black.expect("offered")
	black.send(fmt.Sprintf(`{"type":"accept","id":"r","game":%q,"what":"rematch"}`, game))
	next := white.expect("accepted").Next
	if next == "" || next == game {
		t.Fatalf("the rematch is %q", next)
	}
	for {
		m := black.expect("ok")
		if m.Re == "r" {
			if m.Game != next {
				t.Fatalf("the acceptance was answered with game %s, want %s", m.Game, next)
			}
			break
		}
	}
	// The rematch is being made by the server; it is there at the latest when its shard has got round to it.
	for {
		black.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, next))
		raw, err := black.next()
		must(t, err)
		m := decode(t, raw)
		if m.Type != "game" {
			continue
		}
		if m.Status != "playing" || m.Seats[0].User.ID != black.welcome.User.ID {
			t.Fatalf("the rematch is %s", raw)
		}
		break
	}
}

func TestChatIsForPlayersAndSaidOnce(t *testing.T) {
	r := newRig(t, nil)
	white, black, watcher := r.guest(), r.guest(), r.guest()
	game := start(t, white, black, "chess")
	watcher.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
	watcher.expect("ok")
	line := fmt.Sprintf(`{"type":"say","id":"s","game":%q,"text":"<b>good luck</b> \u2603"}`, game)
	white.send(line, line)
	white.expect("ok")
	white.expect("ok")
	if m := black.expect("said"); m.Said != "<b>good luck</b> \u2603" || m.User.ID != white.welcome.User.ID {
		t.Fatalf("said %+v", m)
	}
	white.send(fmt.Sprintf(`{"type":"resign","id":"r","game":%q}`, game))
	for _, p := range []*player{black, watcher} {
		for {
			raw, err := p.next()
			must(t, err)
			m := decode(t, raw)
			if m.Type == "said" {
				t.Fatalf("said again, or to a watcher: %s", raw)
			}
			if m.Type == "ended" {
				break
			}
		}
	}
}

func TestWatchersAreCounted(t *testing.T) {
	r := newRig(t, nil)
	white, black, watcher := r.guest(), r.guest(), r.guest()
	game := start(t, white, black, "chess")
	watcher.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
	for {
		if m := white.expect("watchers"); *m.Count == 1 {
			break
		}
	}
	watcher.send(fmt.Sprintf(`{"type":"leave","id":"l","game":%q}`, game))
	for {
		if m := white.expect("watchers"); *m.Count == 0 {
			break
		}
	}
	white.send(fmt.Sprintf(`{"type":"resign","id":"r","game":%q}`, game))
	white.expect("ended")
	watcher.send(`{"type":"ping"}`)
	if raw, err := watcher.next(); err != nil || decode(t, raw).Type != "game" {
		t.Fatalf("%s %v", raw, err)
	}
	for {
		raw, err := watcher.next()
		must(t, err)
		m := decode(t, raw)
		if m.Type == "ended" {
			t.Fatal("who has left was told the end")
		}
		if m.Type == "pong" {
			break
		}
	}
}

// Whoever looks first and then joins is a watcher no longer.
func TestWatcherWhoJoinsIsNotCounted(t *testing.T) {
	r := newRig(t, nil)
	white, black := r.guest(), r.guest()
	white.send(`{"type":"create","id":"c","rules":"chess","seat":"white"}`)
	game := white.expect("ok").Game
	black.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
	if m := white.expect("watchers"); *m.Count != 1 {
		t.Fatalf("%d watch, want 1", *m.Count)
	}
	black.send(fmt.Sprintf(`{"type":"join","id":"j","game":%q}`, game))
	for {
		raw, err := white.next()
		must(t, err)
		switch m := decode(t, raw); {
		case m.Type == "presence" && !*m.Present:
			t.Fatal("nothing was told before black had gone again")
		case m.Type == "watchers" && *m.Count == 0:
			return
		}
	}
}

func TestReservedSeat(t *testing.T) {
	r := newRig(t, nil)
	white, black, stranger := r.guest(), r.guest(), r.guest()
	white.send(fmt.Sprintf(`{"type":"create","id":"c","rules":"chess","seat":"white","opponent":%q}`, black.welcome.User.ID))
	game := white.expect("game").Game
	stranger.send(fmt.Sprintf(`{"type":"join","id":"j","game":%q}`, game))
	stranger.refused("forbidden")
	black.send(fmt.Sprintf(`{"type":"join","id":"j","game":%q}`, game))
	black.expect("ok")
	white.expect("started")
}

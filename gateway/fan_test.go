package gateway_test

import (
	"fmt"
	"testing"

	"github.com/plywire/plywire/wire"
)

// crowdSize is more than whoever publishes serves himself.
const crowdSize = 60

// TestManyWatchersMissNothing has many watch a game, some of them leave and come back in the middle of it, and checks that
// each gets every event once and in order from the state that it was given.
func TestManyWatchersMissNothing(t *testing.T) {
	r := newRig(t, nil)
	white, black := r.guest(), r.guest()
	game := start(t, white, black, "chess")
	done := make(chan error, crowdSize)
	for i := range crowdSize {
		p := r.guest()
		p.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
		p.expect("ok")
		go func() { done <- follow(p, game, i%3 == 0) }()
	}
	moves := []string{"g1f3", "g8f6", "f3g1", "f6g8"}
	for ply := range 14 {
		mover := []*player{white, black}[ply%2]
		mover.send(fmt.Sprintf(`{"type":"move","id":"m%d","game":%q,"ply":%d,"move":%q}`, ply, game, ply, moves[ply%4]))
		mover.expect("ok")
		if ply%2 == 0 {
			black.expect("moved")
		} else {
			white.expect("moved")
		}
	}
	white.send(fmt.Sprintf(`{"type":"resign","id":"r","game":%q}`, game))
	for range crowdSize {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// follow reads to the end of the game. If it is restless it leaves after every third event, and comes back with what it has.
func follow(p *player, game string, restless bool) error {
	var last, asked uint64
	away := false
	for n := 0; ; {
		raw, err := p.next()
		if err != nil {
			return err
		}
		var m wire.Message
		if m = decode(p.t, raw); m.Type == "error" {
			return fmt.Errorf("refused: %s", raw)
		}
		switch {
		case m.Type == "ok" && m.Re == "leave":
			away, last = false, asked // it is told again what came between its question and its leave
		case m.Type == "game":
			last = m.Seq
		case m.Type != "ok" && m.Seq != 0 && (m.Seq != last+1 && last != 0):
			return fmt.Errorf("seq %d after %d: %s", m.Seq, last, raw)
		case m.Type == "ended":
			return nil
		case m.Type != "ok" && m.Seq != 0:
			last = m.Seq
			if n++; restless && n%3 == 0 && !away {
				away, asked = true, last
				p.send(fmt.Sprintf(`{"type":"leave","id":"leave","game":%q}`, game))
				p.send(fmt.Sprintf(`{"type":"watch","id":"again","game":%q,"after":%d}`, game, last))
			}
		}
	}
}

// A player among very many watchers hears what is for players, and watchers do not.
func TestChatAmongManyWatchers(t *testing.T) {
	r := newRig(t, nil)
	white, black := r.guest(), r.guest()
	game := start(t, white, black, "chess")
	var crowd []*player
	for range crowdSize {
		p := r.guest()
		p.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
		p.expect("ok")
		crowd = append(crowd, p)
	}
	white.send(fmt.Sprintf(`{"type":"say","id":"s","game":%q,"text":"hello"}`, game))
	black.expect("said")
	white.send(fmt.Sprintf(`{"type":"resign","id":"r","game":%q}`, game))
	for _, p := range crowd {
		for {
			raw, err := p.next()
			must(t, err)
			m := decode(t, raw)
			if m.Type == "said" {
				t.Fatalf("a watcher is told %s", raw)
			}
			if m.Type == "ended" {
				break
			}
		}
	}
}

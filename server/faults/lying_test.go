package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plywire/plywire/wire"
)

// TestDiskLies plays on a disk that says that it has synced what it has not, and takes its power away. What was acknowledged
// after the lie cannot be there. But what is there is how the games were at some moment, nothing is half of a command, and
// that something is gone is not silent: the players are told, and it is counted and logged.
func TestDiskLies(t *testing.T) {
	for name, about := range map[string]func(string) bool{"about its logs": isLog, "about everything": isAnything} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, 1)
			url := m.cable.url()
			launch(t, m)
			var games []*two
			for i := range 6 {
				games = append(games, sitDown(t, url))
				games[i].moves(6 + i)
			}
			truth, known := map[*two]uint64{}, map[*two][]wire.Message{}
			for _, g := range games {
				truth[g] = g.last()
			}
			m.drive.lie(about)
			for i, g := range games {
				g.moves(3 + i)
				if i%2 == 1 {
					g.agree()
				}
				known[g] = g.history(url)
			}
			if m.drive.lieCount() == 0 {
				t.Fatal("the disk has not lied")
			}
			before := counter(t, url, "plywire_gateway_lost_total")
			if err := m.Kill(); err != nil {
				t.Fatal(err)
			}
			launch(t, m)
			for i, g := range games {
				if err := isPrefix(g.history(url), known[g], truth[g]); err != nil {
					t.Errorf("game %d: %v", i, err)
				}
				for seat := range g.games {
					told(t, g, seat)
				}
			}
			if n := counter(t, url, "plywire_gateway_lost_total") - before; n < 2*len(games) {
				t.Errorf("%d losses are counted, want one for each of %d players", n, 2*len(games))
			}
			if text := m.log.String(); strings.Count(text, "something acknowledged is lost") < 2*len(games) {
				t.Errorf("the losses are not logged:\n%s", text)
			}
			for _, g := range games { // they can go on from where the server is
				g.ply = plies(g.history(url))
				g.moves(4)
			}
			stop(t, m)
		})
	}
}

func launch(t *testing.T, m *machine) {
	t.Helper()
	if err := errors.Join(m.Launch(), m.WaitReady(t.Context())); err != nil {
		t.Fatalf("%v\n%s", err, m.log)
	}
	t.Cleanup(func() { stop(t, m) })
}

func stop(t *testing.T, m *machine) {
	t.Helper()
	l := m.present()
	l.stop()
	<-l.done
}

// isPrefix wants that the history is what was known, up to some moment not before the event truth, followed by nothing but
// what the server does when it is started.
func isPrefix(history, known []wire.Message, truth uint64) error {
	kept := 0
	for kept < len(history) && kept < len(known) && text(history[kept]) == text(known[kept]) {
		kept++
	}
	switch {
	case uint64(kept) < truth:
		return fmt.Errorf("only %d events are as they were, and %d were durable before the lie", kept, truth)
	case kept == len(known):
		return errors.New("nothing is lost, so that nothing is proven")
	case len(history) > kept+1 || len(history) == kept+1 && history[kept].Type != "clock_adjusted":
		return fmt.Errorf("after %d events that are as they were come %d others, from %s on", kept, len(history)-kept, text(history[kept]))
	}
	for i, ev := range history {
		if ev.Seq != uint64(i+1) {
			return fmt.Errorf("event %d has seq %d", i+1, ev.Seq)
		}
		follows := map[string]string{"created": "joined", "accepted": "ended"}[ev.Type]
		if follows != "" && (i+1 == kept || history[i+1].Type != follows) {
			return fmt.Errorf("half of a command is there: %s without %s", ev.Type, follows)
		}
	}
	return nil
}

func text(m wire.Message) string {
	text, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func plies(history []wire.Message) (n int) {
	for _, ev := range history {
		if ev.Type == "moved" {
			n = ev.Plies()
		}
	}
	return n
}

// told waits until a player, whose client has come back by itself, hears that the server knows less than he.
func told(t *testing.T, g *two, seat int) {
	t.Helper()
	for last := uint64(0); ; {
		m, err := g.games[seat].Next(t.Context())
		if err != nil {
			t.Fatalf("seat %d: %v", seat, err)
		}
		if m.Type == wire.TypeGame && m.Seq < last {
			return
		}
		last = m.Seq
	}
}

// TestDiskLiesAboutTables has the lie be about files that others speak of: what is left cannot be read. Then the server does
// not start, and says which file it is, instead of serving what it happens to find.
func TestDiskLiesAboutTables(t *testing.T) {
	m := newMachine(t, 1)
	m.drive.lie(func(path string) bool { return strings.HasSuffix(path, ".sst") })
	launch(t, m)
	g := sitDown(t, m.cable.url())
	g.moves(10)
	stop(t, m)   // in peace
	launch(t, m) // what was in the log goes into a table
	lying := m.drive.lieCount()
	g.moves(2)
	if lying == 0 {
		t.Fatal("the disk has not lied")
	}
	if err := m.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := m.Launch(); err != nil {
		t.Fatal(err)
	}
	err := m.WaitReady(t.Context())
	if err == nil {
		t.Fatalf("the server has started on what a lying disk has kept")
	}
	if !errors.Is(err, errEnded) || !strings.Contains(err.Error(), ".sst") || !strings.Contains(err.Error(), filepath.Base(m.config().Store.Dir)) {
		t.Errorf("the server says %v, which does not name the file", err)
	}
}

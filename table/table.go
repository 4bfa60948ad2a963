// Package table seats a game at the wire: it is the actor that a shard runs for each game. Commands of the protocol become
// commands of the game; the game's events become frames, written once for all who see the same. What is not durable lives
// here too: who is present, what was said.
//
// It must do no input or output of its own, start no goroutine, and let nothing out but through its shard.
package table

import (
	"fmt"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/wire"
)

// Config configures the tables of a server. Start from DefaultConfig.
type Config struct {
	Registry  *game.Registry
	Grace     time.Duration // a player who is gone for longer has abandoned the game, if the opponent says so
	Retention time.Duration // for which an ended game is kept
	ResumeMax int           // events that are sent one by one to who has missed them; who has missed more gets the state
	TestClock bool          // allows Advance, with which tests make time pass
	// Lost is called when a client knows more of a game than the server: something that was acknowledged is gone.
	Lost func(id game.ID, have, client uint64)
}

// DefaultConfig is good for production; it has no Registry.
func DefaultConfig() Config {
	return Config{Grace: time.Minute, Retention: 24 * time.Hour, ResumeMax: 1024, Lost: func(game.ID, uint64, uint64) {}}
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	switch {
	case c.Registry == nil || len(c.Registry.Names()) == 0:
		return fmt.Errorf("table: no rules are registered")
	case c.Grace < time.Second || c.Retention < time.Minute:
		return fmt.Errorf("table: grace is %v, want at least 1s; retention is %v, want at least 1m", c.Grace, c.Retention)
	case c.ResumeMax < 1:
		return fmt.Errorf("table: events to resume with are %d, want at least 1", c.ResumeMax)
	}
	return nil
}

// Table is one game and those around it.
type Table struct {
	config *Config
	id     game.ID
	name   string // the id as the wire has it
	game   *game.Game
	seats  []presence
	crowds []crowd       // of those who watch without a seat, by gateway
	said   []string      // ids of the last chat lines, up to saidMax, so that a line sent twice is said once
	lines  int           // said so far
	offset time.Duration // by which the test clock is ahead
}

// presence is where a seat's player is connected. It is not durable: after a restart everybody is gone, and comes back.
type presence struct {
	at     []string  // the gateways' nodes; empty: the player is gone
	goneAt time.Time // when the last connection went, or when the table first looked; meaningless before
}

func (p *presence) here() bool { return len(p.at) > 0 }

// Tables makes the tables of a server.
type Tables struct{ config *Config }

// NewTables returns the tables of a server with that configuration.
func NewTables(config Config) (*Tables, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Tables{config: &config}, nil
}

// New returns the table of a game that does not exist yet.
func (ts *Tables) New(id shard.ID) shard.Actor {
	return &Table{config: ts.config, id: id, name: id.String(), game: game.New(id, ts.config.Registry)}
}

// Restore returns the table that AppendSnapshot wrote.
func (ts *Tables) Restore(id shard.ID, snapshot []byte) (shard.Actor, error) {
	g, err := game.Restore(id, ts.config.Registry, snapshot)
	if err != nil {
		return nil, err
	}
	return &Table{config: ts.config, id: id, name: id.String(), game: g}, nil
}

// Apply folds one event of the journal. It was seen when it happened, as far as anybody knows.
func (t *Table) Apply(event []byte) error {
	ev, err := game.DecodeEvent(event)
	if err != nil {
		return err
	}
	if err := t.game.Apply(ev); err != nil {
		return err
	}
	t.game.Visible(ev.At)
	return nil
}

// AppendSnapshot appends the game. What is not durable is not in it.
func (t *Table) AppendSnapshot(dst []byte) []byte { return t.game.AppendSnapshot(dst) }

// Visible starts the clocks of those whose turn it has become.
func (t *Table) Visible(now time.Time) { t.game.Visible(now.Add(t.offset)) }

// Needs says when time runs out, and keeps the table in memory while its players or watchers are there.
func (t *Table) Needs() shard.Needs {
	needs := shard.Needs{Deadline: t.game.Deadline()}
	if !needs.Deadline.IsZero() {
		needs.Deadline = needs.Deadline.Add(-t.offset)
	}
	if t.game.Status() == game.StatusEnded {
		needs.Expires = t.game.EndedAt().Add(t.config.Retention)
		return needs
	}
	needs.Stay = len(t.crowds) > 0
	for i := range t.seats {
		needs.Stay = needs.Stay || t.seats[i].here()
	}
	return needs
}

// Receive decides on one of this package's requests, or on the shard's own.
func (t *Table) Receive(now time.Time, body any) shard.Turn {
	at := now.Add(t.offset)
	t.meet(at)
	switch request := body.(type) {
	case *Act:
		return t.act(at, request)
	case *Look:
		return shard.Turn{Reply: t.look(at, request)}
	case *Transcribe:
		return shard.Turn{Reply: t.transcribe()}
	case *Presence:
		return t.come(at, request)
	case *Watching:
		return t.watching(request)
	case *Departed:
		return t.departed(at, request)
	case *Say:
		return t.say(request)
	case *Advance:
		return t.advance(request)
	case shard.Tick:
		return t.act(at, &Act{Command: game.Command{Kind: game.CommandTick}})
	case shard.Thaw:
		return t.thaw(at, request)
	}
	panic(fmt.Sprintf("table: request of type %T", body))
}

// meet makes room for the seats' presence once it is known how many there are.
func (t *Table) meet(at time.Time) {
	for len(t.seats) < len(t.game.SeatNames()) {
		t.seats = append(t.seats, presence{goneAt: at})
	}
}

func (t *Table) thaw(at time.Time, thaw shard.Thaw) shard.Turn {
	for i := range t.seats {
		if !t.seats[i].here() {
			t.seats[i].goneAt = at
		}
	}
	turn := t.act(at, &Act{Command: game.Command{Kind: game.CommandThaw, Alive: thaw.Alive}})
	if t.game.Next() != (game.ID{}) {
		turn.Sends = append(turn.Sends, t.rematch())
	}
	return turn
}

func (t *Table) rematch() shard.Send {
	return shard.Send{To: t.game.Next(), Body: &Act{Command: t.game.Rematch()}}
}

// absent tells whether every other player has been gone for longer than the grace.
func (t *Table) absent(at time.Time, seat game.Seat) bool {
	for i := range t.seats {
		if game.Seat(i) != seat && (t.seats[i].here() || at.Sub(t.seats[i].goneAt) < t.config.Grace) {
			return false
		}
	}
	return seat != game.NoSeat
}

func (t *Table) seatName(seat game.Seat) string {
	if names := t.game.SeatNames(); int(seat) < len(names) {
		return names[seat]
	}
	return ""
}

func wireUser(user game.User) *wire.User {
	if user.ID == "" {
		return nil
	}
	return &wire.User{ID: user.ID, Name: user.Name}
}

package game

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// User is somebody who plays, watches or commands. The zero User is the server itself.
type User struct {
	ID   string
	Name string
}

func (u User) validate() error {
	if len(u.ID) > IDBytesMax || len(u.Name) > IDBytesMax {
		return fmt.Errorf("%w: a user's id of %d bytes and name of %d, want at most %d", ErrForbidden, len(u.ID), len(u.Name), IDBytesMax)
	}
	return nil
}

// Clock is the time control of a game, in whole milliseconds: each seat begins with Initial, or with Increment if Initial is
// 0, and gains Increment after each of its moves; the first Delay of every turn is not charged (simple delay). The zero
// Clock means that the game has none.
type Clock struct {
	Initial   time.Duration
	Increment time.Duration
	Delay     time.Duration
}

// Clocked tells whether the game is played with a clock.
func (c Clock) Clocked() bool { return c != Clock{} }

// Bounds of a Clock.
const (
	ClockInitialMax   = 14 * 24 * time.Hour
	ClockIncrementMax = time.Hour
)

// start is what is on each seat's clock when the game starts.
func (c Clock) start() time.Duration {
	if c.Initial == 0 {
		return c.Increment
	}
	return c.Initial
}

func (c Clock) validate() error {
	const ms = time.Millisecond
	switch {
	case !c.Clocked():
		return nil
	case c.Initial%ms != 0 || c.Increment%ms != 0 || c.Delay%ms != 0:
		return fmt.Errorf("%w: clock: %v, %v and %v, want whole milliseconds", ErrBadTerms, c.Initial, c.Increment, c.Delay)
	case c.Initial < 0 || c.Initial > ClockInitialMax:
		return fmt.Errorf("%w: clock: initial time of %v, want 0 to %v", ErrBadTerms, c.Initial, ClockInitialMax)
	case c.Increment < 0 || c.Increment > ClockIncrementMax:
		return fmt.Errorf("%w: clock: increment of %v, want 0 to %v", ErrBadTerms, c.Increment, ClockIncrementMax)
	case c.Delay < 0 || c.Delay > ClockIncrementMax:
		return fmt.Errorf("%w: clock: delay of %v, want 0 to %v", ErrBadTerms, c.Delay, ClockIncrementMax)
	case c.start()+c.Delay < time.Second:
		return fmt.Errorf("%w: clock: less than a second for the first move", ErrBadTerms)
	}
	return nil
}

// Source says what brought a game into being.
type Source string

// The sources of a game.
const (
	SourceCreate    Source = "create"
	SourceMatch     Source = "match"
	SourceChallenge Source = "challenge"
	SourceRematch   Source = "rematch"
	SourceBot       Source = "bot"
)

// Terms are what a game is created with. They never change.
type Terms struct {
	Rules   string // name in the registry
	Clock   Clock
	Rated   bool
	Options string // JSON object for the rules, or empty
	// Opponent is the one user who may take the other seat of a game of two; empty leaves it to anybody.
	Opponent string
	Source   Source
	// Seed is the only source of chance in the game. It is secret while the game is played.
	Seed uint64
}

// OptionsBytesMax bounds Terms.Options.
const OptionsBytesMax = 1024

func (t Terms) validate() error {
	switch {
	case len(t.Options) > OptionsBytesMax:
		return fmt.Errorf("%w: options of %d bytes, want at most %d", ErrBadTerms, len(t.Options), OptionsBytesMax)
	case !utf8.ValidString(t.Options):
		return fmt.Errorf("%w: options are not UTF-8", ErrBadTerms)
	case t.Options != "" && !json.Valid([]byte(t.Options)):
		return fmt.Errorf("%w: options are not JSON", ErrBadTerms) // they go into messages as they are
	case len(t.Opponent) > IDBytesMax:
		return fmt.Errorf("%w: an opponent's id of %d bytes, want at most %d", ErrBadTerms, len(t.Opponent), IDBytesMax)
	}
	return t.Clock.validate()
}

package game

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// User is somebody who plays, watches or commands. The zero User is the server itself.
type User struct {
	ID   string
	Name string
}

// Clock is the time control of a game: each seat begins with Initial and gains Increment after each of its moves; the
// first Delay of every turn is not charged (simple delay). The zero Clock means that the game has none.
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

func (c Clock) validate() error {
	switch {
	case !c.Clocked():
		return nil
	case c.Initial < 0 || c.Initial > ClockInitialMax:
		return fmt.Errorf("%w: clock: initial time of %v, want 0 to %v", ErrBadTerms, c.Initial, ClockInitialMax)
	case c.Increment < 0 || c.Increment > ClockIncrementMax:
		return fmt.Errorf("%w: clock: increment of %v, want 0 to %v", ErrBadTerms, c.Increment, ClockIncrementMax)
	case c.Delay < 0 || c.Delay > ClockIncrementMax:
		return fmt.Errorf("%w: clock: delay of %v, want 0 to %v", ErrBadTerms, c.Delay, ClockIncrementMax)
	case c.Initial+c.Delay+c.Increment < time.Second:
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
	// Opponent is the one user who may take the second seat; empty leaves it to anybody.
	Opponent string
	Source   Source
	// Seed is the only source of chance in the game. It is secret while the game is played.
	Seed uint64
}

// OptionsBytesMax bounds Terms.Options.
const OptionsBytesMax = 1024

func (t Terms) validate() error {
	if len(t.Options) > OptionsBytesMax {
		return fmt.Errorf("%w: options of %d bytes, want at most %d", ErrBadTerms, len(t.Options), OptionsBytesMax)
	}
	if !utf8.ValidString(t.Options) {
		return fmt.Errorf("%w: options are not UTF-8", ErrBadTerms)
	}
	return t.Clock.validate()
}

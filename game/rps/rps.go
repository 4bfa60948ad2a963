// Package rps plays rock-paper-scissors, best of a number of rounds. Both seats throw at the same time: each may throw as
// soon as a round begins, and neither sees the other's throw before it has thrown itself.
//
// A move is "rock", "paper" or "scissors". The first throw of a round is shown to nobody but the thrower; the second one
// carries an Outcome, which everybody sees and which tells both:
//
//	{"round":1,"first":"rock","second":"paper","winner":"second","score":[0,1]}
//
// winner is null if both threw the same; then nobody scores and another round follows. The game is won with more than half
// of the rounds that it is best of. So that it ends even between players who always throw the same, it is over after
// RoundsPerWin times as many rounds: then the higher score wins, and equal scores are a draw.
//
// A position is written as four fields with a space between them: the number of rounds it is best of, the score, the round
// that is being played (after the end: the last one), and the throws of that round, first seat's and second seat's. A throw
// is "-" if it is awaited, "?" if it is made and the viewer may not see it, and its name if the viewer may. "3 0-1 2 -/?"
// is the second round of a best of three; the second seat leads and has thrown, and the viewer is not the second seat.
package rps

import (
	"fmt"

	"github.com/plywire/plywire/game"
)

const (
	// BestOfDefault is the number of rounds that a game is best of if its options do not say.
	BestOfDefault = 3
	// BestOfMax is the largest number of rounds that a game can be best of.
	BestOfMax = 99
	// RoundsPerWin bounds a game: one that is best of n is over after RoundsPerWin × n rounds, ties included.
	RoundsPerWin = 10
)

// Rules is rock-paper-scissors. The option "best_of" is an odd number from 1 to BestOfMax.
type Rules struct{}

// Name is "rps".
func (Rules) Name() string { return "rps" }

// Setup returns the first round.
func (Rules) Setup(options []byte, _ uint64) (game.Position, error) {
	terms := struct {
		BestOf int `json:"best_of"`
	}{BestOf: BestOfDefault}
	err := game.ReadOptions(options, &terms)
	if err == nil && !playable(terms.BestOf) {
		err = fmt.Errorf("a game cannot be best of %d", terms.BestOf)
	}
	if err != nil {
		return nil, fmt.Errorf(`%w; rock-paper-scissors takes {"best_of": %d}: an odd number from 1 to %d`, err,
			BestOfDefault, BestOfMax)
	}
	return &position{bestOf: terms.BestOf}, nil
}

func playable(bestOf int) bool { return bestOf >= 1 && bestOf <= BestOfMax && bestOf%2 == 1 }

// Redact hides what was thrown from everybody but the thrower: Text, Notation and Position are empty then. It hides the
// second throw of a round like the first, although its Outcome has told it already: then what a viewer sees of a move does
// not depend on when somebody asks.
func (Rules) Redact(move game.Move, mover, viewer game.Seat) game.Move {
	if viewer != mover {
		move.Text, move.Notation, move.Position = "", "", ""
	}
	return move
}

// throw is what a seat has thrown in a round. Each beats the one before it, and rock beats scissors.
type throw uint8

const (
	none throw = iota
	rock
	paper
	scissors
)

var throwNames = [...]string{none: "-", rock: "rock", paper: "paper", scissors: "scissors"}

// parse returns none if text is not a throw.
func parse(text string) throw {
	for t := rock; t <= scissors; t++ {
		if throwNames[t] == text {
			return t
		}
	}
	return none
}

// winnerOf is the seat whose throw beats the other's, or NoSeat.
func winnerOf(throws [2]throw) game.Seat {
	switch (3 + throws[0] - throws[1]) % 3 {
	case 1:
		return 0
	case 2:
		return 1
	default:
		return game.NoSeat
	}
}

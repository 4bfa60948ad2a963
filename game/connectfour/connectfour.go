// Package connectfour plays Connect Four on seven columns of six cells: two seats drop discs in turn, and whoever first has
// four of them in a row, a column or a diagonal wins. A full board without four is a draw. Nothing in it is hidden and
// nothing is left to chance.
//
// A move is the column's letter, "a" (leftmost) to "g". As people write it (Move.Notation) the row follows, counted from the
// bottom: "d1" is a disc that fell into the empty middle column.
//
// A position is written as the seven columns from a to g, joined by "/", then a space and whose turn it is. Each column is
// its discs from the bottom up, "x" for the first seat's and "o" for the second's; an empty column is empty. The turn is
// "x", "o", or "-" when the game is over. The empty board is "////// x"; after d, d, c it is "//x/xo/// o".
package connectfour

import (
	"fmt"

	"github.com/plywire/plywire/game"
)

// Rules is Connect Four. It has no options.
type Rules struct{}

// Name is "connectfour".
func (Rules) Name() string { return "connectfour" }

// Setup returns the empty board. Options other than {} are an error.
func (Rules) Setup(options []byte, _ uint64) (game.Position, error) {
	if err := game.ReadOptions(options, &struct{}{}); err != nil {
		return nil, fmt.Errorf("%w; Connect Four has no options: leave them out, or give {}", err)
	}
	return &position{}, nil
}

var seatNames = []string{"first", "second"}

type position struct{ board board }

func (*position) Seats() []string { return seatNames }

func (p *position) Turn() game.SeatSet {
	if p.board.over() {
		return 0
	}
	return game.SetOf(game.Seat(p.board.turn()))
}

func (p *position) Decide(seat game.Seat, text string) (game.Move, error) {
	after, err := p.board.drop(seat, text)
	if err != nil {
		return game.Move{}, err
	}
	column := columnOf(text)
	move := game.Move{
		Text:     text,
		Notation: fmt.Sprintf("%s%d", text, after.height(column)),
		Position: after.String(),
	}
	switch {
	case after.winner() >= 0:
		result := game.Won(seat, game.ReasonRules)
		move.End = &result
	case after.full():
		result := game.Drawn(game.ReasonRules)
		move.End = &result
	}
	return move, nil
}

// Apply leaves the board alone if Decide cannot have returned the move: there is nobody to tell.
func (p *position) Apply(seat game.Seat, move game.Move) {
	if after, err := p.board.drop(seat, move.Text); err == nil {
		p.board = after
	}
}

func (p *position) Show(game.Seat) string { return p.board.String() }

// columnOf is the index of the column that text names, or -1.
func columnOf(text string) int {
	if len(text) != 1 || text[0] < 'a' || text[0] >= 'a'+columns {
		return -1
	}
	return int(text[0] - 'a')
}

// drop returns the board after seat has dropped a disc into the column that text names.
func (b board) drop(seat game.Seat, text string) (board, error) {
	column := columnOf(text)
	if column < 0 {
		return b, fmt.Errorf("%w: %.20q is not a column: want one letter, a to g", game.ErrIllegal, text)
	}
	row := b.height(column)
	if row == rows {
		return b, fmt.Errorf("%w: column %s is full", game.ErrIllegal, text)
	}
	b[seat] |= cell(column, row)
	return b, nil
}

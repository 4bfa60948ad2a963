package rps

import (
	"fmt"

	"github.com/plywire/plywire/game"
)

// position is a game between two throws. A round is settled as soon as its second throw is made, so at most one throw is
// pending.
type position struct {
	bestOf  int
	played  int // rounds settled, ties included
	score   [2]int
	pending [2]throw
}

var seatNames = []string{"first", "second"}

func (*position) Seats() []string { return seatNames }

func (p *position) Turn() game.SeatSet {
	var awaited game.SeatSet
	if p.over() {
		return awaited
	}
	for seat, thrown := range p.pending {
		if thrown == none {
			awaited = awaited.With(game.Seat(seat))
		}
	}
	return awaited
}

func (p *position) over() bool {
	return max(p.score[0], p.score[1]) > p.bestOf/2 || p.played >= RoundsPerWin*p.bestOf
}

func (p *position) Decide(seat game.Seat, text string) (game.Move, error) {
	thrown := parse(text)
	if thrown == none {
		return game.Move{}, fmt.Errorf("%w: %.20q is not a throw: want rock, paper or scissors", game.ErrIllegal, text)
	}
	after := *p
	move := game.Move{Text: text, Outcome: after.play(seat, thrown)}
	move.Position = after.notation(func(game.Seat) bool { return true })
	if after.over() {
		result := after.result()
		move.End = &result
	}
	return move, nil
}

// Apply does nothing with a text that is not a throw, which Decide never returns: there is nobody to tell.
func (p *position) Apply(seat game.Seat, move game.Move) {
	if thrown := parse(move.Text); thrown != none {
		p.play(seat, thrown)
	}
}

// play makes seat's throw. If it is the second of the round, the round is settled and its outcome is returned.
func (p *position) play(seat game.Seat, thrown throw) (outcome string) {
	p.pending[seat] = thrown
	if p.pending[1-seat] == none {
		return ""
	}
	throws := p.pending
	winner := "null"
	if seat := winnerOf(throws); seat != game.NoSeat {
		p.score[seat]++
		winner = `"` + seatNames[seat] + `"`
	}
	p.pending = [2]throw{}
	p.played++
	return fmt.Sprintf(`{"round":%d,"first":"%s","second":"%s","winner":%s,"score":[%d,%d]}`,
		p.played, throwNames[throws[0]], throwNames[throws[1]], winner, p.score[0], p.score[1])
}

// result is how a game that is over ended.
func (p *position) result() game.Result {
	switch {
	case p.score[0] > p.score[1]:
		return game.Won(0, game.ReasonRules)
	case p.score[1] > p.score[0]:
		return game.Won(1, game.ReasonRules)
	default:
		return game.Drawn(game.ReasonRules)
	}
}

func (p *position) Show(viewer game.Seat) string {
	return p.notation(func(seat game.Seat) bool { return seat == viewer })
}

// notation writes the position with the pending throw of those seats that may be seen.
func (p *position) notation(seen func(game.Seat) bool) string {
	var throws [2]string
	for seat, thrown := range p.pending {
		throws[seat] = throwNames[thrown]
		if thrown != none && !seen(game.Seat(seat)) {
			throws[seat] = "?"
		}
	}
	round := p.played + 1
	if p.over() {
		round = p.played
	}
	return fmt.Sprintf("%d %d-%d %d %s/%s", p.bestOf, p.score[0], p.score[1], round, throws[0], throws[1])
}

package game_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/plywire/plywire/game"
)

// toyRules are for what the real games do not have: any number of seats, turns of several moves, dice, claims, rules that
// are wrong about themselves. Options: {"seats":3,"together":true}; together: all seats move in each round.
//
//	pass   a move and nothing else; with "again", the turn stays
//	roll   a move with an outcome
//	win, draw, end   end the game; "end" without a reason of its own
type toyRules struct{}

type toyPosition struct {
	seats    int
	together bool
	plies    int
	awaited  game.SeatSet
	record   []byte // of what was played
}

var toySeats = []string{"a", "b", "c", "d", "e", "f", "g", "h"}

func (toyRules) Name() string { return "toy" }

func (toyRules) Setup(options []byte, _ uint64) (game.Position, error) {
	terms := struct {
		Seats    int  `json:"seats"`
		Together bool `json:"together"`
	}{Seats: 2}
	if err := game.ReadOptions(options, &terms); err != nil {
		return nil, err
	}
	if terms.Seats < 1 || terms.Seats > game.SeatsMax {
		return nil, fmt.Errorf("%d seats", terms.Seats)
	}
	p := &toyPosition{seats: terms.Seats, together: terms.Together, awaited: game.SetOf(0)}
	if p.together {
		p.awaited = game.FirstSeats(p.seats)
	}
	return p, nil
}

func (p *toyPosition) Seats() []string    { return toySeats[:p.seats] }
func (p *toyPosition) Turn() game.SeatSet { return p.awaited }

func (p *toyPosition) Decide(seat game.Seat, text string) (game.Move, error) {
	move := game.Move{Text: text, Notation: "N" + text, Position: "P" + text}
	end := func(result game.Result) (game.Move, error) { move.End = &result; return move, nil }
	switch text {
	case "pass", "again":
		return move, nil
	case "roll":
		move.Outcome = fmt.Sprintf(`{"eyes":%d}`, 1+p.plies%6)
		return move, nil
	case "win":
		return end(game.Won(seat, game.ReasonRules))
	case "draw":
		return end(game.Drawn(game.ReasonRules))
	case "end":
		return end(game.Result{Winner: game.NoSeat})
	}
	return game.Move{}, fmt.Errorf("%w: %.20q", game.ErrIllegal, text)
}

func (p *toyPosition) Apply(seat game.Seat, move game.Move) {
	p.plies++
	p.record = append(append(p.record, byte('0'+seat)), move.Text...)
	p.record = append(p.record, move.Outcome...)
	switch {
	case move.Text == "win" || move.Text == "draw" || move.Text == "end":
		p.awaited = 0
	case move.Text == "again":
	case !p.together:
		p.awaited = game.SetOf((seat + 1) % game.Seat(p.seats))
	default:
		if p.awaited = p.awaited.Without(seat); p.awaited == 0 {
			p.awaited = game.FirstSeats(p.seats)
		}
	}
}

func (p *toyPosition) Show(viewer game.Seat) string { return fmt.Sprintf("%d %s", viewer, p.record) }

// Claim grants "luck" after an odd number of moves.
func (p *toyPosition) Claim(seat game.Seat, what string) (game.Result, error) {
	if what != "luck" || p.plies%2 == 0 {
		return game.Result{}, fmt.Errorf("%w: no luck", game.ErrIllegal)
	}
	return game.Won(seat, "luck"), nil
}

// Flagged is a draw once a die was rolled.
func (p *toyPosition) Flagged(seat game.Seat) game.Result {
	switch {
	case bytes.Contains(p.record, []byte("roll")):
		return game.Drawn(game.ReasonTimeoutInsufficientMaterial)
	case p.seats == 2:
		return game.Won(1-seat, game.ReasonTimeout)
	}
	return game.Drawn(game.ReasonTimeout)
}

func (p *toyPosition) AppendState(dst []byte) []byte {
	together := byte(0)
	if p.together {
		together = 1
	}
	dst = append(dst, 1, byte(p.seats), together, byte(p.awaited))
	dst = binary.BigEndian.AppendUint16(dst, uint16(p.plies))
	return append(dst, p.record...)
}

func (toyRules) Restore(state []byte) (game.Position, error) {
	if len(state) < 6 || state[0] != 1 || state[1] < 1 || state[1] > game.SeatsMax || state[2] > 1 {
		return nil, errors.New("toy: not a position of version 1")
	}
	p := &toyPosition{seats: int(state[1]), together: state[2] == 1, awaited: game.SeatSet(state[3]),
		plies: int(binary.BigEndian.Uint16(state[4:])), record: append([]byte(nil), state[6:]...)}
	if p.awaited&^game.FirstSeats(p.seats) != 0 {
		return nil, errors.New("toy: a seat that is not there is to move")
	}
	return p, nil
}

// plainRules are toyRules without claims, and without a say about flags.
type plainRules struct{ toyRules }

type plainPosition struct{ game.Position }

func (plainRules) Name() string { return "plain" }

func (r plainRules) Setup(options []byte, seed uint64) (game.Position, error) {
	p, err := r.toyRules.Setup(options, seed)
	return plainPosition{p}, err
}

func (r plainRules) Restore(state []byte) (game.Position, error) {
	p, err := r.toyRules.Restore(state)
	return plainPosition{p}, err
}

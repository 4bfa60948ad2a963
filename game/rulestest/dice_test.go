package rulestest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/plywire/plywire/game"
)

// diceRules is a race for three: each in turn throws a die, and whoever first has twenty points wins. docs/adding-a-game.md
// shows how it comes to its chance.
type diceRules struct{}

type dicePosition struct {
	seed   uint64
	throws int
	points [3]int
}

const goal = 20

func (diceRules) Name() string { return "dice" }

func (diceRules) Setup(options []byte, seed uint64) (game.Position, error) {
	if err := game.ReadOptions(options, &struct{}{}); err != nil {
		return nil, fmt.Errorf("%w; the race has no options", err)
	}
	return &dicePosition{seed: seed}, nil
}

func (p *dicePosition) Seats() []string { return []string{"first", "second", "third"} }

func (p *dicePosition) Turn() game.SeatSet {
	if max(p.points[0], p.points[1], p.points[2]) >= goal {
		return 0
	}
	return game.SetOf(game.Seat(p.throws % len(p.points)))
}

// eyes is what the n-th throw of a game shows. It depends on its arguments alone: Decide may look at it as often as it
// likes without changing anything.
func eyes(seed uint64, n int) int {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(n))
	return 1 + rand.New(rand.NewChaCha8(key)).IntN(6)
}

func (p *dicePosition) Decide(seat game.Seat, text string) (game.Move, error) {
	if text != "throw" {
		return game.Move{}, fmt.Errorf("%w: %.20q is not a move: want throw", game.ErrIllegal, text)
	}
	thrown := eyes(p.seed, p.throws)
	move := game.Move{Text: text, Outcome: fmt.Sprintf(`{"eyes":%d}`, thrown)}
	if p.points[seat]+thrown >= goal {
		result := game.Won(seat, game.ReasonRules)
		move.End = &result
	}
	return move, nil
}

// Apply reads the throw from the Outcome, where it has been written down. It does not throw again.
func (p *dicePosition) Apply(seat game.Seat, move game.Move) {
	var outcome struct{ Eyes int }
	if err := json.Unmarshal([]byte(move.Outcome), &outcome); err == nil {
		p.points[seat] += outcome.Eyes
		p.throws++
	}
}

func (p *dicePosition) Show(game.Seat) string { return fmt.Sprint(p.points) }

func (p *dicePosition) AppendState(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, 1, byte(p.throws)), p.seed)
	return append(dst, byte(p.points[0]), byte(p.points[1]), byte(p.points[2]))
}

func (diceRules) Restore(state []byte) (game.Position, error) {
	if len(state) != 13 || state[0] != 1 {
		return nil, errors.New("not a position of version 1")
	}
	return &dicePosition{
		throws: int(state[1]), seed: binary.BigEndian.Uint64(state[2:]),
		points: [3]int{int(state[10]), int(state[11]), int(state[12])},
	}, nil
}

func TestDiceKeepTheContract(t *testing.T) {
	Run(t, diceRules{}, Options{Moves: Fixed("throw"), PliesMax: 3 * goal, MustEnd: true})
}

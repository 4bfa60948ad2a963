// Package nim plays Nim: there are heaps of sticks, two players in turn take one stick or more from one heap, and whoever
// takes the last stick of all wins. It is the smallest complete game.Rules; docs/adding-a-game.md walks through it.
package nim

import (
	"fmt"
	"slices"

	"github.com/plywire/plywire/game"
)

// Rules is Nim. The option "heaps" is the number of sticks in each heap, by default [3, 4, 5].
type Rules struct{}

// Name is "nim".
func (Rules) Name() string { return "nim" }

// Setup returns the heaps before the first move.
func (Rules) Setup(options []byte, _ uint64) (game.Position, error) {
	terms := struct {
		Heaps []int `json:"heaps"`
	}{Heaps: []int{3, 4, 5}}
	err := game.ReadOptions(options, &terms)
	if err == nil && !playable(terms.Heaps, 1) {
		err = fmt.Errorf("heaps of %d cannot be played", terms.Heaps)
	}
	if err != nil {
		return nil, fmt.Errorf(`%w; Nim takes {"heaps": [3, 4, 5]}: 1 to 9 heaps of 1 to 99`, err)
	}
	return &position{heaps: terms.Heaps}, nil
}

func playable(heaps []int, least int) bool {
	return len(heaps) >= 1 && len(heaps) <= 9 && slices.Min(heaps) >= least && slices.Max(heaps) <= 99
}

type position struct {
	turn  game.Seat // who moves next
	heaps []int     // sticks left in each
}

var seatNames = []string{"first", "second"}

func (p *position) Seats() []string { return seatNames }

func (p *position) Turn() game.SeatSet {
	if slices.Max(p.heaps) == 0 {
		return 0 // the last stick is taken
	}
	return game.SetOf(p.turn)
}

// Decide judges the move on a copy: p must stay as it is.
func (p *position) Decide(seat game.Seat, text string) (game.Move, error) {
	heap, sticks := parse(text)
	switch {
	case text != fmt.Sprintf("%d:%d", heap, sticks):
		return game.Move{}, fmt.Errorf(`%w: %.20q is not heap:sticks, such as "2:3"`, game.ErrIllegal, text)
	case heap < 1 || heap > len(p.heaps):
		return game.Move{}, fmt.Errorf("%w: there is no heap %d, only 1 to %d", game.ErrIllegal, heap, len(p.heaps))
	case sticks < 1 || sticks > p.heaps[heap-1]:
		return game.Move{}, fmt.Errorf("%w: heap %d has %d sticks; take one or more", game.ErrIllegal, heap, p.heaps[heap-1])
	}
	move := game.Move{Text: text}
	after := &position{p.turn, slices.Clone(p.heaps)}
	after.Apply(seat, move)
	if after.Turn() == 0 {
		result := game.Won(seat, game.ReasonRules)
		move.End = &result
	}
	return move, nil
}

// Apply takes the sticks. It does not judge: the move was decided before.
func (p *position) Apply(seat game.Seat, move game.Move) {
	heap, sticks := parse(move.Text)
	p.heaps[heap-1] -= sticks
	p.turn = 1 - seat
}

// parse reads "2:3", three sticks of the second heap. What it returns for any other text, Decide refuses.
func parse(text string) (heap, sticks int) {
	_, _ = fmt.Sscanf(text, "%d:%d", &heap, &sticks)
	return heap, sticks
}

// Show writes the heaps and whose turn it is: "[3 4 5] first".
func (p *position) Show(game.Seat) string { return fmt.Sprintf("%d %s", p.heaps, seatNames[p.turn]) }

// AppendState writes the version of its form, whose turn it is, and a byte a heap.
func (p *position) AppendState(dst []byte) []byte {
	dst = append(dst, 1, byte(p.turn))
	for _, sticks := range p.heaps {
		dst = append(dst, byte(sticks))
	}
	return dst
}

// Restore reads what AppendState wrote.
func (Rules) Restore(state []byte) (game.Position, error) {
	if len(state) < 2 || state[0] != 1 || state[1] > 1 {
		return nil, fmt.Errorf("restore nim: %d bytes that are not a position of version 1", len(state))
	}
	p := &position{turn: game.Seat(state[1])}
	for _, sticks := range state[2:] {
		p.heaps = append(p.heaps, int(sticks))
	}
	if !playable(p.heaps, 0) {
		return nil, fmt.Errorf("restore nim: heaps of %d", p.heaps)
	}
	return p, nil
}

package rps

import (
	"encoding/binary"
	"fmt"

	"github.com/plywire/plywire/game"
)

// The state is a version, the number of rounds the game is best of, the two scores, the two pending throws, a byte each,
// and the rounds settled in two bytes, big-endian.
const (
	stateVersion = 1
	stateLen     = 8
)

func (p *position) AppendState(dst []byte) []byte {
	dst = append(dst, stateVersion, byte(p.bestOf), byte(p.score[0]), byte(p.score[1]), byte(p.pending[0]), byte(p.pending[1]))
	return binary.BigEndian.AppendUint16(dst, uint16(p.played))
}

// Restore returns the position that AppendState wrote. One that no game can come to is an error.
func (Rules) Restore(state []byte) (game.Position, error) {
	if len(state) != stateLen {
		return nil, fmt.Errorf("restore rps: %d bytes, want %d", len(state), stateLen)
	}
	if state[0] != stateVersion {
		return nil, fmt.Errorf("restore rps: version %d, want %d", state[0], stateVersion)
	}
	p := &position{
		bestOf:  int(state[1]),
		score:   [2]int{int(state[2]), int(state[3])},
		pending: [2]throw{throw(state[4]), throw(state[5])},
		played:  int(binary.BigEndian.Uint16(state[6:])),
	}
	if err := p.possible(); err != nil {
		return nil, fmt.Errorf("restore rps: %w", err)
	}
	return p, nil
}

func (p *position) possible() error {
	toWin, first, second := p.bestOf/2+1, p.score[0], p.score[1]
	switch {
	case !playable(p.bestOf):
		return fmt.Errorf("best of %d", p.bestOf)
	case max(first, second) > toWin || first+second > p.bestOf:
		return fmt.Errorf("a score of %d-%d in a best of %d", first, second, p.bestOf)
	case p.played < first+second || p.played > RoundsPerWin*p.bestOf:
		return fmt.Errorf("%d rounds for a score of %d-%d in a best of %d", p.played, first, second, p.bestOf)
	case max(p.pending[0], p.pending[1]) > scissors:
		return fmt.Errorf("throws %d and %d", p.pending[0], p.pending[1])
	case p.pending[0] != none && p.pending[1] != none:
		return fmt.Errorf("a round with both throws that is not settled")
	case p.over() && p.pending != [2]throw{}:
		return fmt.Errorf("a throw after the end")
	}
	return nil
}

package chess

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/plywire/plywire/game"
)

// The format of AppendState, version 1, numbers big-endian:
//
//	 0      version
//	 1-32   the squares from a1 to h8, two in a byte, the first in the lower half
//	33      castling rights; bit 4: Black is to move
//	34      en-passant square if such a capture is legal, else 255
//	35-36   plies since the last capture or pawn move
//	37-38   number of the move
//	39-40   n, how many keys follow
//	41-     n keys of 8 bytes: the positions since the last move that cannot be undone, the present one last
//
// The last key also proves the rest: it is worked out again from what was read.
const (
	stateVersion = 1
	stateHead    = 41
	stateBlack   = 1 << 4
	numberMax    = 10_000 // more moves than the 75-move rule leaves room for in any game, which is 8,849
)

func appendState(dst []byte, l *layout, seen []uint64) []byte {
	dst = append(dst, stateVersion)
	for s := 0; s < squares; s += 2 {
		dst = append(dst, byte(l.squares[s]|l.squares[s+1]<<4))
	}
	flags := byte(l.castling)
	if l.turn == Black {
		flags |= stateBlack
	}
	dst = append(dst, flags, byte(l.enPassant))
	dst = binary.BigEndian.AppendUint16(dst, l.quiet)
	dst = binary.BigEndian.AppendUint16(dst, l.number)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(seen)))
	for _, key := range seen {
		dst = binary.BigEndian.AppendUint64(dst, key)
	}
	return dst
}

func decodeState(state []byte) (*position, error) {
	if len(state) == 0 {
		return nil, errors.New("state is empty")
	}
	if state[0] != stateVersion {
		return nil, fmt.Errorf("state has version %d: this program reads version %d", state[0], stateVersion)
	}
	if len(state) < stateHead {
		return nil, fmt.Errorf("state is cut off: %d bytes of at least %d", len(state), stateHead)
	}
	l, err := decodeLayout(state)
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(state[39:]))
	if n < 1 || n > int(l.quiet)+1 {
		return nil, fmt.Errorf("state has %d positions that can come again after %d plies", n, l.quiet)
	}
	if want := stateHead + 8*n; len(state) != want {
		return nil, fmt.Errorf("state has %d bytes instead of %d", len(state), want)
	}
	seen := make([]uint64, n)
	for i := range seen {
		seen[i] = binary.BigEndian.Uint64(state[stateHead+8*i:])
	}
	if seen[n-1] != l.key() {
		return nil, errors.New("state is damaged: its position does not have the key that it names")
	}
	at := newBoard(*l)
	if at.enPassant != l.enPassant {
		return nil, fmt.Errorf("state is damaged: %v is no square for a capture in passing", l.enPassant)
	}
	if at.exposed(opponent(at.turn)) {
		return nil, fmt.Errorf("state is damaged: %s is in check after moving", seatNames[opponent(at.turn)])
	}
	return &position{at: at, seen: seen}, nil
}

// decodeLayout reads the first stateHead bytes.
func decodeLayout(state []byte) (*layout, error) {
	l := &layout{
		castling:  castling(state[33]) & castlingAll,
		enPassant: square(state[34]),
		quiet:     binary.BigEndian.Uint16(state[35:]),
		number:    binary.BigEndian.Uint16(state[37:]),
	}
	if state[33]&stateBlack != 0 {
		l.turn = Black
	}
	if state[33]&^(byte(castlingAll)|stateBlack) != 0 {
		return nil, fmt.Errorf("state is damaged: flags %#x", state[33])
	}
	for s := range l.squares {
		p := piece(state[1+s/2] >> (s % 2 * 4) & 15)
		if p >= pieceCount {
			return nil, fmt.Errorf("state is damaged: piece %d on %v", p, square(s))
		}
		l.squares[s] = p
	}
	return l, l.check()
}

// check refuses what no game can lead to, as far as anything here relies on it: a king that is not there would castle.
func (l *layout) check() error {
	if l.number == 0 || l.number > numberMax || l.quiet > endQuiet {
		return fmt.Errorf("state is damaged: move %d, %d plies without a capture or pawn move", l.number, l.quiet)
	}
	for _, seat := range [...]game.Seat{White, Black} {
		if err := l.checkMen(seat); err != nil {
			return err
		}
	}
	homes := [...]struct {
		right      castling
		king, rook square
		seat       game.Seat
	}{{whiteShort, 4, 7, White}, {whiteLong, 4, 0, White}, {blackShort, 60, 63, Black}, {blackLong, 60, 56, Black}}
	for _, home := range homes {
		if l.castling&home.right != 0 && (l.squares[home.king] != whiteKing.of(home.seat) ||
			l.squares[home.rook] != whiteRook.of(home.seat)) {
			return fmt.Errorf("state is damaged: castling rights %04b without king and rook at home", l.castling)
		}
	}
	return l.checkEnPassant()
}

func (l *layout) checkMen(seat game.Seat) error {
	m := menOf(l)
	if astray := m.those(whitePawn, seat) & (rank1 | rank8); astray != 0 {
		return fmt.Errorf("state is damaged: pawn on %v", astray.first())
	}
	a, kings := m.army(seat), m.those(whiteKing, seat).len()
	promoted := max(a.queens-1, 0) + max(a.rooks-2, 0) + max(a.knights-2, 0) + max(a.bishops[0]-1, 0) +
		max(a.bishops[1]-1, 0)
	if kings != 1 || a.pawns+promoted > 8 {
		return fmt.Errorf("state is damaged: %s has %d kings, %d pawns and %d promoted men", seatNames[seat], kings,
			a.pawns, promoted)
	}
	return nil
}

// checkEnPassant refuses a square that no pawn has just passed over. Whether the capture is legal is found by newBoard.
func (l *layout) checkEnPassant() error {
	if l.enPassant == noSquare {
		return nil
	}
	rank, pawn, forward := 5, blackPawn, -8 // Black's pawn has moved, White may take it
	if l.turn == Black {
		rank, pawn, forward = 2, whitePawn, 8
	}
	if l.enPassant >= squares || l.enPassant.rank() != rank || l.squares[l.enPassant] != none ||
		l.squares[int(l.enPassant)+forward] != pawn || l.squares[int(l.enPassant)-forward] != none {
		return fmt.Errorf("state is damaged: en-passant square %d", l.enPassant)
	}
	return nil
}

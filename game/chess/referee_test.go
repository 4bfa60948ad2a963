package chess

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	corentings "github.com/corentings/chess/v2"
)

// The library github.com/corentings/chess/v2 was the first to find the moves here. It is the referee now: on every
// position that is tried, both have to see the same moves, checks and endings.

// refereeKinds are our kinds by the library's.
var refereeKinds = map[corentings.PieceType]piece{
	corentings.NoPieceType: none, corentings.Pawn: whitePawn, corentings.Knight: whiteKnight, corentings.Bishop: whiteBishop,
	corentings.Rook: whiteRook, corentings.Queen: whiteQueen, corentings.King: whiteKing,
}

// refereePosition is the position of a FEN as the library has it.
func refereePosition(t testing.TB, fen string) *corentings.Position {
	t.Helper()
	pos := &corentings.Position{}
	if err := pos.UnmarshalText([]byte(fen)); err != nil {
		t.Fatalf("%s: %v", fen, err)
	}
	return pos
}

// boardFrom is our board of the library's position.
func boardFrom(pos *corentings.Position) *board { return newBoard(layoutFrom(pos)) }

func layoutFrom(pos *corentings.Position) layout {
	l := layout{quiet: uint16(pos.HalfMoveClock()), number: uint16((pos.Ply() + 1) / 2), enPassant: noSquare}
	for s := range l.squares {
		p := pos.Board().Piece(corentings.Square(s))
		l.squares[s] = refereeKinds[p.Type()]
		if p.Color() == corentings.Black {
			l.squares[s] = l.squares[s].of(Black)
		}
	}
	if pos.Turn() == corentings.Black {
		l.turn = Black
	}
	if s := pos.EnPassantSquare(); s != corentings.NoSquare {
		l.enPassant = square(s)
	}
	for i := range len(castlingLetters) {
		if strings.Contains(pos.CastleRights().String(), castlingLetters[i:i+1]) {
			l.castling |= 1 << i
		}
	}
	return l
}

func packAll(moves []corentings.Move) []packed {
	all := make([]packed, 0, len(moves))
	for _, m := range moves {
		all = append(all, pack(square(m.S1()), square(m.S2()), refereeKinds[m.Promo()]))
	}
	slices.Sort(all)
	return all
}

// everyMove lists the moves for which is holds, of all that can be written down, in order.
func everyMove(is func(packed) bool) (all []packed) {
	for _, promotion := range []piece{none, whiteKnight, whiteBishop, whiteRook, whiteQueen} {
		for to := range square(squares) {
			for from := range square(squares) {
				if m := pack(from, to, promotion); is(m) {
					all = append(all, m)
				}
			}
		}
	}
	return all
}

// moves lists the legal moves, in order.
func (b *board) moves() (all []packed) {
	for men := b.of[b.turn]; men != 0; {
		from := men.pop()
		for targets := b.targets(from); targets != 0; {
			to := targets.pop()
			for _, promotion := range []piece{none, whiteKnight, whiteBishop, whiteRook, whiteQueen} {
				if m := pack(from, to, promotion); b.legal(m) {
					all = append(all, m)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// after is the board after a legal move.
func (b *board) after(m packed) *board {
	next := new(board)
	b.play(m, next)
	return next
}

// compare has the referee look at a position. It returns his moves, for choosing one.
func compare(t *testing.T, b *board, pos *corentings.Position, thoroughly bool) []corentings.Move {
	t.Helper()
	scratch := *pos // the library keeps its list in the position that was asked
	found := scratch.ValidMovesUnsafe()
	want, got := packAll(found), b.moves()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\nlegal %v\nwant  %v", b.fen(), got, want)
	}
	if b.mobile() != (len(want) > 0) || len(want) == 0 && b.checked != (scratch.Status() == corentings.Checkmate) {
		t.Fatalf("%s: moves: %v, check: %v, and %d moves and %v for the referee", b.fen(), b.mobile(), b.checked, len(want), scratch.Status())
	}
	if thoroughly {
		if got := everyMove(b.legal); !slices.Equal(got, want) {
			t.Fatalf("%s:\nof all that can be written, legal are %v\nwant %v", b.fen(), got, want)
		}
		unsafe := everyMove(func(m packed) bool {
			castles := b.squares[m.from()].kind() == whiteKing && (m.to() == m.from()+2 || m.from() == m.to()+2)
			return b.possible(m) && !b.safe(m) && !castles
		})
		// The library remembers a pawn that nobody can take by a legal move; a board does not, as its state has no place
		// for it.
		forgotten := func(m corentings.Move) bool { return m.HasTag(corentings.EnPassant) && b.enPassant == noSquare }
		if want := packAll(slices.DeleteFunc(pos.UnsafeMoves(), forgotten)); !slices.Equal(unsafe, want) {
			t.Fatalf("%s:\nexposing %v\nwant     %v", b.fen(), unsafe, want)
		}
	}
	whole := newBoard(b.layout)
	if *whole != *b {
		t.Fatalf("%s: move by move it is\n%+v, from the squares\n%+v", b.fen(), *b, *whole)
	}
	if got := boardFrom(pos); *got != *b {
		t.Fatalf("%s: the referee has %s", b.fen(), pos)
	}
	return found
}

// stroll plays random moves from a position, and has the referee look at each board. It returns how many he saw.
func stroll(t *testing.T, fen string, random *rand.Rand, pliesMax int) int {
	t.Helper()
	pos := refereePosition(t, fen)
	b := boardFrom(pos)
	for ply := range pliesMax {
		moves := compare(t, b, pos, random.IntN(200) == 0)
		if len(moves) == 0 || b.quiet >= endQuiet {
			return ply + 1
		}
		move := moves[random.IntN(len(moves))]
		for range 3 { // captures lead to boards with few men, where most goes wrong: not at once
			if random.IntN(4) > 0 && move.HasTag(corentings.Capture) {
				move = moves[random.IntN(len(moves))]
			}
		}
		b = b.after(packAll([]corentings.Move{move})[0])
		if b.checked != move.HasTag(corentings.Check) {
			t.Fatalf("%s after %v: check %v, the referee says %v", b.fen(), move, b.checked, !b.checked)
		}
		pos = pos.Update(&move)
	}
	return pliesMax
}

// refereeStarts are the positions of perftCounts and some in which little is usual.
func refereeStarts() []string {
	starts := []string{
		"8/8/8/K2pP2r/8/8/8/4k3 w - d6 0 1", "4k3/8/8/8/1p1p1p1p/8/P1P1P1P1/4K3 w - - 0 1", "r3k2r/P1P1P1P1/8/8/8/8/p1p1p1p1/R3K2R w KQkq - 0 1",
		"k7/8/8/3q4/8/8/3Q4/K7 w - - 0 1", "4k2r/6P1/8/8/8/8/1p6/R3K3 b Qk - 0 1", "3k4/8/2n1n3/1q3q2/8/8/4P3/R3K2R w KQ - 0 1",
	}
	for fen := range perftCounts {
		starts = append(starts, fen)
	}
	slices.Sort(starts)
	return starts
}

// TestReferee compares some ten thousand boards; PLYWIRE_REFEREE_BOARDS asks for another number.
func TestReferee(t *testing.T) {
	boards := 10_000
	if asked, err := strconv.Atoi(os.Getenv("PLYWIRE_REFEREE_BOARDS")); err == nil {
		boards = asked
	}
	starts := refereeStarts()
	seen := 0
	for seed := uint64(0); seen < boards; seed++ {
		seen += stroll(t, starts[seed%uint64(len(starts))], rand.New(rand.NewPCG(seed, 3)), 200)
	}
	t.Logf("%d boards", seen)
}

// FuzzReferee strolls from any position that a snapshot may hold.
func FuzzReferee(f *testing.F) {
	for _, fen := range refereeStarts() {
		f.Add([]byte(state(newPosition(boardFrom(refereePosition(f, fen))))), uint64(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		if len(data) < stateHead+8 {
			return
		}
		if l, err := decodeLayout(data); err == nil {
			binary.BigEndian.PutUint64(data[len(data)-8:], l.key()) // or nearly nothing would be read
		}
		if p, err := decodeState(data); err == nil {
			stroll(t, p.at.fen(), rand.New(rand.NewPCG(seed, 4)), 20)
		}
	})
}

package chess

import (
	"fmt"

	"github.com/plywire/plywire/game"
)

// How often a position must have been on the board, and for how many plies nothing may have been taken and no pawn
// moved, before a player may claim a draw (FIDE 9.2, 9.3) and before the game is drawn by itself (FIDE 9.6).
const (
	claimRepetitions = 3
	endRepetitions   = 5
	claimQuiet       = 2 * 50
	endQuiet         = 2 * 75
)

// position is a game of chess as its rules see it. Beside the board it takes a few hundred bytes, and eight for each
// position that could come again.
type position struct {
	at    *board
	spare *board // for the board after the next move; nil until there was one
	// seen holds the keys of the positions since the last move that cannot be undone, the present one last: none
	// before it can come again.
	seen    []uint64
	room    [4]uint64 // for seen, as long as it has room for them
	verdict verdict
	decided decision
}

var (
	_ game.Position = (*position)(nil)
	_ game.Claimer  = (*position)(nil)
	_ game.Flagger  = (*position)(nil)
)

// verdict is whether and how the rules have ended the game. It follows from board and seen; known tells whether it was
// worked out yet, which a replay has no need of at every move.
type verdict struct {
	known bool
	over  bool
	end   game.Result
}

// decision is the last move that Decide allowed and what would come of it, kept so that Apply need not work it out
// again. next is the position's spare board, or nil when there is none.
type decision struct {
	move    packed
	next    *board
	verdict verdict
}

func newPosition(at *board) *position {
	p := &position{at: at}
	p.seen = append(p.room[:0], at.hash)
	return p
}

func (p *position) Seats() []string { return seatNames }

func (p *position) Turn() game.SeatSet {
	if p.judge().over {
		return 0
	}
	return game.SetOf(p.at.turn)
}

func (p *position) Decide(seat game.Seat, text string) (game.Move, error) {
	if p.judge().over {
		return game.Move{}, fmt.Errorf("%w: %s", game.ErrGameOver, p.verdict.end.Reason)
	}
	if seat != p.at.turn {
		return game.Move{}, fmt.Errorf("%w: %s is to move", game.ErrNotYourTurn, seatNames[p.at.turn])
	}
	move, err := parseMove(text)
	if err != nil {
		return game.Move{}, err
	}
	if !p.at.legal(move) {
		return game.Move{}, p.at.refuse(move)
	}
	next := p.play(move)
	v := next.judge(count(p.seen, next.hash) + 1)
	p.decided = decision{move: move, next: next, verdict: v}
	decided := game.Move{Text: text} // there is no other way to write it: see parseMove
	decided.Position, decided.Notation = p.at.describe(move, next, v.over && v.end.Reason == game.ReasonCheckmate)
	if v.over {
		end := v.end
		decided.End = &end
	}
	return decided, nil
}

// play makes the spare board the one after the move, which must be legal.
func (p *position) play(m packed) (next *board) {
	if p.spare == nil {
		p.spare = new(board)
	}
	p.at.play(m, p.spare)
	return p.spare
}

// describe is the FEN of the board next, and the SAN of the move m that leads to it: both in one piece of memory.
func (b *board) describe(m packed, next *board, mate bool) (fen, san string) {
	var room [fenBytesMax + sanBytesMax]byte
	text := next.appendFEN(room[:0])
	n := len(text)
	both := string(b.appendSAN(text, m, next.checked, mate))
	return both[:n], both[n:]
}

// Apply reads move.Text alone: all the rest follows from it. It panics when that is no legal move of the seat's, because
// then the journal is not that of this game.
func (p *position) Apply(seat game.Seat, move game.Move) {
	m, err := parseMove(move.Text)
	next, v := p.decided.next, p.decided.verdict
	if known := next != nil && p.decided.move == m; err != nil || seat != p.at.turn || !known && !p.at.legal(m) {
		panic(fmt.Sprintf("chess: seat %d cannot have played %.12q in %s", seat, move.Text, p.at.fen()))
	} else if !known {
		next, v = p.play(m), verdict{}
	}
	if final(p.at, next) {
		p.seen = p.room[:0] // and not p.seen[:0]: the space of a long stretch is not kept for the rest of the game
	}
	p.spare, p.at = p.at, next
	p.seen, p.verdict, p.decided = append(p.seen, next.hash), v, decision{}
}

// Show is the FEN of the position: there is nothing to hide.
func (p *position) Show(game.Seat) string { return p.at.fen() }

// Claim gives a draw by "threefold" or "fifty_moves" to the player who has the move, if the position on the board
// fulfils it. Writing down a move that would fulfil it (FIDE 9.2.1, 9.3.1) is not enough: it has to be played.
func (p *position) Claim(seat game.Seat, what string) (game.Result, error) {
	claimed := game.Reason(what)
	if claimed != game.ReasonThreefold && claimed != game.ReasonFiftyMoves {
		return game.Result{}, illegal("chess knows no claim of %.40q: it may be %s or %s", what,
			game.ReasonThreefold, game.ReasonFiftyMoves)
	}
	if p.judge().over {
		return game.Result{}, illegal("there is nothing to claim: the game is over")
	}
	if seat != p.at.turn {
		return game.Result{}, illegal("only the player who has the move may claim a draw: %s is to move",
			seatNames[p.at.turn])
	}
	repetitions := count(p.seen, p.at.hash)
	switch {
	case claimed == game.ReasonThreefold && repetitions < claimRepetitions:
		return game.Result{}, illegal("this position must have been on the board %d times, and it has been %d",
			claimRepetitions, repetitions)
	case claimed == game.ReasonFiftyMoves && p.at.quiet < claimQuiet:
		return game.Result{}, illegal("each side must have made 50 moves since the last capture or pawn move: %d of"+
			" the %d are made", p.at.quiet, claimQuiet)
	}
	return game.Drawn(claimed), nil
}

// Flagged is a win for the other side if it could still mate by some sequence of legal moves, else a draw (FIDE 6.9).
func (p *position) Flagged(seat game.Seat) game.Result {
	other := opponent(seat)
	if p.at.army(other).canMate(p.at.army(seat)) {
		return game.Won(other, game.ReasonTimeout)
	}
	return game.Drawn(game.ReasonTimeoutInsufficientMaterial)
}

func (p *position) AppendState(dst []byte) []byte { return appendState(dst, &p.at.layout, p.seen) }

func (p *position) judge() verdict {
	if !p.verdict.known {
		p.verdict = p.at.judge(count(p.seen, p.at.hash))
	}
	return p.verdict
}

// judge works out whether the game is over on this board, which has come up that many times. Checkmate and stalemate
// come before the draws, as they ended the game when the move was made (FIDE 5.1.1, 5.2.1, 9.6.2).
func (b *board) judge(repetitions int) verdict {
	over := func(end game.Result) verdict { return verdict{known: true, over: true, end: end} }
	mobile := b.mobile()
	switch {
	case !mobile && b.checked:
		return over(game.Won(opponent(b.turn), game.ReasonCheckmate))
	case !mobile:
		return over(game.Drawn(game.ReasonStalemate))
	case b.dead():
		return over(game.Drawn(game.ReasonInsufficientMaterial))
	case repetitions >= endRepetitions:
		return over(game.Drawn(game.ReasonFivefold))
	case b.quiet >= endQuiet:
		return over(game.Drawn(game.ReasonSeventyFiveMoves))
	default:
		return verdict{known: true}
	}
}

// final tells whether the move from one board to the other can never be undone, so that nothing before it can come
// again: a capture, a pawn move, or one that lost a right to castle.
func final(before, after *board) bool { return after.quiet == 0 || after.castling != before.castling }

func count(seen []uint64, key uint64) int {
	n := 0
	for _, k := range seen {
		if k == key {
			n++
		}
	}
	return n
}

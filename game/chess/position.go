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
	at *board
	// seen holds the keys of the positions since the last move that cannot be undone, the present one last: none
	// before it can come again.
	seen    []uint64
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
// again. next is nil when there is none.
type decision struct {
	move    packed
	next    *board
	verdict verdict
}

func newPosition(at *board) *position { return &position{at: at, seen: []uint64{at.hash}} }

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
	next, check := p.at.play(move)
	v := next.judge(count(p.seen, next.hash) + 1)
	p.decided = decision{move: move, next: next, verdict: v}
	decided := game.Move{Text: move.String(), Notation: p.at.san(move, next, check), Position: next.fen()}
	if v.over {
		end := v.end
		decided.End = &end
	}
	return decided, nil
}

// Apply reads move.Text alone: all the rest follows from it. It panics when the text is no move, or one of a piece that
// is not the mover's, because then the journal is not that of this game. A move that is illegal for another reason is
// not found out: that would cost a search at every ply of a replay.
func (p *position) Apply(seat game.Seat, move game.Move) {
	m, err := parseMove(move.Text)
	if err != nil || seat != p.at.turn || p.at.squares[m.from()].seat() != seat {
		panic(fmt.Sprintf("chess: seat %d cannot have played %.12q in %s", seat, move.Text, p.at.fen()))
	}
	next, v := p.decided.next, p.decided.verdict
	if next == nil || p.decided.move != m {
		next, _ = p.at.play(m)
		v = verdict{}
	}
	if final(p.at, next) {
		p.seen = nil // not [:0]: the space of a long stretch is not kept for the rest of the game
	}
	p.at, p.seen, p.verdict, p.decided = next, append(p.seen, next.hash), v, decision{}
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
	other := White
	if seat == White {
		other = Black
	}
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
	b.search()
	over := func(end game.Result) verdict { return verdict{known: true, over: true, end: end} }
	switch {
	case b.mated && b.turn == White:
		return over(game.Won(Black, game.ReasonCheckmate))
	case b.mated:
		return over(game.Won(White, game.ReasonCheckmate))
	case len(b.moves) == 0:
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

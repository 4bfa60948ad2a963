package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/corentings/chess/v2"
)

// Scripts are long enough that beginning and ending games is little beside the moves of them.
const (
	scripts   = 64
	pliesMost = 240
	pliesMin  = 120
)

// script is the moves of one game, in UCI.
type script []string

// writeScripts makes games of legal moves, the same ones for the same seed. A game stops before it would be over.
func writeScripts(seed uint64) []script {
	random := rand.New(rand.NewPCG(seed, 0x6368657373))
	all := make([]script, 0, scripts)
	for len(all) < scripts {
		if s := writeScript(random); len(s) >= pliesMin {
			all = append(all, s)
		}
	}
	return all
}

func writeScript(random *rand.Rand) script {
	var moves script
	at := chess.StartingPosition()
	seen := make(map[[16]byte]int)
	for quiet := 0; len(moves) < pliesMost && quiet < 90; {
		legal := at.ValidMoves()
		if len(legal) == 0 {
			break
		}
		move := legal[random.IntN(len(legal))]
		next := at.Update(&move)
		if seen[next.Hash()]++; seen[next.Hash()] > 2 || len(next.ValidMoves()) == 0 || pieces(next) < 8 {
			break
		}
		if quiet++; move.HasTag(chess.Capture) || at.Board().Piece(move.S1()).Type() == chess.Pawn {
			quiet = 0
		}
		moves = append(moves, move.String())
		at = next
	}
	return moves
}

func pieces(at *chess.Position) int { return len(at.Board().SquareMap()) }

// messageID is an id for the n-th command of a connection, as long as those that clients use.
func messageID(who, n int) string { return fmt.Sprintf("%08x-%08x", uint32(who), uint32(n)) }

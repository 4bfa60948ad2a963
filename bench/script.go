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
	longPlies = 800
)

// script is the moves of one game, in UCI.
type script []string

// writeScripts makes games of legal moves, the same ones for the same seed. A game stops before it would be over.
func writeScripts(seed uint64) []script {
	random := rand.New(rand.NewPCG(seed, 0x6368657373))
	all := make([]script, 0, scripts)
	for len(all) < scripts {
		if s := writeScript(random, pliesMost, false); len(s) >= pliesMin {
			all = append(all, s)
		}
	}
	return all
}

// writeLong makes one game that lasts, because nothing is taken while anything else can be done.
func writeLong(seed uint64) script {
	random := rand.New(rand.NewPCG(seed, 0x6c6f6e67))
	for {
		if s := writeScript(random, longPlies, true); len(s) == longPlies {
			return s
		}
	}
}

func writeScript(random *rand.Rand, most int, peaceful bool) script {
	var moves script
	at := chess.StartingPosition()
	seen := make(map[[16]byte]int)
	for quiet := 0; len(moves) < most && quiet < 90; {
		legal := at.ValidMoves()
		move := legal[random.IntN(len(legal))]
		for tries := 0; peaceful && tries < 30 && (move.HasTag(chess.Capture) || quiet > 40 && !isPawn(at, move)); tries++ {
			move = legal[random.IntN(len(legal))]
		}
		next := at.Update(&move)
		if seen[next.Hash()]++; seen[next.Hash()] > 2 || len(next.ValidMoves()) == 0 || pieces(next) < 8 {
			break
		}
		if quiet++; move.HasTag(chess.Capture) || isPawn(at, move) {
			quiet = 0
		}
		moves = append(moves, move.String())
		at = next
	}
	return moves
}

func isPawn(at *chess.Position, m chess.Move) bool {
	return at.Board().Piece(m.S1()).Type() == chess.Pawn
}

func pieces(at *chess.Position) int { return len(at.Board().SquareMap()) }

// messageID is an id for the n-th command of a connection, as long as those that clients use.
func messageID(who, n int) string { return fmt.Sprintf("%08x-%08x", uint32(who), uint32(n)) }

package crashtest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/corentings/chess/v2"

	"github.com/plywire/plywire/loadtest"
)

// A game is long enough to be hit by several kills, and short enough that many are begun and ended.
const (
	pliesMin = 30
	pliesMax = 150
)

// script is what two players are going to do.
type script struct {
	moves []string // UCI
	ends  bool     // the last move ends the game by itself
}

// library hands out scripts: those of the files one after the other, in an order by the seed, or made-up ones.
type library struct {
	scripts []script // of the files
	next    int
}

// newLibrary reads the games of the files.
func newLibrary(files []string, random *rand.Rand) (*library, error) {
	l := new(library)
	for _, path := range files {
		err := loadtest.ReadRecords(path, func(record loadtest.Record, fault error) bool {
			if fault == nil && len(record.Moves) > 0 {
				l.scripts = append(l.scripts, script{record.Moves, record.Automatic != ""})
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) > 0 && len(l.scripts) == 0 {
		return nil, fmt.Errorf("there is no game that can be played in %s", strings.Join(files, ", "))
	}
	random.Shuffle(len(l.scripts), func(i, j int) { l.scripts[i], l.scripts[j] = l.scripts[j], l.scripts[i] })
	return l, nil
}

// take is the next script. Requires: nobody else takes one meanwhile.
func (l *library) take(random *rand.Rand) script {
	if len(l.scripts) > 0 {
		l.next++
		return l.scripts[(l.next-1)%len(l.scripts)]
	}
	return madeUp(random)
}

// madeUp is a game of legal moves by chance.
func madeUp(random *rand.Rand) script {
	var made script
	game := chess.NewGame()
	for plies := pliesMin + random.IntN(pliesMax-pliesMin); len(made.moves) < plies; {
		legal := game.ValidMoves()
		move := legal[random.IntN(len(legal))].String()
		if err := game.PushNotationMove(move, chess.UCINotation{}, nil); err != nil {
			panic("crashtest: the library takes a legal move for illegal: " + err.Error())
		}
		made.moves = append(made.moves, move)
		if made.ends = game.Outcome() != chess.NoOutcome; made.ends {
			break
		}
	}
	return made
}

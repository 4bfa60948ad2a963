package chess

import (
	"io"
	"strconv"

	"github.com/plywire/plywire/game"
)

// Extension is that of PGN files.
func (Rules) Extension() string { return "pgn" }

// MediaType is that of PGN.
func (Rules) MediaType() string { return "application/vnd.chess-pgn; charset=utf-8" }

// terminations are the values of the PGN tag Termination that the standard knows, by how a game ended.
var terminations = map[game.Reason]string{
	game.ReasonTimeout: "time forfeit", game.ReasonTimeoutInsufficientMaterial: "time forfeit",
	game.ReasonAbandonment: "abandoned", game.ReasonAborted: "unterminated",
}

// WriteTranscript writes the game as PGN, with clock comments if it has a clock.
func (Rules) WriteTranscript(w io.Writer, t game.Transcript) error {
	tags := PGNTags{Event: "Casual game", Site: "?", Round: "-", White: playerName(t.Players, White), Black: playerName(t.Players, Black),
		Date: t.CreatedAt.UTC().Format("2006.01.02"), Termination: "unterminated"}
	if t.Terms.Rated {
		tags.Event = "Rated game"
	}
	if t.Result != nil {
		tags.Result = t.Result.Score(2)
		tags.Termination = "normal"
		if said, known := terminations[t.Result.Reason]; known {
			tags.Termination = said
		}
	}
	clock := t.Terms.Clock
	control := "-"
	if clock.Clocked() {
		control = strconv.Itoa(int(clock.Initial.Seconds())) + "+" + strconv.Itoa(int(clock.Increment.Seconds()))
	}
	tags.Extra = []PGNTag{{"UTCTime", t.CreatedAt.UTC().Format("15:04:05")}, {"TimeControl", control}, {"GameId", t.ID.String()}}
	moves := make([]PGNMove, len(t.Moves))
	for i, moved := range t.Moves {
		moves[i] = PGNMove{UCI: moved.Move.Text}
		if moved.Clocks != nil {
			moves[i].HasClock, moves[i].Clock = true, moved.Clocks[moved.Seat]
		}
	}
	return WritePGN(w, tags, moves)
}

func playerName(players []game.User, seat game.Seat) string {
	if int(seat) < len(players) && players[seat].Name != "" {
		return players[seat].Name
	}
	return "?"
}

package loadtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/corentings/chess/v2"

	"github.com/plywire/plywire/wire"
)

// Record is one game of a PGN file, as far as it is needed to play it again.
type Record struct {
	File        string
	Number      int // in its file, from 1
	Site        string
	Result      string // "1-0", "0-1", "1/2-1/2", "*"
	Termination string
	Clock       *wire.ClockTerms // nil: none
	Moves       []string         // UCI
	FinalFEN    string
	// Automatic is the reason with which the last move ends the game by itself; empty: it does not.
	Automatic string
	// Claimable are the draws that the side to move may claim in the end.
	Claimable []string
}

// String says which game of which file it is.
func (r Record) String() string { return fmt.Sprintf("%s game %d (%s)", r.File, r.Number, r.Site) }

// ReadRecords reads a PGN file and calls each for every game, in order, with the game or with what is wrong with it. It
// stops when each returns false. The error is about the file as a whole.
func ReadRecords(path string, each func(Record, error) bool) error {
	return readGames(path, func(number int, text string, fault error) bool {
		var record Record
		if fault == nil {
			record, fault = parseRecord(text)
		}
		record.File, record.Number = path, number
		return each(record, fault)
	})
}

// readGames calls each for the text of every game of a file, or for what is wrong with it, until each returns false.
func readGames(path string, each func(number int, text string, fault error) bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	games := newSplitter(file)
	for number := 1; ; number++ {
		text, err := games.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, errTooLong):
			return fmt.Errorf("%s: game %d: %w", path, number, err)
		}
		if !each(number, text, err) {
			return nil
		}
	}
}

func parseRecord(text string) (record Record, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the PGN cannot be read: %v", cause)
		}
	}()
	tokens, err := chess.TokenizeGame(&chess.GameScanned{Raw: text})
	if err != nil {
		return record, fmt.Errorf("the PGN cannot be read: %w", err)
	}
	parsed, err := chess.NewParser(tokens).Parse()
	if err != nil {
		return record, fmt.Errorf("the PGN cannot be read: %w", err)
	}
	record.Site, record.Result, record.Termination = parsed.GetTagPair("Site"), parsed.GetTagPair("Result"), parsed.GetTagPair("Termination")
	if parsed.GetTagPair("FEN") != "" {
		return record, errors.New("the game begins from a position of its own, which the server does not offer")
	}
	for _, move := range parsed.Moves() {
		record.Moves = append(record.Moves, move.String())
	}
	if record.Clock, err = parseTimeControl(parsed.GetTagPair("TimeControl")); err != nil {
		return record, err
	}
	return record, record.replay()
}

// replay plays the moves with the library's own game to learn how they end.
func (r *Record) replay() error {
	played := chess.NewGame()
	for i, move := range r.Moves {
		if err := played.PushNotationMove(move, chess.UCINotation{}, nil); err != nil {
			return fmt.Errorf("move %d, %s: %w", i+1, move, err)
		}
	}
	r.FinalFEN = played.FEN()
	r.Automatic = map[chess.Method]string{
		chess.Checkmate: "checkmate", chess.Stalemate: "stalemate", chess.FivefoldRepetition: "fivefold",
		chess.SeventyFiveMoveRule: "seventyfive_moves", chess.InsufficientMaterial: "insufficient_material",
	}[played.Method()]
	for _, method := range played.EligibleDraws() {
		switch method {
		case chess.ThreefoldRepetition:
			r.Claimable = append(r.Claimable, "threefold")
		case chess.FiftyMoveRule:
			r.Claimable = append(r.Claimable, "fifty_moves")
		}
	}
	return nil
}

// parseTimeControl reads the PGN tag: seconds, or seconds and increment as in "180+2", or "-" and "?" for none.
func parseTimeControl(text string) (*wire.ClockTerms, error) {
	if text == "" || text == "-" || text == "?" {
		return nil, nil
	}
	initial, increment, _ := strings.Cut(text, "+")
	if increment == "" {
		increment = "0"
	}
	a, err1 := strconv.ParseUint(initial, 10, 20)
	b, err2 := strconv.ParseUint(increment, 10, 20)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("time control %q: want seconds, or seconds+increment", text)
	}
	return &wire.ClockTerms{InitialMS: int64(a) * 1000, IncrementMS: int64(b) * 1000}, nil
}

// atLeast is the clock with no less initial time than that.
func atLeast(clock *wire.ClockTerms, initial time.Duration) *wire.ClockTerms {
	if clock == nil || clock.InitialMS >= initial.Milliseconds() {
		return clock
	}
	longer := *clock
	longer.InitialMS = initial.Milliseconds()
	return &longer
}

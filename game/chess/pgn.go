package chess

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// PGNTags is what a PGN file says about a game beside its moves. What is empty is written as unknown.
type PGNTags struct {
	Event, Site, Round, White, Black string

	Date   string // "2026.11.23", on which the game began
	Result string // "1-0", "0-1", "1/2-1/2"; "*" or empty for a game that is not over or was aborted

	// Termination says how the game ended, as in "Time forfeit"; empty: no such tag. It is written last.
	Termination string
	// Extra follows the seven tags that every game has, in this order.
	Extra []PGNTag
}

// PGNTag is one more tag. Name is made of letters, digits and underscores and is none of those that PGNTags has.
type PGNTag struct{ Name, Value string }

// PGNMove is a move in UCI, and what the mover's clock showed after it if HasClock.
type PGNMove struct {
	UCI      string
	HasClock bool
	Clock    time.Duration
}

// pgnWidth is the longest line of movetext in export format (PGN standard, 8.2.1: less than eighty characters).
const pgnWidth = 79

// WritePGN writes one game, from the usual starting position, in the export format of the PGN standard (Steven
// Edwards, 1994), the clocks as {[%clk h:mm:ss]} comments. Games follow one another in a file without anything
// between. Names may hold any characters: control characters are left out, quotes are escaped, the text is UTF-8.
//
// An error that is not w's own says which tag or move is wrong; nothing was written then.
func WritePGN(w io.Writer, tags PGNTags, moves []PGNMove) error {
	text, err := tags.appendTo(nil)
	if err != nil {
		return fmt.Errorf("write PGN: %w", err)
	}
	text = append(text, '\n')
	if text, err = appendMovetext(text, moves, tags.result()); err != nil {
		return fmt.Errorf("write PGN: %w", err)
	}
	text = append(text, '\n')
	_, err = w.Write(text)
	return err
}

func (tags PGNTags) result() string {
	if tags.Result == "" {
		return "*"
	}
	return tags.Result
}

func (tags PGNTags) appendTo(text []byte) ([]byte, error) {
	switch tags.result() {
	case "1-0", "0-1", "1/2-1/2", "*":
	default:
		return nil, fmt.Errorf("result %.20q: want 1-0, 0-1, 1/2-1/2 or *", tags.Result)
	}
	all := []PGNTag{
		{"Event", tags.Event}, {"Site", tags.Site}, {"Date", tags.Date}, {"Round", tags.Round},
		{"White", tags.White}, {"Black", tags.Black}, {"Result", tags.result()},
	}
	all = append(all, tags.Extra...)
	if tags.Termination != "" {
		all = append(all, PGNTag{"Termination", tags.Termination})
	}
	written := make(map[string]bool, len(all))
	for _, tag := range all {
		if !validTagName(tag.Name) {
			return nil, fmt.Errorf("tag name %.40q: want letters, digits and underscores", tag.Name)
		}
		if written[tag.Name] {
			return nil, fmt.Errorf("tag %s is there twice", tag.Name)
		}
		written[tag.Name] = true
		value := tagValue(tag.Value)
		if value == "" {
			value = unknownValue(tag.Name)
		}
		text = fmt.Appendf(text, "[%s \"%s\"]\n", tag.Name, value)
	}
	return text, nil
}

func validTagName(name string) bool {
	for _, c := range name {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return name != ""
}

func unknownValue(name string) string {
	if name == "Date" {
		return "????.??.??"
	}
	return "?"
}

// tagValue makes a text safe between quotes: a player must not be able to write tags or moves by way of a name.
func tagValue(value string) string {
	var safe strings.Builder
	for _, c := range strings.ToValidUTF8(value, "\uFFFD") {
		switch {
		case unicode.IsControl(c), c == '\u2028', c == '\u2029': // the last two also end a line for some readers
		case c == '"', c == '\\':
			safe.WriteByte('\\')
			safe.WriteRune(c)
		default:
			safe.WriteRune(c)
		}
	}
	return safe.String()
}

// movetext breaks lines between tokens, as many on a line as there is room for.
type movetext struct {
	text   []byte
	column int
}

func (t *movetext) add(token string) {
	switch {
	case t.column == 0:
	case t.column+1+len(token) > pgnWidth:
		t.text = append(t.text, '\n')
		t.column = 0
	default:
		t.text = append(t.text, ' ')
		t.column++
	}
	t.text = append(t.text, token...)
	t.column += len(token)
}

func appendMovetext(text []byte, moves []PGNMove, result string) ([]byte, error) {
	line := movetext{text: text}
	at, next := newBoard(startingLayout()), new(board)
	commented := false
	for i, move := range moves {
		m, err := parseMove(move.UCI)
		if err == nil && !at.legal(m) {
			err = at.refuse(m)
		}
		if err != nil {
			return nil, fmt.Errorf("ply %d: %w", i+1, err)
		}
		number := strconv.Itoa(int(at.number)) + "."
		switch {
		case at.turn == White:
			line.add(number)
		case commented: // a comment stands between White's move and this one (PGN standard, 8.2.2.2)
			line.add(number + "..")
		}
		at.play(m, next)
		line.add(string(at.appendSAN(nil, m, next.checked, next.checked && !next.mobile())))
		if commented = move.HasClock; commented {
			line.add(clockComment(move.Clock))
		}
		at, next = next, at
	}
	line.add(result)
	return append(line.text, '\n'), nil
}

// clockComment is the time that is left, in the form of the Proposed Additions to the PGN Standard (2001). It is one
// token: some readers do not look for the rest of a command on the next line.
func clockComment(left time.Duration) string {
	seconds := int64(max(left, 0) / time.Second)
	return fmt.Sprintf("{[%%clk %d:%02d:%02d]}", seconds/3600, seconds/60%60, seconds%60)
}

package loadtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// gameBytesMax bounds the text of one game.
const gameBytesMax = 1 << 20

var errTooLong = fmt.Errorf("the game is longer than %d bytes", gameBytesMax)

// splitter cuts PGN into games, in bounded memory. It finds the next game also behind one that is broken: a comment that is
// never closed, a missing result, a line without end.
type splitter struct {
	lines *bufio.Reader

	text    strings.Builder // of the game so far
	tooLong bool            // text lacks something
	moving  bool            // text is beyond the tags
	comment bool            // … and in a comment
	held    string          // the first line of the next game
	ended   error           // why there are no more lines
}

func newSplitter(r io.Reader) *splitter {
	s := &splitter{lines: bufio.NewReaderSize(r, 64<<10)}
	if mark, _ := s.lines.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = s.lines.Discard(len(mark)) // it was peeked at
	}
	return s
}

// byteOrderMark is what some editors begin a file with.
const byteOrderMark = "\ufeff"

// next returns the text of the next game, or errTooLong for one that is too long. At the end it is io.EOF.
func (s *splitter) next() (string, error) {
	s.text.Reset()
	s.tooLong, s.moving, s.comment = false, false, false
	s.add(s.held)
	s.held = ""
	for s.ended == nil {
		line, err := s.line()
		s.ended = err
		if s.begins(line) {
			s.held = line
			break
		}
		s.add(line)
	}
	switch {
	case s.tooLong:
		return "", errTooLong
	case s.text.Len() > 0:
		return s.text.String(), nil
	case errors.Is(s.ended, io.EOF):
		return "", io.EOF
	}
	return "", s.ended
}

var tagLine = regexp.MustCompile(`^\[[A-Za-z0-9_]+ +".*"\]\s*$`)

// begins tells whether the line begins another game than the one in hand.
func (s *splitter) begins(line string) bool {
	if !strings.HasPrefix(line, "[") || !tagLine.MatchString(line) {
		return false
	}
	return s.moving && !s.comment || s.text.Len() > 0 && strings.HasPrefix(line, "[Event ")
}

// add adds a line to the game in hand; blank ones before it are nothing.
func (s *splitter) add(line string) {
	blank := strings.TrimSpace(line) == ""
	if blank && s.text.Len() == 0 {
		return
	}
	if s.text.Len()+len(line) > gameBytesMax {
		s.tooLong = true
	} else {
		s.text.WriteString(line)
	}
	if blank || !s.moving && tagLine.MatchString(line) {
		return
	}
	s.moving = true
	for _, c := range line {
		switch {
		case c == ';' && !s.comment:
			return // a comment to the end of the line
		case c == '{':
			s.comment = true
		case c == '}':
			s.comment = false
		}
	}
}

// line reads a line with its end. Of one that is longer than a game may be only the beginning is kept, which is too long.
func (s *splitter) line() (string, error) {
	var line []byte
	for {
		part, err := s.lines.ReadSlice('\n')
		if len(line) <= gameBytesMax {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return string(line), err
		}
	}
}

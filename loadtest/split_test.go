package loadtest

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func split(t *testing.T, text string) []string {
	t.Helper()
	s := newSplitter(strings.NewReader(text))
	var games []string
	for {
		game, err := s.next()
		switch {
		case errors.Is(err, io.EOF):
			return games
		case err != nil:
			game = "error: " + err.Error()
		}
		games = append(games, strings.TrimSpace(game))
		if len(games) > 10 {
			t.Fatal("there is no end")
		}
	}
}

func TestSplit(t *testing.T) {
	a, b := "[Event \"a\"]\n[Site \"x\"]\n\n1. e4 *", "[Event \"b\"]\n\n1. d4 *"
	long := strings.Repeat("e4 ", gameBytesMax/3+2)
	tests := map[string]struct {
		text string
		want []string
	}{
		"nothing":                 {"", nil},
		"blank":                   {"\n \n", nil},
		"one":                     {a + "\n", []string{a}},
		"byte order mark":         {byteOrderMark + a + "\n\n" + b, []string{a, b}},
		"no line end":             {a, []string{a}},
		"two":                     {"\n\n" + a + "\n\n\n" + b + "\n", []string{a, b}},
		"nothing between":         {a + "\n" + b, []string{a, b}},
		"carriage returns":        {strings.ReplaceAll(a+"\n\n"+b, "\n", "\r\n"), []string{strings.ReplaceAll(a, "\n", "\r\n"), strings.ReplaceAll(b, "\n", "\r\n")}},
		"without Event":           {"[Site \"x\"]\n\n*\n\n[Site \"y\"]\n\n*", []string{"[Site \"x\"]\n\n*", "[Site \"y\"]\n\n*"}},
		"without moves":           {"[Event \"a\"]\n\n" + b, []string{"[Event \"a\"]", b}},
		"without tags":            {"1. e4 *\n\n" + b, []string{"1. e4 *", b}},
		"brackets in a comment":   {"[Event \"a\"]\n\n1. e4 {\n[%clk 1]\n[Site \"x\"]\n} *\n\n" + b, []string{"[Event \"a\"]\n\n1. e4 {\n[%clk 1]\n[Site \"x\"]\n} *", b}},
		"brace in a line comment": {"[Event \"a\"]\n\n1. e4 ; {\n*\n[Site \"y\"]\n\n*", []string{"[Event \"a\"]\n\n1. e4 ; {\n*", "[Site \"y\"]\n\n*"}},
		"comment never closed":    {"[Event \"a\"]\n\n1. e4 { *\n\n" + b, []string{"[Event \"a\"]\n\n1. e4 { *", b}},
		"line too long":           {a + "\n\n[Event \"l\"]\n\n" + long + "\n\n" + b, []string{a, "error: " + errTooLong.Error(), b}},
		"many lines too long":     {a + "\n\n[Event \"l\"]\n\n" + strings.ReplaceAll(long, " ", "\n") + "\n\n" + b, []string{a, "error: " + errTooLong.Error(), b}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := split(t, test.text); strings.Join(got, "|") != strings.Join(test.want, "|") {
				t.Errorf("games %.300q, want %.300q", got, test.want)
			}
		})
	}
}

func TestSplitSaysWhatTheReaderSays(t *testing.T) {
	broken := errors.New("the disk is gone")
	s := newSplitter(io.MultiReader(strings.NewReader("[Event \"a\"]\n\n*\n"), &failing{broken}))
	if text, err := s.next(); err != nil || text == "" {
		t.Errorf("first game %q, %v", text, err)
	}
	if _, err := s.next(); !errors.Is(err, broken) {
		t.Errorf("then %v, want %v", err, broken)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

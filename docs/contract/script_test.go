package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// script is what is written down of a scene: who says what, and what the server says to whom. What differs from one run to
// the next has a name in angle brackets instead, and can be said by that name.
type script struct {
	text   strings.Builder
	names  map[string]string // by value
	counts map[string]int
}

func newScript() *script {
	return &script{names: make(map[string]string), counts: make(map[string]int)}
}

// call gives a value its name.
func (s *script) call(value, name string) { s.names[value] = name }

// callNext gives a value a name with the next number, if it has none yet.
func (s *script) callNext(value, what, of string) {
	if _, known := s.names[value]; known || value == "" {
		return
	}
	s.counts[what+of]++
	s.call(value, fmt.Sprintf("<%s %d%s>", what, s.counts[what+of], of))
}

// values puts the values in the place of their names.
func (s *script) values(text string) string {
	for value, name := range s.names {
		text = strings.ReplaceAll(text, name, value)
	}
	return text
}

// named puts the names in the place of their values.
func (s *script) named(text string) string {
	for value, name := range s.names {
		text = strings.ReplaceAll(text, value, name)
	}
	return text
}

func (s *script) line(who, what string) {
	if len(what) > 2000 {
		what = what[:100] + fmt.Sprintf("… (%d bytes)", len(what))
	}
	fmt.Fprintf(&s.text, "%s %s\n", who, s.named(what))
}

func (s *script) note(text string) { fmt.Fprintf(&s.text, "\n# %s\n", text) }

func (s *script) pass(d time.Duration) { fmt.Fprintf(&s.text, "... %v\n", d) }

// witness writes down what somebody has heard, after checking it against the documents.
func (s *stage) witness(a *actor, h heard) {
	s.t.Helper()
	switch {
	case h.answer != nil:
		s.witnessAnswer(a, h)
	case h.end != nil:
		var closed websocket.CloseError
		if !errors.As(h.end, &closed) {
			s.script.line(a.name, "< the connection is gone")
			return
		}
		s.seen.closes[int(closed.Code)] = true
		s.script.line(a.name, strings.TrimSpace(fmt.Sprintf("< close %d %s", int(closed.Code), closed.Reason)))
	default:
		m, err := s.docs.checkMessage(h.message)
		if err != nil {
			s.t.Errorf("%s hears what the schema refuses: %s\n%v", a.name, h.message, err)
		}
		s.seen.noteFields(h.message)
		s.learn(a, m)
		s.script.line(a.name, "< "+string(h.message))
	}
}

// learn gives names to what is new in a message, and counts it as seen.
func (s *stage) learn(a *actor, m *wire.Message) {
	s.seen.messages[m.Type] = true
	if m.Code != "" {
		s.seen.codes[m.Code] = true
	}
	s.script.callNext(m.Resume, "resume token", " of "+a.name)
	if u := m.User; u != nil && strings.HasPrefix(u.ID, "guest-") {
		s.script.callNext(u.ID, "guest", "")
		s.script.call(u.Name, "Guest <number>")
	}
	if !strings.HasPrefix(m.Game, "00000000") {
		s.script.callNext(m.Game, "game", "")
	}
	s.script.callNext(m.Next, "game", "")
}

// learnAnswer does the same with a message that answers a call, or with each in a list of events.
func (s *stage) learnAnswer(a *actor, body []byte) {
	s.t.Helper()
	list := struct{ Events []json.RawMessage }{}
	must(s.t, json.Unmarshal(body, &list))
	if list.Events == nil {
		list.Events = []json.RawMessage{body}
	}
	for _, message := range list.Events {
		m := new(wire.Message)
		must(s.t, json.Unmarshal(message, m))
		s.learn(a, m)
		s.seen.noteFields(message)
	}
}

// shownHeaders are those of an answer that a transcript shows.
var shownHeaders = []string{"Retry-After", "WWW-Authenticate", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers"}

func (s *stage) witnessAnswer(a *actor, h heard) {
	s.t.Helper()
	operation, err := s.docs.checkAnswer(*h.call, *h.answer)
	if err != nil {
		s.t.Errorf("%s %s is answered with what the documents do not allow: %d %s\n%v", h.call.method, h.call.path,
			h.answer.status, h.answer.body, err)
	}
	s.seen.operations[operation] = true
	said := fmt.Sprintf("< %d", h.answer.status)
	for _, name := range shownHeaders {
		if value := h.answer.header.Get(name); value != "" {
			said += fmt.Sprintf(" (%s: %s)", name, value)
		}
	}
	body := bytes.TrimSuffix(h.answer.body, []byte{'\n'})
	kind := h.answer.header.Get("Content-Type")
	if len(h.answer.body) == 0 {
		s.script.line(a.name, said)
		return
	}
	if kind == "application/json" {
		s.learnAnswer(a, body)
		s.script.line(a.name, said+" "+string(body))
		return
	}
	s.script.line(a.name, said+" ("+kind+")")
	for line := range bytes.SplitSeq(body, []byte{'\n'}) {
		s.script.line("   ", "| "+string(line))
	}
}

// compare holds the script against the file in testdata, or writes it there.
func (s *script) compare(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("..", "testdata", name+".transcript")
	got := s.text.String()
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range gotLines {
		if i >= len(wantLines) || gotLines[i] != wantLines[i] {
			was := "nothing"
			if i < len(wantLines) {
				was = wantLines[i]
			}
			t.Fatalf("%s, line %d (-update writes it anew)\ngot  %s\nwant %s", path, i+1, gotLines[i], was)
		}
	}
	t.Fatalf("%s has %d lines more than what was said (-update writes it anew)", path, len(wantLines)-len(gotLines))
}

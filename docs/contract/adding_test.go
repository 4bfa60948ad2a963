package contract

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

// gameID is an id of a game in an example.
var gameID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// TestAddingAGameIsAnsweredLikeThat says to a server what adding-a-game.md has two players say, and expects each message that
// the page shows, in that order; others may come in between, and have more fields. Who speaks is told by the id of the message.
func TestAddingAGameIsAnsweredLikeThat(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "adding-a-game.md"))
	must(t, err)
	page := gameID.ReplaceAllString(string(text), "<game 1>")
	docs := loadDocuments(t)
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, docs, newCoverage(), nil)
		speakers := make(map[byte]*actor)
		var speaker *actor
		heardBy := make(map[*actor][]string) // and not yet expected
		replies := 0
		for line := range strings.Lines(page) {
			message := strings.TrimSpace(line[min(2, len(line)):])
			switch {
			case strings.HasPrefix(line, "> {"):
				who := sayer(t, message)
				if speaker = speakers[who]; speaker == nil {
					speaker = s.stranger(string(who))
					speakers[who] = speaker
					speaker.connects()
				}
				from := s.script.text.Len()
				speaker.says(message)
				for said := range strings.Lines(s.script.text.String()[from:]) {
					if name, words, is := strings.Cut(strings.TrimSpace(said), " < "); is {
						heardBy[speakers[name[0]]] = append(heardBy[speakers[name[0]]], words)
					}
				}
			case strings.HasPrefix(line, "< {"):
				heard := heardBy[speaker]
				for len(heard) > 0 && !shows(t, message, heard[0]) {
					heard = heard[1:]
				}
				if len(heard) == 0 {
					t.Fatalf("nobody heard %s\nbut %s", message, strings.Join(heardBy[speaker], "\n"))
				}
				heardBy[speaker] = heard[1:]
				replies++
			}
		}
		if replies < 10 {
			t.Errorf("only %d messages were found", replies)
		}
	})
}

// sayer is the letter that the id of a message begins with.
func sayer(t *testing.T, message string) byte {
	t.Helper()
	var said struct{ ID string }
	must(t, json.Unmarshal([]byte(message), &said))
	if said.ID == "" {
		t.Fatalf("nobody says %s", message)
	}
	return said.ID[0]
}

// shows tells whether a message on the page is that one, some fields left out. A guest's name and id differ each time.
func shows(t *testing.T, shown, heard string) bool {
	t.Helper()
	var want, got map[string]any
	must(t, json.Unmarshal([]byte(shown), &want))
	must(t, json.Unmarshal([]byte(heard), &got))
	for field, value := range want {
		if field != "user" && !reflect.DeepEqual(got[field], value) {
			return false
		}
	}
	return true
}

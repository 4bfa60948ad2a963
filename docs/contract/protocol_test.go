package contract

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plywire/plywire/wire"
)

// TestPageNames checks that protocol.md tells of everything that the server knows, and of nothing else.
func TestPageNames(t *testing.T) {
	p, n := readPage(t), readNames(t)
	sameSet(t, "From the client", titles(p.in(t, "From the client")), n.requests)
	sameSet(t, "From the server", titles(p.in(t, "From the server")), n.messages)
	codes := p.in(t, "Error codes")[0].named("code")
	sameSet(t, "Error codes", column(codes), n.codes)
	for _, table := range codes {
		for _, row := range table.rows {
			if want := strconv.Itoa(wire.Code(strings.Trim(row[0], "`")).HTTPStatus()); row[1] != want {
				t.Errorf("protocol.md gives %s the status %s, want %s", row[0], row[1], want)
			}
		}
	}
	var closes []string
	for _, code := range n.closes {
		closes = append(closes, strconv.Itoa(code))
	}
	sameSet(t, "Close codes", column(p.in(t, "Close codes")[0].named("code")), closes)
	var reasons []string
	for _, each := range p.in(t, "From the server") {
		reasons = append(reasons, column(each.named("reason"))...)
	}
	sameSet(t, "reasons", reasons, n.reasons)
}

// TestPageFields holds the table of each message's fields against its schema. The fields that all have are told once.
func TestPageFields(t *testing.T) {
	p, docs := readPage(t), loadDocuments(t)
	events := make(map[string]bool)
	for _, message := range list(object(docs.async, "operations", "events")["messages"]) {
		ref := message.(map[string]any)["$ref"].(string)
		events[ref[strings.LastIndexByte(ref, '/')+1:]] = true
	}
	for _, each := range append(p.in(t, "From the client"), p.in(t, "From the server")...) {
		if each.title == "" {
			continue
		}
		told := []string{"type"}
		switch {
		case docs.requests[each.title]:
			told = append(told, "id", "game")
		case events[each.title]:
			told = append(told, "game", "seq", "at")
		}
		var want []string
		for field := range docs.fields(each.title) {
			if !slices.Contains(told, field) {
				want = append(want, field)
			}
		}
		sameSet(t, "protocol.md: fields of "+each.title, column(each.named("field")), want)
	}
}

// TestPageExamples holds every example of a message against the schema of its type.
func TestPageExamples(t *testing.T) {
	p, docs := readPage(t), loadDocuments(t)
	unnamed := make(map[string]*jsonschema.Schema) // what has no type, by a field that nothing else has
	for field, name := range map[string]string{"events": "EventList", "here": "Route"} {
		var err error
		unnamed[field], err = docs.schema(openURL, "components", "schemas", name)
		must(t, err)
	}
	shown := make(map[string]bool)
	for _, each := range p.sections {
		for _, block := range each.blocks {
			if block.language != "json" {
				continue
			}
			text := []byte(strings.Join(block.lines, "\n"))
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Errorf("protocol.md, line %d: %v", block.line, err)
				continue
			}
			if schema := unnamedSchema(unnamed, value); schema != nil {
				if err := schema.Validate(value); err != nil {
					t.Errorf("protocol.md, line %d: %v", block.line, err)
				}
				continue
			}
			kind, err := docs.check(text)
			if err != nil {
				t.Errorf("protocol.md, line %d: %v", block.line, err)
			}
			if each.title != "" && kind != each.title {
				t.Errorf("protocol.md, line %d: an example of %s at %s", block.line, kind, each.title)
			}
			shown[kind] = true
		}
	}
	for kind := range docs.byType {
		if !shown[kind] {
			t.Errorf("protocol.md has no example of %s", kind)
		}
	}
}

func unnamedSchema(unnamed map[string]*jsonschema.Schema, value any) *jsonschema.Schema {
	for field, schema := range unnamed {
		if _, is := value.(map[string]any)[field]; is {
			return schema
		}
	}
	return nil
}

// showTranscript keeps the game at the end of the page equal to what was played.
func showTranscript(t *testing.T) {
	t.Helper()
	p := readPage(t)
	const marker, fence = "<!-- testdata/first_game.transcript -->\n```text\n", "\n```\n"
	played, err := os.ReadFile(filepath.Join("..", "testdata", "first_game.transcript"))
	must(t, err)
	before, rest, found := strings.Cut(p.text, marker)
	if !found {
		t.Fatalf("protocol.md has no place for the transcript: %q", marker)
	}
	shown, after, found := strings.Cut("\n"+rest, fence)
	if !found {
		t.Fatal("the transcript of protocol.md does not end")
	}
	want := strings.TrimSpace(string(played))
	if strings.TrimPrefix(shown, "\n") == want {
		return
	}
	if !*update {
		t.Fatal("protocol.md shows another game than testdata/first_game.transcript: run go test ./docs/contract -update")
	}
	must(t, os.WriteFile(filepath.Join("..", "protocol.md"), []byte(before+marker+want+fence+after), 0o644))
}

// TestPageSaysNothingOfTheFuture checks that the page speaks of no message that this server does not know.
func TestPageSaysNothingOfTheFuture(t *testing.T) {
	p, n := readPage(t), readNames(t)
	known := append(slices.Clone(n.requests), n.messages...)
	for i, word := range strings.Split(p.text, `{"type":"`)[1:] {
		kind, _, _ := strings.Cut(word, `"`)
		if !slices.Contains(known, kind) {
			t.Errorf("protocol.md: message %d is of type %q, which the server does not know", i+1, kind)
		}
	}
}

// thousands writes a number as the page does.
func thousands(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

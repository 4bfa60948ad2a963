package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/plywire/plywire/wire"
)

// coverage is what was seen in all scenes together.
type coverage struct {
	requests   map[string]bool // types
	messages   map[string]bool // types
	codes      map[wire.Code]bool
	closes     map[int]bool
	operations map[string]bool // operation and status
	fields     map[string]bool // type and field
}

func newCoverage() *coverage {
	return &coverage{make(map[string]bool), make(map[string]bool), make(map[wire.Code]bool), make(map[int]bool),
		make(map[string]bool), make(map[string]bool)}
}

// noteFields notes which fields a message has.
func (c *coverage) noteFields(message []byte) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(message, &fields) != nil {
		return
	}
	kind := strings.Trim(string(fields["type"]), `"`)
	for field := range fields {
		c.fields[kind+"."+field] = true
	}
}

// check complains about everything in the documents or in the server's vocabulary that no scene has shown.
func (c *coverage) check(t *testing.T, docs *documents) {
	t.Helper()
	n := readNames(t)
	for _, kind := range n.requests {
		if !c.requests[kind] {
			t.Errorf("nobody has sent %s", kind)
		}
	}
	for _, kind := range n.messages {
		if !c.messages[kind] {
			t.Errorf("nobody was sent %s", kind)
		}
	}
	for _, code := range n.codes {
		if !c.codes[wire.Code(code)] {
			t.Errorf("nobody was refused with %s", code)
		}
	}
	for _, code := range n.closes {
		if !c.closes[code] {
			t.Errorf("no connection was closed with %d", code)
		}
	}
	for kind := range docs.byType {
		for field := range docs.fields(kind) {
			if !c.fields[kind+"."+field] {
				t.Errorf("no %s has had the field %s", kind, field)
			}
		}
	}
	c.checkOperations(t, docs)
}

// checkOperations wants every operation to have succeeded, and every status to have been answered by some.
func (c *coverage) checkOperations(t *testing.T, docs *documents) {
	t.Helper()
	statuses := make(map[string]bool)
	for operation := range c.operations {
		_, status, _ := strings.Cut(operation, " ")
		statuses[status] = true
	}
	for _, r := range docs.routes {
		if id := r.item["operationId"]; id != "connect" && !c.operations[fmt.Sprint(id, " 200")] {
			t.Errorf("nobody has done %v over HTTP", id)
		}
		for status := range object(r.item, "responses") {
			if status != "101" && !statuses[status] {
				t.Errorf("status %s of %v was never answered", status, r.item["operationId"])
			}
		}
	}
}

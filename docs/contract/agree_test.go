package contract

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/wire"
)

// sameSet complains about what is in one list and not in the other.
func sameSet[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	for _, each := range want {
		if !slices.Contains(got, each) {
			t.Errorf("%s: %v is missing", what, each)
		}
	}
	for _, each := range got {
		if !slices.Contains(want, each) {
			t.Errorf("%s: %v is unknown to the server", what, each)
		}
	}
}

// enum lists the values of a schema.
func (d *documents) enum(name string) (values []string) {
	for _, value := range list(object(d.async, "components", "schemas", name)["enum"]) {
		values = append(values, fmt.Sprint(value))
	}
	return values
}

func TestNamesAgree(t *testing.T) {
	docs, n := loadDocuments(t), readNames(t)
	sameSet(t, "operations of asyncapi.yaml that receive", sortedKeys(docs.requests), n.requests)
	sameSet(t, "schemas of messages", sortedKeys(docs.byType), append(slices.Clone(n.requests), n.messages...))
	sameSet(t, "messages of asyncapi.yaml", sortedKeys(object(docs.async, "components", "messages")), sortedKeys(docs.byType))
	sameSet(t, "messages of the channel", sortedKeys(object(docs.async, "channels", "ws", "messages")), sortedKeys(docs.byType))
	sameSet(t, "schema ErrorCode", docs.enum("ErrorCode"), n.codes)
	var closes []string
	for _, code := range n.closes {
		closes = append(closes, strconv.Itoa(code))
		if words, _ := object(docs.async, "components", "schemas", "CloseCode")["description"].(string); !strings.Contains(words, fmt.Sprint(code, ": ")) {
			t.Errorf("schema CloseCode does not say what %d means", code)
		}
	}
	sameSet(t, "schema CloseCode", docs.enum("CloseCode"), closes)
	sameSet(t, "schema Reason", docs.enum("Reason"), n.reasons)
	sameSet(t, "schema OfferKind", docs.enum("OfferKind"), []string{string(game.OfferDraw), string(game.OfferTakeback), string(game.OfferRematch)})
	sameSet(t, "schema GameStatus", docs.enum("GameStatus"), []string{game.StatusWaiting.String(), game.StatusPlaying.String(), game.StatusEnded.String()})
	sameSet(t, "the schemas that openapi.yaml has of messages", docs.typesOf(docs.open), sortedKeys(docs.byType))
	var paths []string
	for _, r := range docs.routes {
		if path, record := strings.CutSuffix(r.path, ".pgn"); record {
			r.path = path // a form of the same resource
		}
		paths = append(paths, r.method+" "+r.path)
	}
	sameSet(t, "operations of openapi.yaml", paths, n.routes)
}

// typesOf lists the types of messages that a document has schemas of.
func (d *documents) typesOf(document map[string]any) (types []string) {
	for _, schema := range object(document, "components", "schemas") {
		if kind := typeOf(schema.(map[string]any)); kind != "" {
			types = append(types, kind)
		}
	}
	return types
}

// TestMessagesAreReachable checks that each message of asyncapi.yaml is in the operations on its side, and has its schema.
func TestMessagesAreReachable(t *testing.T) {
	docs := loadDocuments(t)
	sent := make(map[string]bool)
	for _, value := range object(docs.async, "operations") {
		operation := value.(map[string]any)
		outgoing := list(object(operation, "reply")["messages"])
		if operation["action"] == "send" {
			outgoing = append(outgoing, list(operation["messages"])...)
		}
		for _, message := range outgoing {
			ref := message.(map[string]any)["$ref"].(string)
			sent[ref[strings.LastIndexByte(ref, '/')+1:]] = true
		}
	}
	for kind := range docs.byType {
		if docs.requests[kind] == sent[kind] {
			t.Errorf("asyncapi.yaml: %s is received: %v, and sent: %v", kind, docs.requests[kind], sent[kind])
		}
		ref, _ := object(docs.async, "components", "messages", kind, "payload")["$ref"].(string)
		if got := typeOf(docs.resolve(docs.async, ref)); got != kind {
			t.Errorf("asyncapi.yaml: the payload of %s is of type %q", kind, got)
		}
		if ref, _ := object(docs.async, "channels", "ws", "messages", kind)["$ref"].(string); ref != "#/components/messages/"+kind {
			t.Errorf("asyncapi.yaml: the channel's %s is %s", kind, ref)
		}
	}
}

// TestFieldsAgree holds the fields of the schemas against those that the server can write and read.
func TestFieldsAgree(t *testing.T) {
	docs := loadDocuments(t)
	requests, messages := make(map[string]bool), make(map[string]bool)
	for kind := range docs.byType {
		for field := range docs.fields(kind) {
			if docs.requests[kind] {
				requests[field] = true
			} else {
				messages[field] = true
			}
		}
	}
	sameSet(t, "fields of requests", sortedKeys(requests), jsonFields(wire.Request{}))
	sameSet(t, "fields of messages", sortedKeys(messages), jsonFields(wire.Message{}))
	for name, value := range map[string]any{"Player": wire.User{}, "Self": wire.User{}, "Seat": wire.Seat{}, "OpenOffer": wire.Offer{},
		"Result": wire.Result{}, "Held": wire.GameAfter{}, "ClockWanted": wire.ClockTerms{}, "ClockTerms": wire.ClockTerms{}} {
		want := jsonFields(value)
		if name == "Player" {
			want = slices.DeleteFunc(want, func(field string) bool { return field == "guest" }) // told only to himself
		}
		sameSet(t, "fields of "+name, sortedKeys(object(docs.async, "components", "schemas", name, "properties")), want)
	}
}

// fields are the properties of a type of message.
func (d *documents) fields(kind string) map[string]any {
	for _, schema := range object(d.async, "components", "schemas") {
		if typeOf(schema.(map[string]any)) == kind {
			return object(schema.(map[string]any), "properties")
		}
	}
	return nil
}

func jsonFields(value any) (fields []string) {
	typ := reflect.TypeOf(value)
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	return fields
}

// TestBodiesAgree checks that the body of a command over HTTP is the message less what HTTP says in its own way.
func TestBodiesAgree(t *testing.T) {
	docs := loadDocuments(t)
	for _, r := range docs.routes {
		kind, _ := r.item["operationId"].(string)
		if r.method != "POST" || kind == "createSession" {
			continue
		}
		want := make(map[string]any)
		for field, schema := range docs.fields(kind) {
			if field != "type" && field != "id" && field != "game" {
				want[field] = schema
			}
		}
		ref, _ := object(r.item, "requestBody", "content", "application/json", "schema")["$ref"].(string)
		body := docs.resolve(docs.open, ref)
		if got := object(body, "properties"); len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s has the body %v, want that of the message %s: %v", r.method, r.path, got, kind, want)
		}
		var required []any
		for _, field := range list(docs.message(kind)["required"]) {
			if _, of := want[field.(string)]; of {
				required = append(required, field)
			}
		}
		if got := list(body["required"]); !slices.Equal(got, required) {
			t.Errorf("%s %s needs %v, want %v", r.method, r.path, got, required)
		}
		if got := object(r.item, "requestBody")["required"] == true; got != (len(required) > 0) {
			t.Errorf("%s %s: needs a body: %v", r.method, r.path, got)
		}
	}
}

// message is the schema of a type of message.
func (d *documents) message(kind string) map[string]any {
	for _, schema := range object(d.async, "components", "schemas") {
		if typeOf(schema.(map[string]any)) == kind {
			return schema.(map[string]any)
		}
	}
	return nil
}

// TestStatusesAgree checks that every error code is told at the HTTP status that it has.
func TestStatusesAgree(t *testing.T) {
	docs, n := loadDocuments(t), readNames(t)
	told := make(map[string]string) // by status
	for _, r := range docs.routes {
		for status, response := range object(r.item, "responses") {
			ref, _ := response.(map[string]any)["$ref"].(string)
			words, _ := docs.resolve(docs.open, ref)["description"].(string)
			told[status] += words
		}
	}
	for _, code := range n.codes {
		status := strconv.Itoa(wire.Code(code).HTTPStatus())
		if !strings.Contains(told[status], "`"+code+"`") {
			t.Errorf("openapi.yaml does not tell %s at status %s", code, status)
		}
	}
	for status, words := range told {
		for i, word := range strings.Split(words, "`") {
			if i%2 == 1 && strconv.Itoa(wire.Code(word).HTTPStatus()) != status {
				t.Errorf("openapi.yaml tells %s at status %s", word, status)
			}
		}
	}
}

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrNotProtocol means that a frame is not a message of this protocol at all: not UTF-8, not JSON, not an object, or
// without a type. Whoever sends it speaks something else.
var ErrNotProtocol = errors.New("not a message of this protocol")

// ErrBadMessage means that a message of this protocol has a field that is missing, of the wrong type, or out of bounds.
// The request that is returned with it has whatever of Type and ID could be read.
var ErrBadMessage = errors.New("bad message")

// Split yields the messages of one frame: the parts between newlines, blank ones left out.
func Split(frame []byte, yield func(message []byte) bool) {
	for len(frame) > 0 {
		message, rest, _ := bytes.Cut(frame, []byte{'\n'})
		frame = rest
		if message = bytes.TrimSpace(message); len(message) > 0 && !yield(message) {
			return
		}
	}
}

// DecodeRequest reads one message from a client. It keeps nothing of src. Every error wraps ErrNotProtocol or
// ErrBadMessage.
func DecodeRequest(src []byte) (*Request, error) {
	if request := quick(src); request != nil {
		return request, request.check()
	}
	if !utf8.Valid(src) {
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrNotProtocol)
	}
	request := new(Request)
	if err := json.Unmarshal(src, request); err != nil {
		return decodeHead(src, err)
	}
	if request.Type == "" {
		return nil, fmt.Errorf(`%w: it has no "type"`, ErrNotProtocol)
	}
	return request, request.check()
}

// DecodeBody reads a request of the given type that came as the body of an HTTP request, without type, id and game, which
// HTTP says in its own way. An empty body is an empty object. Every error wraps ErrBadMessage; the request that comes with it
// has the id, unless that is what is wrong.
func DecodeBody(src []byte, kind, id, game string) (*Request, error) {
	request := new(Request)
	if len(bytes.TrimSpace(src)) > 0 {
		if !utf8.Valid(src) {
			return &Request{ID: boundedID(id)}, fmt.Errorf("%w: it is not UTF-8", ErrBadMessage)
		}
		if err := json.Unmarshal(src, request); err != nil {
			return &Request{ID: boundedID(id)}, bodyFault(err)
		}
	}
	request.Type, request.ID, request.Game = kind, id, game
	return request, request.check()
}

// bodyFault says what is wrong with JSON in words that are not Go's.
func bodyFault(fault error) error {
	var wrongType *json.UnmarshalTypeError
	switch {
	case !errors.As(fault, &wrongType):
		return fmt.Errorf("%w: it is not JSON", ErrBadMessage)
	case wrongType.Field == "":
		return fmt.Errorf("%w: it is a JSON %s, and not an object", ErrBadMessage, wrongType.Value)
	}
	return fmt.Errorf("%w: field %q is a %s", ErrBadMessage, wrongType.Field, wrongType.Value)
}

// boundedID is the id, or nothing if it is too long to be given back.
func boundedID(id string) string {
	if utf8.RuneCountInString(id) > IDCharsMax {
		return ""
	}
	return id
}

// decodeHead reads what can be read of a message that has a fault, so that the fault can be answered.
func decodeHead(src []byte, fault error) (*Request, error) {
	var wrongType *json.UnmarshalTypeError
	if !errors.As(fault, &wrongType) {
		return nil, fmt.Errorf("%w: %w", ErrNotProtocol, fault)
	}
	var head map[string]json.RawMessage
	if json.Unmarshal(src, &head) != nil {
		return nil, fmt.Errorf("%w: it is not a JSON object", ErrNotProtocol)
	}
	request := new(Request)
	if json.Unmarshal(head["type"], &request.Type) != nil || request.Type == "" {
		return nil, fmt.Errorf(`%w: "type" is not a string`, ErrNotProtocol)
	}
	if json.Unmarshal(head["id"], &request.ID) != nil {
		request.ID = ""
	}
	request.ID = boundedID(request.ID)
	return request, bodyFault(fault)
}

// required lists the fields without which a request of a type means nothing.
var required = map[string]func(*Request) string{
	TypeCreate: func(r *Request) string { return missing("rules", r.Rules == "") },
	TypeJoin:   needGame,
	TypeWatch:  needGame,
	TypeLeave:  needGame,
	TypeResign: needGame,
	TypeAbort:  needGame,
	TypeMove: func(r *Request) string {
		return needGame(r) + missing("ply", r.Ply == nil) + missing("move", r.Move == nil)
	},
	TypeOffer:   needGameWhat,
	TypeAccept:  needGameWhat,
	TypeDecline: needGameWhat,
	TypeClaim:   needGameWhat,
	TypeSay:     func(r *Request) string { return needGame(r) + missing("text", r.Text == nil) },
	TypeAdvance: needGame,
	TypePing:    func(*Request) string { return "" },
}

func missing(field string, is bool) string {
	if is {
		return " " + field
	}
	return ""
}

func needGame(r *Request) string     { return missing("game", r.Game == "") }
func needGameWhat(r *Request) string { return needGame(r) + missing("what", r.What == "") }

// Known tells whether clients may send messages of that type.
func Known(kind string) bool {
	_, known := required[kind]
	return known || kind == TypeHello
}

// check finds what is missing or out of bounds. It does not know which types there are.
func (r *Request) check() error {
	if n := utf8.RuneCountInString(r.ID); n > IDCharsMax {
		r.ID = ""
		return fmt.Errorf("%w: id has %d characters, want 1 to %d", ErrBadMessage, n, IDCharsMax)
	}
	need, known := required[r.Type]
	if !known {
		return nil // hello, or what the session answers with unknown_type
	}
	if r.ID == "" && r.Type != TypePing {
		return fmt.Errorf("%w: id is missing: 1 to %d characters of your choice", ErrBadMessage, IDCharsMax)
	}
	if absent := strings.Fields(need(r)); len(absent) > 0 {
		return fmt.Errorf("%w: %s needs %s", ErrBadMessage, r.Type, strings.Join(absent, ", "))
	}
	if r.Text != nil {
		if n := utf8.RuneCountInString(*r.Text); n < 1 || n > TextCharsMax {
			return fmt.Errorf("%w: text has %d characters, want 1 to %d", ErrBadMessage, n, TextCharsMax)
		}
	}
	return nil
}

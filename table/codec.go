package table

import (
	"errors"
	"fmt"

	"github.com/plywire/plywire/game"
)

// Codec brings requests, replies and notices of this package from one node to another, as bytes. What it appends begins with
// the version of its form: a node of a release with another form says so, and does not guess. What it parses it copies: the
// bytes may be used again afterwards. It is safe for concurrent use.
//
// The memory that parsing takes is bounded by the bytes that there are, whatever lengths they claim. It does not check that a
// game would accept what it reads.
type Codec struct {
	Registry *game.Registry // names the rules of a Transcript
}

// codecVersion is the first byte of all that a Codec writes. It changes with the form.
const codecVersion = 1

var (
	// ErrRelease means that the bytes are of another release of this program, whose form this one does not know.
	ErrRelease = errors.New("table: written by another release, in a form that this one does not know")
	// ErrGarbled means that the bytes are not what a Codec has written.
	ErrGarbled = errors.New("table: not what was written")
)

// The kinds of requests, by their second byte. Numbers are never used for anything else again.
const (
	codeAct        = 1
	codeLook       = 2
	codeTranscribe = 3
	codePresence   = 4
	codeSay        = 5
	codeAdvance    = 6
	codeWatching   = 7
	codeDeparted   = 8
)

// AppendRequest appends a request. It fails if the body is no request of this package.
func (c Codec) AppendRequest(dst []byte, body any) ([]byte, error) {
	dst = append(dst, codecVersion)
	switch request := body.(type) {
	case *Act:
		return appendAct(append(dst, codeAct), request), nil
	case *Look:
		return appendLook(append(dst, codeLook), request), nil
	case *Transcribe:
		return append(dst, codeTranscribe), nil
	case *Presence:
		dst = append(dst, codePresence, flags(request.Present))
		return appendText(appendText(dst, request.User), request.From), nil
	case *Say:
		dst = appendUser(append(dst, codeSay), request.User)
		return appendText(appendText(dst, request.ID), request.Text), nil
	case *Advance:
		return appendInt(appendText(append(dst, codeAdvance), request.ID), int64(request.By)), nil
	case *Watching:
		return appendInt(appendText(append(dst, codeWatching), request.From), int64(request.Count)), nil
	case *Departed:
		return appendText(append(dst, codeDeparted), request.Node), nil
	}
	return nil, fmt.Errorf("table: a request of type %T cannot be sent to another node", body)
}

// ParseRequest reads a request. Errors wrap ErrRelease or ErrGarbled.
func (c Codec) ParseRequest(in []byte) (any, error) {
	r := reader{in: in, text: string(in), what: "request"}
	r.version()
	var body any
	switch code := r.one("its kind"); code {
	case codeAct:
		body = r.act()
	case codeLook:
		body = r.look()
	case codeTranscribe:
		body = &Transcribe{}
	case codePresence:
		body = &Presence{Present: r.flags("the flags of a presence", 1) != 0, User: r.string("the user"), From: r.string("the gateway")}
	case codeSay:
		body = &Say{User: r.user(), ID: r.string("the id"), Text: r.string("the line")}
	case codeAdvance:
		body = &Advance{ID: r.string("the id"), By: r.duration("the time")}
	case codeWatching:
		body = &Watching{From: r.string("the gateway"), Count: int(r.int("the count"))}
	case codeDeparted:
		body = &Departed{Node: r.string("the node")}
	default:
		r.fail("it is of kind %d", code)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return body, nil
}

// Watches tells whether whoever sends the request wants all notices of the actor from the answer on.
func (c Codec) Watches(body any) bool {
	switch request := body.(type) {
	case *Act:
		return request.Watch
	case *Look:
		return request.Watch
	}
	return false
}

// Repeatable tells whether a request may be sent again, when nobody knows what has become of it, without being carried out
// twice.
func (c Codec) Repeatable(body any) bool {
	switch body.(type) {
	case *Act, *Look, *Transcribe, *Presence, *Say, *Watching, *Departed:
		return true
	}
	return false // Advance among them: time would pass twice
}

// Departed is the request that tells a game of the end of a gateway's node.
func (c Codec) Departed(node string) any { return &Departed{Node: node} }

// Package wire is the vocabulary of protocol version 1: the messages that a client and a server exchange, as JSON, and
// their codes. docs/protocol.md tells what they mean. The server, the Go client and the load tester all use it.
//
// It must know nothing of sockets, games or shards.
package wire

import (
	"encoding/json"
	"time"
)

// Subprotocol is the WebSocket subprotocol of version 1 in JSON.
const Subprotocol = "plywire.v1.json"

// Bounds that clients can rely on.
const (
	IDCharsMax   = 64  // characters of a command's id
	TextCharsMax = 280 // characters of a chat line
	GamesMax     = 64  // games that one hello can resume
)

// TimeFormat is how times are written: RFC 3339, UTC, milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// Request is any message from a client. Type and ID are common to all; which of the other fields have a meaning depends on
// Type.
type Request struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`

	// hello
	Token  string      `json:"token,omitempty"`
	Resume string      `json:"resume,omitempty"`
	Client string      `json:"client,omitempty"`
	Games  []GameAfter `json:"games,omitempty"`

	// ping
	Sent json.RawMessage `json:"sent,omitempty"`

	// create
	Rules    string          `json:"rules,omitempty"`
	Clock    *ClockTerms     `json:"clock,omitempty"`
	Rated    bool            `json:"rated,omitempty"`
	Opponent string          `json:"opponent,omitempty"`
	Options  json.RawMessage `json:"options,omitempty"`

	Game  string  `json:"game,omitempty"`
	Seat  string  `json:"seat,omitempty"`  // create, join
	After *uint64 `json:"after,omitempty"` // watch
	Ply   *int    `json:"ply,omitempty"`   // move
	Move  *string `json:"move,omitempty"`  // move
	What  string  `json:"what,omitempty"`  // offer, accept, decline, claim
	Text  *string `json:"text,omitempty"`  // say

	AdvanceMS int64 `json:"advance_ms,omitempty"` // advance: only where the server runs a test clock
}

// GameAfter names a game and the last seq of it that the client holds.
type GameAfter struct {
	Game  string `json:"game"`
	After uint64 `json:"after"`
}

// ClockTerms is a time control, in milliseconds.
type ClockTerms struct {
	InitialMS   int64 `json:"initial_ms"`
	IncrementMS int64 `json:"increment_ms"`
	DelayMS     int64 `json:"delay_ms"`
}

// The types of requests.
const (
	TypeHello   = "hello"
	TypePing    = "ping"
	TypeCreate  = "create"
	TypeJoin    = "join"
	TypeWatch   = "watch"
	TypeLeave   = "leave"
	TypeMove    = "move"
	TypeResign  = "resign"
	TypeAbort   = "abort"
	TypeOffer   = "offer"
	TypeAccept  = "accept"
	TypeDecline = "decline"
	TypeClaim   = "claim"
	TypeSay     = "say"
	TypeAdvance = "advance"
)

// The types of messages from the server, besides the events.
const (
	TypeWelcome  = "welcome"
	TypePong     = "pong"
	TypeOK       = "ok"
	TypeError    = "error"
	TypeGame     = "game"
	TypePresence = "presence"
	TypeWatchers = "watchers"
	TypeSaid     = "said"
	TypeDraining = "draining"
)

// Message is any message from the server. Type is common to all; which of the other fields have a meaning depends on it.
type Message struct {
	Type string `json:"type"`
	Re   string `json:"re,omitempty"`
	Game string `json:"game,omitempty"`
	Seq  uint64 `json:"seq,omitempty"`

	// error
	Code         Code   `json:"code,omitempty"`
	Text         string `json:"message,omitempty"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`

	// welcome, pong
	User            *User           `json:"user,omitempty"` // joined, said and presence, too
	Resume          string          `json:"resume,omitempty"`
	Node            string          `json:"node,omitempty"`
	Time            string          `json:"time,omitempty"`
	HeartbeatMS     int64           `json:"heartbeat_ms,omitempty"`
	MaxMessageBytes int64           `json:"max_message_bytes,omitempty"`
	TestClock       bool            `json:"test_clock,omitempty"`
	Sent            json.RawMessage `json:"sent,omitempty"`

	// game, created
	Rules    string          `json:"rules,omitempty"`
	Status   string          `json:"status,omitempty"`
	Seats    []Seat          `json:"seats,omitempty"`
	Clock    *Clock          `json:"clock,omitempty"` // events, too
	Rated    *bool           `json:"rated,omitempty"`
	Options  json.RawMessage `json:"options,omitempty"`
	Source   string          `json:"source,omitempty"`
	Opponent string          `json:"opponent,omitempty"`
	Position *string         `json:"position,omitempty"`
	Moves    Moves           `json:"moves,omitempty"`
	Turn     []string        `json:"turn,omitempty"`
	Offers   []Offer         `json:"offers,omitempty"`
	Next     string          `json:"next,omitempty"` // accepted, too

	// events
	Ply     *int            `json:"ply,omitempty"` // game, too; see Plies
	Seat    string          `json:"seat,omitempty"`
	Move    *string         `json:"move,omitempty"` // null, that is nil, where it is hidden from this user
	Outcome json.RawMessage `json:"outcome,omitempty"`
	What    string          `json:"what,omitempty"`
	Result  *Result         `json:"result,omitempty"`
	At      string          `json:"at,omitempty"`

	// notices
	Said     string `json:"text,omitempty"`
	Present  *bool  `json:"present,omitempty"`
	Count    *int   `json:"count,omitempty"`
	WithinMS int64  `json:"within_ms,omitempty"`
}

// Plies is the number of moves made, where the message tells it, and otherwise 0.
func (m Message) Plies() int {
	if m.Ply == nil {
		return 0
	}
	return *m.Ply
}

// Moves are moves in the rules' notation. One that is hidden from the reader is the empty string, and null on the wire.
type Moves []string

// MarshalJSON writes an array of strings and nulls.
func (moves Moves) MarshalJSON() ([]byte, error) {
	dst := []byte{'['}
	for i, move := range moves {
		if i > 0 {
			dst = append(dst, ',')
		}
		if move == "" {
			dst = append(dst, `null`...)
		} else {
			dst = appendString(dst, move)
		}
	}
	return append(dst, ']'), nil
}

// User is somebody, as others see him.
type User struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Guest bool   `json:"guest,omitempty"`
}

// Seat is one place of a game, and who has it.
type Seat struct {
	Seat    string `json:"seat"`
	User    *User  `json:"user"`
	Present bool   `json:"present"`
}

// Offer is an offer that awaits an answer.
type Offer struct {
	What string `json:"what"`
	Seat string `json:"seat"`
}

// Result is how a game ended.
type Result struct {
	Winner *string `json:"winner"` // a seat; null: nobody
	Score  string  `json:"score"`
	Reason string  `json:"reason"`
}

// FormatTime writes t in the protocol's form.
func FormatTime(t time.Time) string {
	var room [len(TimeFormat)]byte
	return string(appendTime(room[:0], t))
}

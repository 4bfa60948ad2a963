package table

import (
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/wire"
)

// Act gives a command to the game. It answers with a *Reply.
type Act struct {
	Command game.Command
	Watch   bool // the reply brings the game's state, for somebody who is going to watch
}

// Look asks for what somebody has not seen of the game. It answers with a *Reply.
type Look struct {
	User  string
	ID    string // of the command, for the reply
	After uint64
	// Whole asks for the state even if After is known, and Events for the events even if the state would be shorter.
	Whole, Events bool
	Watch         bool // the asker is going to watch: his gateway wants all notices from the answer on
	Seated        bool // the reply names who has a seat
}

// Transcribe asks for the whole game. It answers with a *Reply that has a Transcript.
type Transcribe struct{}

// Presence says that a user's first connection to a gateway has come to watch the game, or the last has gone. A user is
// present who is at one gateway at least. It answers with nil.
type Presence struct {
	User    string
	Present bool
	From    string // the gateway's node
}

// Watching says how many connections to a gateway watch the game without a seat. It answers with nil.
type Watching struct {
	From  string // the gateway's node
	Count int
}

// Departed says that a gateway's node has gone, and with it all who were there. It answers with nil.
type Departed struct{ Node string }

// Say passes a chat line on to the players. It answers with a *Reply.
type Say struct {
	User game.User
	ID   string
	Text string
}

// Advance makes time pass for this game alone, where the server runs a test clock. It answers with a *Reply.
type Advance struct {
	ID string
	By time.Duration
}

// Reply answers a request.
type Reply struct {
	Code  wire.Code // empty: done
	Frame []byte    // ok or error, as the wire has it
	// Seen are the frames that bring the asker up to date, for Look and for Act with Watch. Whoever watches the game
	// from now on has seen everything up to Seq.
	Seen [][]byte
	Seq  uint64
	Seat game.Seat // the asker's; game.NoSeat: a watcher
	// Seated are all who have a seat, for Look with Seated.
	Seated []Joined

	Transcript *game.Transcript // for Transcribe
}

// Notice is what everybody around a table is told.
type Notice struct {
	Frames Frames
	First  uint64   // seq of the first event in the frames; 0: there is none
	Last   uint64   // seq of the last event in the frames; 0: there is none
	Joined []Joined // users who have got a seat
}

// Joined says that a user has got a seat, or has one.
type Joined struct {
	User string
	Seat game.Seat
}

// Frames holds messages, separated by newlines, as each of those around a table may see them.
type Frames struct {
	All      []byte   // for everybody; if nil:
	Seats    [][]byte // for each seat
	Watchers []byte   // for the others; nil: nothing
}

// For returns the frame for a seat, or nil if there is nothing for it.
func (f Frames) For(seat game.Seat) []byte {
	switch {
	case f.All != nil:
		return f.All
	case int(seat) < len(f.Seats):
		return f.Seats[seat]
	}
	return f.Watchers
}

package crashtest

import (
	"encoding/json"
	"time"

	"github.com/plywire/plywire/wire"
)

// Evidence is all that is known of one game when it is judged: what was asked and answered, what was seen, what the server
// says in the end, and when there was a server.
type Evidence struct {
	Game      string
	Clock     wire.ClockTerms
	Commands  []Command
	Witnesses []Witness
	History   []wire.Message // every event, as the server tells it in the end
	Lives     []Life         // of the server, in their order; of the nodes of a cluster, none
	Cluster   bool           // several nodes served the game
	Outages   []time.Time    // moments from which nobody in the cluster served the game for a while, in any order
}

// Command is one thing that a player has asked for under one id, however often it was sent.
type Command struct {
	ID      string
	Type    string // as in a request: create, join, move, offer, accept, resign
	Seat    string
	Ply     int    // of a move: moves made with it
	Move    string // likewise
	What    string // of offer and accept
	Answers []Answer
}

// Answer is what one sending of a command was answered.
type Answer struct {
	Seq     uint64 // of its first event; meaningless if it was refused
	Game    string
	Refused wire.Code // empty: it was accepted
}

// Witness is a connection that watches the game. It outlives the server: the client resumes.
type Witness struct {
	Name string
	Saw  []wire.Message // events and whole states, in the order in which they came
}

// Life is one run of the server, by the clock of this machine, which is the server's, too.
type Life struct {
	Launched time.Time // an instant before it was started
	Ready    time.Time // when it was first seen to be ready; zero: it never was
	Dead     time.Time // an instant after it was gone; zero: it lives
}

// canonical is a message as it would be written: two that tell the same are equal.
func canonical(m wire.Message) string {
	text, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// accepted is the first answer that was not a refusal.
func (c Command) accepted() (Answer, bool) {
	for _, answer := range c.Answers {
		if answer.Refused == "" {
			return answer, true
		}
	}
	return Answer{}, false
}

// caused tells whether an event is what the command asks for.
func (c Command) caused(ev wire.Message) bool {
	switch c.Type {
	case wire.TypeCreate:
		return ev.Type == "created"
	case wire.TypeJoin:
		return ev.Type == "joined" && ev.Seat == c.Seat
	case wire.TypeMove:
		return ev.Type == "moved" && ev.Seat == c.Seat && ev.Plies() == c.Ply && deref(ev.Move) == c.Move
	case wire.TypeOffer:
		return ev.Type == "offered" && ev.Seat == c.Seat && ev.What == c.What
	case wire.TypeAccept:
		return ev.Type == "accepted" && ev.Seat == c.Seat && ev.What == c.What
	case wire.TypeResign:
		return ev.Type == "ended"
	}
	return false
}

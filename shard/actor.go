package shard

import "time"

// Actor is anything that lives in a shard: commands in, events out, a snapshot and a deadline. A game is one. Its methods
// are called by one goroutine at a time and must not block; they may not keep what they are given.
type Actor interface {
	// Receive decides on one command and, where it accepts, changes the actor at once: nothing of the Turn is seen by
	// anybody before its events are durable. Besides what the actor's own users send, body may be Tick or Thaw. An actor
	// is never told a now that is before one it was told already.
	Receive(now time.Time, body any) Turn

	// Apply folds one event of the journal into the actor, when it is rebuilt. An error means that the actor cannot be
	// served.
	Apply(event []byte) error

	// AppendSnapshot appends the fold of all events so far, and nothing that is not in them. It appends something if there
	// was an event.
	AppendSnapshot(dst []byte) []byte

	// Needs says what the actor wants of its shard now. It is asked after each Receive and Visible.
	Needs() Needs

	// Visible says that all events so far are durable and are being sent out at time now. It is called when that has
	// become so; not when the actor is rebuilt.
	Visible(now time.Time)
}

// Turn is what an actor makes of one command.
type Turn struct {
	Events [][]byte // to be journaled, in order; not changed afterwards
	Reply  any      // for whoever sent the command, when the events and all before them are durable
	Notice any      // for the Publisher, likewise; nil: nothing
	Sends  []Send   // commands to other actors, likewise
}

// Send is a command from one actor to another. It is delivered at least once while the shard is served: whoever receives it
// must know it by an id of its own. If it could not be delivered until the shard is taken over, the actor is brought back
// into memory and hears a Thaw, at which it has to ask again for all that it may have asked for before.
type Send struct {
	To   ID
	Body any
}

// Needs is what an actor wants of its shard.
type Needs struct {
	// Deadline is when the actor wants to Receive a Tick; zero: never. The actor stays in memory while it has one, and is
	// brought back into memory by whoever takes the shard over. It hears no Tick while events of its own are not durable,
	// and none while the shard is not served.
	Deadline time.Time
	Stay     bool      // stay in memory even when no command comes, as long as this owner has the shard
	Expires  time.Time // when the store may forget it; zero: never
}

// Tick is what an actor receives when its deadline has passed.
type Tick struct{}

// Thaw is what an actor in memory receives, before anything else, when it is served again after nobody served it for a
// while: its shard was taken over, the process stood still, the shard had to refuse what came, or the actor had failed.
type Thaw struct {
	Alive time.Time // when somebody last served it; zero: not known
}

// Actors makes the actors of a shard. It is safe for concurrent use.
type Actors interface {
	// New returns the actor as it is before its first event.
	New(id ID) Actor
	// Restore returns the actor that AppendSnapshot wrote.
	Restore(id ID, snapshot []byte) (Actor, error)
}

// Publisher is told what the actors want everybody to know, when it is durable.
type Publisher interface {
	// Publish is called in the order of the actor's events, by one goroutine at a time for each actor. It must not block.
	// It may call Node.Send.
	Publish(actor ID, notice any)
}

// Flusher may be implemented by a Publisher that gathers what it is told, and what Senders are answered, to send it on
// together.
type Flusher interface {
	// Flush is called after each burst of notices and answers, by any goroutine. It must not block.
	Flush()
}

// Command is something asked of an actor.
type Command struct {
	Actor  ID
	Body   any
	Sender Sender    // hears the answer; nil: nobody does
	At     time.Time // when it arrived at the server, as of which it is decided on; zero: now
}

// Sender hears the answer to its command.
type Sender interface {
	// Answer is called once: with the actor's reply, or with an error that wraps ErrUnavailable or ErrInternal. It must
	// not block. It may call Node.Send.
	Answer(reply any, err error)
}

package game

import "time"

// Event is something that happened in a game. It is a durable fact: Game.Apply folds it into the state and cannot refuse.
// Which fields have a meaning depends on Kind.
type Event struct {
	Kind EventKind
	Seq  uint64    // position in the game: 1, 2, 3 … without a gap
	At   time.Time // wall clock, UTC, whole milliseconds; never before that of the event before
	// Cause names the command that this event answers. Only the first event of a command carries the command's id, and none
	// does if the command was refused all the same.
	Cause Cause

	Seat    Seat          // who joined, moved, offered, accepted, declined; who asked for what was taken back
	Ply     int           // moved: moves made, this one included; taken_back: moves left
	Move    Move          // moved
	Elapsed time.Duration // moved: charged to the seat's clock
	Lag     time.Duration // moved: not charged, because the network had it
	// Clocks is what each seat has left, of started, moved, taken_back, clock_adjusted and ended; nil without clocks. A clock
	// that goes on running is told as of when it began to run; at the end, and when a turn is cut short, as of then.
	Clocks []time.Duration
	Offer  Offer   // offered, accepted, declined
	Player User    // joined
	Terms  *Terms  // created
	Result *Result // ended
	Next   string  // accepted rematch: id of the game to come
}

// Cause names the command that caused an event.
type Cause struct {
	User    string // id of the user; empty: the server itself
	Command string // the command's id; empty: none was given
}

// EventKind tells the kinds of events apart. The numbers are part of the journal's format.
type EventKind uint8

// The kinds of events.
const (
	EventCreated       EventKind = 1
	EventJoined        EventKind = 2
	EventStarted       EventKind = 3
	EventMoved         EventKind = 4
	EventOffered       EventKind = 5
	EventAccepted      EventKind = 6
	EventDeclined      EventKind = 7
	EventTakenBack     EventKind = 8
	EventClockAdjusted EventKind = 9
	EventEnded         EventKind = 10
)

var eventNames = [...]string{
	EventCreated: "created", EventJoined: "joined", EventStarted: "started", EventMoved: "moved", EventOffered: "offered",
	EventAccepted: "accepted", EventDeclined: "declined", EventTakenBack: "taken_back",
	EventClockAdjusted: "clock_adjusted", EventEnded: "ended",
}

// String is the kind's name on the wire.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && k > 0 {
		return eventNames[k]
	}
	return "unknown"
}

// hasSeat tells whether events of that kind are about one seat.
func hasSeat(kind EventKind) bool {
	switch kind {
	case EventJoined, EventMoved, EventOffered, EventAccepted, EventDeclined, EventTakenBack:
		return true
	}
	return false
}

package simulation

import (
	"fmt"
	"strings"
)

// Count is something that simulations do, and count.
type Count int

// What is counted. All but Seeds and Steps is what a simulation has to try before its silence proves something.
const (
	Seeds Count = iota
	Steps

	Commands      // sent by clients, each time
	Acknowledged  // answered with ok
	Refused       // answered with an error
	Unavailable   // answered with unavailable
	Internal      // answered with internal
	Resent        // sent again by who had no answer
	Repeated      // sent again by who had one
	AnsweredAgain // with the same ok as before
	Twisted       // another command with an id that had an effect
	Garbage       // what is no message
	Foreign       // a command of who has no seat

	Games
	Moves
	HiddenMoves
	Offers
	Accepts
	Declines
	Takebacks
	Rematches
	Claims
	Abandonments
	Resignations
	Aborts
	Flags
	Thaws // clocks given back
	Ends  // by the rules

	EventsSeen
	StatesSeen
	ResumedByEvents
	ResumedByState
	BeyondTheEnd // watch behind the end of the journal
	Polls        // events asked for over HTTP
	Transcripts  // likewise
	Chats
	Presences

	Connects
	Drops // of connections, by the network
	Slow  // connections ended because nobody reads

	Crashes
	Ghosts // batches of a dead process that come to the store
	Drains
	Stalls
	Fenced
	Starts // that failed
	FaultsRefused
	FaultsApplied
	FaultsLost
	FaultsLate
	FaultsFenced
	Reads  // of the store that failed
	Panics // in an actor
	Batches
	Snapshots
	Trims
	Loads
	Passivated
	Quarantined
	Retries

	counted
)

var countNames = [counted]string{
	"seeds", "steps",
	"commands", "acknowledged", "refused", "unavailable", "internal", "resent", "repeated", "answered again", "twisted", "garbage", "foreign",
	"games", "moves", "hidden moves", "offers", "accepts", "declines", "takebacks", "rematches", "claims", "abandonments", "resignations",
	"aborts", "flags", "thaws", "ends",
	"events seen", "states seen", "resumed by events", "resumed by state", "beyond the end", "polls", "transcripts", "chats", "presences",
	"connects", "drops", "slow",
	"crashes", "ghosts", "drains", "stalls", "fenced", "failed starts", "batches refused", "batches applied unknown", "batches lost",
	"batches late", "batches fenced", "failed reads", "panics", "batches", "snapshots", "trims", "loads", "passivated", "quarantined", "retries",
}

// String is what the count counts.
func (c Count) String() string { return countNames[c] }

// Counts is what simulations have tried.
type Counts [counted]int

// Add adds what another simulation has tried.
func (c *Counts) Add(other Counts) {
	for i := range c {
		c[i] += other[i]
	}
}

// Missing lists what was never tried.
func (c *Counts) Missing() []Count {
	var missing []Count
	for i, n := range c {
		if n == 0 {
			missing = append(missing, Count(i))
		}
	}
	return missing
}

// lines lists all counts, three in a line.
func (c *Counts) lines() string {
	var text strings.Builder
	for i, n := range c {
		fmt.Fprintf(&text, "%-24s%12d", Count(i), n)
		if i%3 == 2 || i == len(c)-1 {
			text.WriteByte('\n')
		} else {
			text.WriteString("    ")
		}
	}
	return text.String()
}

package game

import "time"

// Command is what somebody asks of a game. Game.Decide answers with events or an error.
type Command struct {
	Kind CommandKind
	User User   // who asks; the zero User for Tick and Thaw
	ID   string // the idempotency key, chosen by the user; empty: none

	Create *Create       // of CommandCreate
	Seat   string        // of CommandJoin: the name of the wanted seat, or empty for any
	Ply    int           // of CommandMove: moves made so far, as the user knows it
	Move   string        // of CommandMove, in the rules' notation
	Lag    time.Duration // of CommandMove: measured delay of the network, one round trip
	What   string        // of CommandOffer, CommandAccept, CommandDecline: see Offer; of CommandClaim: see Claimer
	Absent bool          // of CommandClaim: an opponent has been gone for longer than the grace
	Alive  time.Time     // of CommandThaw: when the previous owner last showed that it was alive; zero: not known
}

// Create is the part of a command that creates a game.
type Create struct {
	Terms Terms
	// Seat is the seat that the creator takes: a name, or "" or "random" for any by chance.
	Seat string
	// Players, when given, are seated at once in turn order, and the game starts; the creator then takes no seat.
	Players []User
}

// CommandKind tells the kinds of commands apart.
type CommandKind uint8

// The kinds of commands.
const (
	CommandCreate CommandKind = iota + 1
	CommandJoin
	CommandMove
	CommandResign
	CommandAbort
	CommandOffer
	CommandAccept
	CommandDecline
	CommandClaim
	// CommandTick says that time has passed; it is what makes a flag fall.
	CommandTick
	// CommandThaw says that somebody serves the game again after nobody did: the time in between is nobody's.
	CommandThaw
)

// Offer is something that a player proposes to the others.
type Offer string

// The offers.
const (
	OfferDraw     Offer = "draw"
	OfferTakeback Offer = "takeback"
	OfferRematch  Offer = "rematch"
)

// ClaimAbandonment is what a player claims when the opponents have gone; it is known to all rules.
const ClaimAbandonment = "abandonment"

package game

import "strings"

// Reason says how a game ended, in the words of the protocol.
type Reason string

// The reasons of the protocol. Rules for which none of the named ones fits use ReasonRules.
const (
	ReasonCheckmate                   Reason = "checkmate"
	ReasonStalemate                   Reason = "stalemate"
	ReasonInsufficientMaterial        Reason = "insufficient_material"
	ReasonThreefold                   Reason = "threefold"
	ReasonFivefold                    Reason = "fivefold"
	ReasonFiftyMoves                  Reason = "fifty_moves"
	ReasonSeventyFiveMoves            Reason = "seventyfive_moves"
	ReasonAgreement                   Reason = "agreement"
	ReasonResignation                 Reason = "resignation"
	ReasonTimeout                     Reason = "timeout"
	ReasonTimeoutInsufficientMaterial Reason = "timeout_insufficient_material"
	ReasonAbandonment                 Reason = "abandonment"
	ReasonAborted                     Reason = "aborted"
	ReasonRules                       Reason = "rules"
)

// Result is how a game ended.
type Result struct {
	Winner Seat // NoSeat: nobody won
	Reason Reason
}

// Won returns the result in which winner won for the given reason.
func Won(winner Seat, reason Reason) Result { return Result{Winner: winner, Reason: reason} }

// Drawn returns the result in which nobody won for the given reason.
func Drawn(reason Reason) Result { return Result{Winner: NoSeat, Reason: reason} }

// Score is the result as tournaments write it, a number a seat in turn order: "1-0", "0-1", "1/2-1/2", with three seats
// "0-1-0"; "*" for a game that was aborted.
func (r Result) Score(seats int) string {
	if r.Reason == ReasonAborted {
		return "*"
	}
	each := make([]string, seats)
	for seat := range each {
		switch {
		case r.Winner == NoSeat:
			each[seat] = "1/2"
		case r.Winner == Seat(seat):
			each[seat] = "1"
		default:
			each[seat] = "0"
		}
	}
	return strings.Join(each, "-")
}

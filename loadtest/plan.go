package loadtest

import (
	"slices"
	"time"
)

// plan is how a game is brought to the end that its record has.
type plan struct {
	how    ending
	loser  int    // 0 white, 1 black; of those endings that have one
	what   string // the claim
	reason string // that the server has to give
	score  string // that the server has to give
	forced bool   // by the record; otherwise the server has no test clock, and a stand-in is played
}

type ending uint8

const (
	endsItself ending = iota
	endsResigned
	endsAgreed
	endsClaimed
	endsFlagged
	endsAbandoned
	endsAborted
)

// planFor reads the record's result and termination. testClock tells whether time can be made to pass.
func planFor(r Record, testClock bool) plan {
	p := plan{score: r.Result, forced: true, loser: -1}
	switch r.Result {
	case "1-0":
		p.loser = 1
	case "0-1":
		p.loser = 0
	}
	toMove := len(r.Moves) % 2
	switch {
	case r.Automatic != "":
		p.how, p.reason = endsItself, r.Automatic
		return p
	case p.loser < 0 && r.Result != "1/2-1/2": // not over
		p.forced = false
		if len(r.Moves) < 2 {
			p.how, p.reason, p.score = endsAborted, "aborted", "*"
			return p
		}
		p.how, p.reason, p.score = endsAgreed, "agreement", "1/2-1/2"
		return p
	case r.Termination == "Time forfeit" && r.Clock != nil && testClock && (p.loser < 0 || p.loser == toMove):
		p.how, p.reason = endsFlagged, "timeout"
		if p.loser < 0 {
			p.reason = "timeout_insufficient_material"
		}
		return p
	case r.Termination == "Abandoned" && testClock && p.loser >= 0:
		p.how, p.reason = endsAbandoned, "abandonment"
		return p
	}
	p.forced = r.Termination != "Time forfeit" && r.Termination != "Abandoned"
	switch {
	case p.loser >= 0:
		p.how, p.reason = endsResigned, "resignation"
	case slices.Contains(r.Claimable, "threefold"):
		p.how, p.what, p.reason = endsClaimed, "threefold", "threefold"
	case slices.Contains(r.Claimable, "fifty_moves"):
		p.how, p.what, p.reason = endsClaimed, "fifty_moves", "fifty_moves"
	default:
		p.how, p.reason = endsAgreed, "agreement"
	}
	return p
}

const (
	// flagTime is how far a test clock is moved to make a flag fall: further than any clock of a record.
	flagTime = 24 * time.Hour
	// graceTime is how far it is moved for a player to have abandoned a game, and abandonClock the least clock with which
	// no flag falls before.
	graceTime    = 90 * time.Second
	abandonClock = 10 * time.Minute
)

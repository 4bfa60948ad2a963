package crashtest

import (
	"time"

	"github.com/plywire/plywire/wire"
)

// The clocks, exactly. Of the events of a game that tell its clocks, take two that follow each other, with nothing of the
// game in between that tells them. What a clock has paid from the first to the second is the difference of what they tell,
// and the increment of a move. Times and charges are whole milliseconds, rounded down by the server; no rounding is in its
// favour, so no tolerance is needed:
//
//   - Within one life of the server a seat pays at most the time between the two events, and only if it was to move. The
//     clock begins to run when the first event has been made durable and sent, which is later than the time that the event
//     has, and it stops when the move arrives, which is the time of the second.
//   - From one life to another it pays at most the time from the first event to the end of the life that the event is of:
//     nobody served the game then until the second event, which therefore has to be clock_adjusted. What the server pays
//     for out of this is the time up to its last durable sign of life. It is never later than its end.
//
// The end of a life is read after the process is gone, from the same clock as the server's. A machine whose clock is set
// meanwhile proves nothing; Run looks for that.
//
// In a cluster somebody serves a game all the time, except from the death or the freezing of its owner on. What is known is
// which games these were and since when, not until when; and that is all it takes: the first event of such a game with a
// later time has to be clock_adjusted, and pays for nothing later than that moment.

// judgeClocks looks for clocks that ran while nobody served the game.
func (e Evidence) judgeClocks(v *Verdict) {
	c := clocks{evidence: e, verdict: v}
	for i, ev := range e.History {
		at, err := time.Parse(time.RFC3339, ev.At)
		life := e.life(at)
		if err != nil || life < 0 {
			v.Wrong.Disagree++
			v.fault("event %d is of %s, when there was no server", ev.Seq, ev.At)
			return
		}
		if ev.Type == "clock_adjusted" {
			v.Adjusted++
		}
		// The first event of a game whose clock runs, after a time in which nobody served it, has to begin its turn anew.
		ended, interrupted := c.interrupted(at, life)
		if interrupted && ev.Type != "clock_adjusted" {
			v.Wrong.Unadjusted++
			v.fault("event %d, %s, is the first after a kill, and the clock had not been adjusted", ev.Seq, ev.Type)
		}
		if ev.Clock != nil && ev.Clock.Terms == nil {
			if !interrupted {
				ended = at
			}
			c.take(i, at, life, ended)
		}
	}
}

// clocks follows the clocks through a history.
type clocks struct {
	evidence Evidence
	verdict  *Verdict

	running bool
	left    wire.Times // as of the last event that told
	at      time.Time  // of that event
	life    int        // of the server, in which it was
	turn    string     // the seat whose clock runs since
}

// interrupted tells whether nobody served the game for a while between the last event that told the clocks, which ran then, and
// this one; and since when.
func (c *clocks) interrupted(at time.Time, life int) (since time.Time, is bool) {
	if !c.running {
		return time.Time{}, false
	}
	if life != c.life {
		// Only a whole life is certain to have been dead for good at its end.
		return c.evidence.Lives[c.life].Dead, true
	}
	for _, from := range c.evidence.Outages {
		if !from.Before(c.at) && from.Before(at) && (!is || from.Before(since)) {
			since, is = from, true
		}
	}
	return since, is
}

// take follows one event that tells the clocks. ended is until when the game was served before it.
func (c *clocks) take(i int, at time.Time, life int, ended time.Time) {
	ev := c.evidence.History[i]
	for _, each := range ev.Clock.Left {
		if each.MS < 0 {
			c.verdict.Wrong.Charged++
			c.verdict.fault("event %d: %s has %d ms left", ev.Seq, each.Seat, each.MS)
		}
		if !c.running {
			continue
		}
		charged := time.Duration(c.left.Of(each.Seat)-each.MS) * time.Millisecond
		if ev.Type == "moved" && ev.Seat == each.Seat {
			charged += time.Duration(c.evidence.Clock.IncrementMS) * time.Millisecond
		}
		c.charge(ev, each.Seat, charged, ended, !ended.Equal(at))
	}
	c.running = ev.Type != "ended"
	c.left, c.at, c.life = ev.Clock.Left, at, life
	if ev.Type == "started" || ev.Type == "moved" {
		c.turn = c.next(ev)
	}
}

// charge compares what a seat has paid with what it may have to.
func (c *clocks) charge(ev wire.Message, seat string, charged time.Duration, ended time.Time, interrupted bool) {
	most := ended.Sub(c.at)
	if interrupted && seat == c.turn && charged <= most {
		c.verdict.Spared += most - max(charged, 0)
	}
	if seat != c.turn {
		most = 0
	}
	if charged < 0 || charged > most {
		c.verdict.Wrong.Charged++
		c.verdict.Wrong.ChargedTime += max(charged-most, 0)
		c.verdict.fault("event %d, %s: %s paid %v, want at most %v", ev.Seq, ev.Type, seat, charged, most)
	}
}

// next is the seat whose turn begins with the event: in chess the other one than moved, and white at the start.
func (c *clocks) next(ev wire.Message) string {
	if ev.Type == "moved" && ev.Seat == "white" {
		return "black"
	}
	return "white"
}

// life is the index of the life of the server in which that was, or -1. An event of a life is well after its launch, since
// a server needs longer than a millisecond to start; so the last that was launched before it is the one. A cluster has but one
// life.
func (e Evidence) life(at time.Time) int {
	if e.Cluster {
		return 0
	}
	for i := len(e.Lives) - 1; i >= 0; i-- {
		if life := e.Lives[i]; !at.Before(life.Launched) {
			if !life.Dead.IsZero() && at.After(life.Dead) {
				return -1
			}
			return i
		}
	}
	return -1
}

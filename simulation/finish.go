package simulation

import (
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/wire"
)

// finish heals everything and checks that all comes to a good end: every command has an answer, every client has seen all
// that there is, every game can be ended, and the next process still knows.
func (s *sim) finish() {
	s.tell("from here on nothing goes wrong")
	s.faulty = false
	if s.chance(2) {
		s.drain()
	} else {
		s.crash() // who was quarantined comes back with the next process
	}
	s.settle()
	for round := 0; s.violation == nil && s.unfinished() != nil; round++ {
		r := s.unfinished()
		if round == 20*len(s.ids) {
			s.fail("%s cannot be brought to an end", r)
		}
		s.end(r)
		s.settle()
	}
	s.drain()
	s.settle()
	for _, c := range s.clients {
		for _, cmd := range c.done {
			c.write(cmd, Repeated)
		}
	}
	s.settle()
	for _, id := range s.ids {
		s.followed(s.records[id])
	}
	s.recoverable()
}

// settle lets everything happen that is to happen, until nobody waits for anything.
func (s *sim) settle() {
	for round := 0; s.violation == nil; round++ {
		busy := false
		for _, c := range s.clients {
			busy = c.mend() || busy
		}
		s.exchange()
		for len(s.process.store.Pending()) > 0 && s.violation == nil {
			s.carryOut(s.process, 0)
			busy = true
		}
		s.pass(50 * time.Millisecond)
		s.look()
		if !busy && round > 5 {
			return
		}
		if round == 400 {
			s.fail("nothing goes wrong any more, and somebody still waits: %s", s.waiting())
		}
	}
}

// waiting says who waits for an answer.
func (s *sim) waiting() string {
	for _, c := range s.clients {
		for _, cmd := range c.open {
			return c.name + " for that to " + string(cmd.frame)
		}
	}
	return "for the store"
}

// mend connects the client, sends again what has no answer, and asks for what is missing. It returns false if there was
// nothing to do.
func (c *client) mend() bool {
	if c.conn == nil {
		c.connect()
		return true
	}
	for _, cmd := range c.open {
		if cmd.conn != c.conn {
			c.write(cmd, Resent)
		}
	}
	return c.heal() || len(c.open) > 0
}

// unfinished is a game that is not over, or that a rematch has made and nobody knows.
func (s *sim) unfinished() *record {
	for _, id := range s.ids {
		r := s.records[id]
		if status := r.model.Status(); status == game.StatusWaiting || status == game.StatusPlaying {
			return r
		}
	}
	return nil
}

// end lets the players of a game bring it to an end: by giving up, or by thinking for too long.
func (s *sim) end(r *record) {
	if r.model.Status() == game.StatusPlaying && r.model.Terms().Clock.Clocked() && s.chance(2) {
		long := lagMax + 5*time.Second + r.model.Terms().Clock.Delay
		for _, left := range r.clock.left {
			long += left
		}
		s.tell("%s: everybody thinks for %v", r, long)
		s.while(long)
		s.settle()
		if r.model.Status() != game.StatusEnded {
			s.fail("%s: nobody has moved for %v, and no flag has fallen", r, long)
		}
		return
	}
	kind := wire.TypeResign
	if r.model.Status() == game.StatusWaiting {
		kind = wire.TypeAbort
	}
	for _, c := range s.clients {
		if r.model.SeatOf(c.user) != game.NoSeat {
			c.want(wire.Request{Type: kind, Game: r.id.String()})
			return
		}
	}
	s.fail("%s: no player is there", r)
}

// followed checks that whoever watches a game has seen all of it, and that the rematch that was agreed exists.
func (s *sim) followed(r *record) {
	if s.violation != nil {
		return
	}
	for _, c := range s.clients {
		if v := c.views[r.id.String()]; v != nil && v.watching && v.last != uint64(len(r.durable)) {
			s.fail("%s: %s has seen the events up to %d, and there are %d", r, c.name, v.last, len(r.durable))
		}
	}
	if next := r.model.Next(); next != (game.ID{}) && (s.records[next] == nil || len(s.records[next].durable) == 0) {
		s.fail("%s: the rematch was never made", r)
	}
}

package simulation

import "time"

// step lets one thing happen.
func (s *sim) step() {
	s.steps++
	p := s.process
	switch n := s.random.IntN(1000); {
	case n < 330:
		pick(s, s.clients).act()
	case n < 600:
		s.network()
	case n < 780:
		if waiting := len(p.store.Pending()); waiting > 0 {
			s.carryOut(p, s.random.IntN(waiting))
		}
	case n < 840:
		p.line.hurry()
	case n < 962:
		s.pass(s.upTo(300 * time.Millisecond))
	case n < 970:
		s.while(s.upTo(6 * time.Second))
	case n < 974:
		d := s.upTo(4 * time.Second)
		if s.chance(4) {
			d = s.upTo(5 * time.Minute)
		}
		s.note(Stalls, "the process stands still for %v", d)
		s.stall(d)
	case n < 976:
		s.crash()
	case n < 977:
		s.drain()
	default:
		s.haunt()
	}
}

// network lets one thing happen between the clients and the server.
func (s *sim) network() {
	var busy []*conn
	for _, n := range s.conns {
		if len(n.up)+len(n.down)+len(n.session.inbox) > 0 || n.clientGone || n.serverGone {
			busy = append(busy, n)
		}
	}
	if len(busy) == 0 {
		return
	}
	n := pick(s, busy)
	for range 1 + s.random.IntN(8) {
		if !s.chance(3) {
			n.deliverUp()
		}
		if !s.chance(3) {
			n.session.decide()
		}
		if !s.chance(3) {
			n.deliverDown()
		}
	}
	s.sweep()
}

// while lets a longer time go by in which the store does what it can, and the clients nothing.
func (s *sim) while(d time.Duration) {
	s.tell("%v go by", d)
	for until := s.now.Add(d); s.now.Before(until) && s.violation == nil && !s.process.lost(); {
		s.pass(s.upTo(250*time.Millisecond) + time.Millisecond)
		if waiting := len(s.process.store.Pending()); waiting > 0 && s.chance(2) {
			s.carryOut(s.process, s.random.IntN(waiting))
		}
	}
}

package gateway

import (
	"context"
	"time"
)

// firstPing is how soon after hello the round trip is measured for the first time.
const firstPing = 200 * time.Millisecond

// beat pings the client, and again after every heartbeat. A client that does not answer for as long is gone. The round
// trip is what lag compensation goes by: it is measured by the server, and cannot be made up by more than a quota.
//
// It runs on a timer and not on a goroutine of its own, because most of the connections are idle most of the time.
func (s *session) beat() {
	ctx, cancel := context.WithTimeout(context.Background(), s.server.config.Heartbeat)
	defer cancel()
	sent := time.Now()
	if err := s.conn.Ping(ctx); err != nil {
		_ = s.out.socket.Close()
		return
	}
	took := time.Since(sent)
	s.roundTrip.Store(int64(took))
	s.server.metrics.roundTrip.Observe(took.Seconds())
	s.rearm(s.server.config.Heartbeat)
}

// rearm sets the heartbeat.
func (s *session) rearm(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
	case s.pulse == nil:
		s.pulse = time.AfterFunc(d, s.beat)
	default:
		s.pulse.Reset(d)
	}
}

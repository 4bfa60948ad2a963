package crashtest

import (
	"context"
	"sync"
	"time"
)

// standstill measures how long it takes after a kill until each game that was in flight goes on: until a move is acknowledged
// that was sent after it. Players move without thinking as long as theirs has not.
type standstill struct {
	mu     sync.Mutex
	flying map[*match]struct{} // games in which moves are made
	open   map[*match]struct{} // of those in flight at the kill that is measured, the ones that have not gone on
	since  time.Time           // that kill
	last   time.Time           // when the last one did
	hurry  chan struct{}       // closed, and replaced, at a kill
	done   chan struct{}       // closed when open is empty
}

func newStandstill() *standstill {
	return &standstill{flying: make(map[*match]struct{}), hurry: make(chan struct{})}
}

// enter and leave tell that moves are made in a game, and that they are not any more.
func (s *standstill) enter(m *match) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying[m] = struct{}{}
}

func (s *standstill) leave(m *match) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flying, m)
	s.close(m)
}

// moved tells that a move was acknowledged which was sent at that time.
func (s *standstill) moved(m *match, sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, is := s.open[m]; is && sent.After(s.since) {
		s.last = time.Now()
		s.close(m)
	}
}

// close takes a game as one that goes on, or has ended. Requires: s.mu is held.
func (s *standstill) close(m *match) {
	if _, is := s.open[m]; !is {
		return
	}
	if delete(s.open, m); len(s.open) == 0 {
		close(s.done)
	}
}

// think is a channel on which to wait while a player of the game thinks: it is closed at the next kill. Nil: he must not think.
func (s *standstill) think(m *match) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, is := s.open[m]; is {
		return nil
	}
	return s.hurry
}

// begin begins to measure from a kill on.
func (s *standstill) begin(since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since, s.last, s.done, s.open = since, since, make(chan struct{}), make(map[*match]struct{})
	for m := range s.flying {
		s.open[m] = struct{}{}
	}
	if len(s.open) == 0 {
		close(s.done)
	}
	close(s.hurry)
	s.hurry = make(chan struct{})
}

// inFlight are the games in which moves are made.
func (s *standstill) inFlight() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	games := make([]string, 0, len(s.flying))
	for m := range s.flying {
		games = append(games, m.id)
	}
	return games
}

// standstillMax is how long a game may stand still after a kill before the next one comes all the same.
const standstillMax = time.Minute

// end waits until all games have gone on, and returns after how long the last did, and how many have not.
func (s *standstill) end(ctx context.Context) (longest time.Duration, stuck int) {
	ctx, cancel := context.WithTimeout(ctx, standstillMax)
	defer cancel()
	select {
	case <-s.done:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stuck, s.open = len(s.open), nil
	return s.last.Sub(s.since), stuck
}

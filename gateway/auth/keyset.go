package auth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"
)

// retryMin and retryMax bound the wait after a fetch that failed. It doubles from one to the other.
const (
	retryMin = time.Second
	retryMax = time.Minute
)

// keySet holds the keys of a JWKS URL: the last good set that was fetched. One goroutine fetches, in intervals and when a
// token names a key that is not in the set.
//
// Package keyfunc reads a set and picks the key; fetching is done here, not by it, because what it has for that has no
// bound on the answer, cannot be waited for at the end, takes an empty answer for a set, lets one unreadable key spoil
// all, and with many tokens of a new kid at once lets one pass and refuses the others instead of having them wait.
type keySet struct {
	// Set at start, never changed.
	url      string
	client   *http.Client
	interval time.Duration
	unknown  time.Duration
	timeout  time.Duration
	now      func() time.Time
	log      zerolog.Logger
	asked    chan struct{} // asks the goroutine for a fetch
	closed   chan struct{} // when the goroutine has ended
	stop     context.CancelFunc

	current atomic.Pointer[publishedKeys] // nil until the first good answer

	mu      sync.Mutex
	pending chan struct{} // closed when the fetch that is asked for or under way has ended; nil for none
	began   time.Time     // of the last fetch
	failed  int           // fetches since the last good one
}

func newKeySet(config Config, now func() time.Time, transport http.RoundTripper, log zerolog.Logger) *keySet {
	return &keySet{
		url: config.JWKSURL, client: newClient(transport),
		interval: config.JWKSRefresh, unknown: config.JWKSUnknown, timeout: config.JWKSTimeout, now: now, log: log,
		asked: make(chan struct{}, 1), closed: make(chan struct{}), stop: func() {},
	}
}

// start fetches once, and then in the background. It fails only if ctx ends.
func (s *keySet) start(ctx context.Context) error {
	s.fetch(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// Not a child of ctx, which is about starting.
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	go s.run(background)
	return nil
}

// close ends the goroutine and waits for that. Requires that start has returned nil.
func (s *keySet) close() {
	s.stop()
	<-s.closed
}

func (s *keySet) run(ctx context.Context) {
	defer close(s.closed)
	timer := time.NewTimer(s.wait())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.asked:
		}
		s.fetch(ctx)
		timer.Reset(s.wait())
	}
}

// wait is the time to the next fetch, give or take a tenth, so that the nodes of a cluster do not ask all at once.
func (s *keySet) wait() time.Duration {
	s.mu.Lock()
	failed := s.failed
	s.mu.Unlock()
	wait := s.interval
	if failed > 0 {
		wait = min(retryMin<<min(failed-1, 10), retryMax, s.interval)
	}
	return wait - wait/10 + rand.N(wait/5+1)
}

// fetch replaces the set if the URL has a good one.
func (s *keySet) fetch(ctx context.Context) {
	s.mu.Lock()
	if s.pending == nil {
		s.pending = make(chan struct{})
	}
	select { // whoever asked is served by this one
	case <-s.asked:
	default:
	}
	s.began = s.now()
	s.mu.Unlock()

	timed, cancel := context.WithTimeout(ctx, s.timeout)
	got, err := download(timed, s.client, s.url)
	if err != nil && timed.Err() != nil {
		err = fmt.Errorf("no whole answer within %v", s.timeout)
	}
	cancel()

	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.pending)
	s.pending = nil
	if err != nil {
		s.failed++
		if ctx.Err() == nil {
			s.logFailure(err)
		}
		return
	}
	old := s.current.Swap(got)
	if old == nil || s.failed > 0 || !old.same(got) {
		got.log(s.log)
	}
	s.failed = 0
}

func (s *keySet) logFailure(err error) {
	event := s.log.Warn().Err(err).Str("host", hostOf(s.url)).Int("failed", s.failed)
	if s.current.Load() == nil {
		event.Msg("key set not fetched: until it is, tokens of its keys are refused as not checkable")
		return
	}
	event.Msg("key set not fetched: the last good one is used on")
}

// candidates finds the keys of the set that may have signed a token with that kid, empty for none. If there is none it
// asks for a fetch and waits for it; at most one in JWKSUnknown is made, and after that tokens with an unknown kid are
// refused at once. away says that the issuer may have other keys, and did not answer. It fails only when ctx ends.
func (s *keySet) candidates(ctx context.Context, token *jwt.Token, id string) (found []jwt.VerificationKey, away bool, err error) {
	if set := s.current.Load(); set != nil {
		if found = set.find(token, id); id == "" || len(found) > 0 {
			return found, false, nil
		}
	}
	if err := s.refresh(ctx); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	away = s.failed > 0
	s.mu.Unlock()
	if set := s.current.Load(); set != nil {
		found = set.find(token, id)
	}
	return found, away, nil
}

// refresh waits for a fetch: the one under way, or a new one if the last is long enough ago.
func (s *keySet) refresh(ctx context.Context) error {
	s.mu.Lock()
	if s.pending == nil {
		if since := s.now().Sub(s.began); since >= 0 && since < s.unknown {
			s.mu.Unlock()
			return nil
		}
		s.pending = make(chan struct{})
		s.asked <- struct{}{} // never full: only filled here, when nothing is pending, and emptied before nothing is
	}
	ended := s.pending
	s.mu.Unlock()
	select {
	case <-ended:
	case <-s.closed:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

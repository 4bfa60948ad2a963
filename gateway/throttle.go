package gateway

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// throttle holds each address to a rate of HTTP requests, handshakes among them. It remembers an address for one to two
// generations of at most throttleAddresses each; whoever is forgotten starts with a full burst, which is no more than what
// the time away would have given.
type throttle struct {
	rate  rate.Limit
	burst int

	mu       sync.Mutex
	now, old map[string]*rate.Limiter
	turned   time.Time
}

const (
	throttleAddresses  = 1 << 15
	throttleGeneration = time.Minute
)

func newThrottle(perSecond float64, burst int) *throttle {
	return &throttle{rate: rate.Limit(perSecond), burst: burst, now: make(map[string]*rate.Limiter)}
}

// allow takes one request of the address at time at, or tells how long it should wait before the next.
func (t *throttle) allow(address string, at time.Time) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.now) >= throttleAddresses || at.Sub(t.turned) > throttleGeneration {
		t.old, t.now, t.turned = t.now, make(map[string]*rate.Limiter), at
	}
	limiter := t.now[address]
	if limiter == nil {
		if limiter = t.old[address]; limiter == nil {
			limiter = rate.NewLimiter(t.rate, t.burst)
		}
		t.now[address] = limiter
	}
	if limiter.AllowN(at, 1) {
		return 0, true
	}
	return time.Duration(float64(time.Second) / float64(t.rate)), false
}

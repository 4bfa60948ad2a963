package link

import (
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
)

// quiet keeps strangers, and nodes that try for ever, from filling the log: ten warnings at once, one each five seconds later.
type quiet struct {
	limiter *rate.Limiter
}

func newQuiet() *quiet { return &quiet{limiter: rate.NewLimiter(0.2, 10)} }

// warn lets write fill in a warning, if it is time for one.
func (q *quiet) warn(logger zerolog.Logger, write func(*zerolog.Event)) {
	if q.limiter.Allow() {
		write(logger.Warn())
	}
}

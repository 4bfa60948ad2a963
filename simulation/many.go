package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Config says which seeds are simulated.
type Config struct {
	From     uint64 // the first seed
	Seeds    uint64 // how many
	Parallel int    // side by side; each simulation has one goroutine
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	if c.Seeds == 0 {
		faults = append(faults, errors.New("simulation: no seeds, want at least one"))
	}
	if c.From+c.Seeds < c.From {
		faults = append(faults, fmt.Errorf("simulation: %d seeds from %d on are more than there are", c.Seeds, c.From))
	}
	if c.Parallel < 1 {
		faults = append(faults, fmt.Errorf("simulation: %d side by side, want at least one", c.Parallel))
	}
	return errors.Join(faults...)
}

// Many simulates the seeds and returns what was tried. It blocks, and ends at the first seed that shows something to be wrong,
// with a *Violation, or with the cause of ctx. With several side by side, which of several bad seeds is reported is not
// certain; each of them alone always does the same.
func Many(ctx context.Context, config Config) (Counts, error) {
	if err := config.Validate(); err != nil {
		return Counts{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next atomic.Uint64
		mu   sync.Mutex
		sum  Counts
		all  sync.WaitGroup
	)
	for range config.Parallel {
		all.Go(func() {
			for ctx.Err() == nil {
				n := next.Add(1) - 1
				if n >= config.Seeds {
					return
				}
				counts, err := One(config.From+n, nil)
				mu.Lock()
				sum.Add(counts)
				mu.Unlock()
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return sum, context.Cause(ctx)
}

// Summary is a report on what was tried in that time.
func Summary(counts Counts, took time.Duration) string {
	return fmt.Sprintf("%s\n%d seeds in %v: %.0f a second\n", counts.lines(), counts[Seeds], took.Round(time.Millisecond),
		float64(counts[Seeds])/took.Seconds())
}

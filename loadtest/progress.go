package loadtest

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells how far a run is: with a bar on a terminal, otherwise with a line now and then.
type progress struct {
	out   io.Writer // nil: nobody is told
	bar   *progressbar.ProgressBar
	total int
	done  int
	told  time.Time
}

// lineEvery is the time between two lines.
const lineEvery = 5 * time.Second

func newProgress(config Config, total int) *progress {
	p := &progress{out: config.Progress, total: total, told: time.Now()}
	if p.out != nil && config.Bar {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription("games"),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	return p
}

// step notes one more game.
func (p *progress) step(moves int64, wrong int) {
	p.done++
	switch {
	case p.out == nil:
	case p.bar != nil:
		_ = p.bar.Add(1)
	case time.Since(p.told) >= lineEvery:
		p.told = time.Now()
		fmt.Fprintf(p.out, "%d of %d games, %d moves, %d wrong\n", p.done, p.total, moves, wrong)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

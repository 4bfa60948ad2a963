package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/plywire/plywire/simulation"
)

// simulateCommand are the flags of plywire simulate.
type simulateCommand struct {
	Seeds    uint64  `help:"How many seeds to simulate." default:"1000"`
	From     uint64  `help:"The first of them." default:"1"`
	Parallel int     `help:"How many at a time; 0 for one a processor."`
	Seed     *uint64 `help:"Simulate this seed alone." placeholder:"N"`
	Trace    bool    `help:"With --seed: print everything that happens."`
}

// Run simulates. It fails at the first seed that shows something to be wrong.
func (c *simulateCommand) Run(ctx context.Context) error {
	began := time.Now()
	if c.Seed != nil {
		var trace io.Writer
		if c.Trace {
			trace = os.Stdout
		}
		counts, err := simulation.One(*c.Seed, trace)
		fmt.Print(simulation.Summary(counts, time.Since(began)))
		return err
	}
	if c.Trace {
		return errors.New("--trace prints what happens in one seed: say which with --seed")
	}
	config := simulation.Config{From: c.From, Seeds: c.Seeds, Parallel: c.Parallel}
	if config.Parallel == 0 {
		config.Parallel = runtime.GOMAXPROCS(0)
	}
	counts, err := simulation.Many(ctx, config)
	fmt.Print(simulation.Summary(counts, time.Since(began)))
	return err
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/plywire/plywire/loadtest/crashtest"
)

// crashCommand are the flags of plywire crashtest. Those that plywire serve has, too, do not come from the environment, where
// they are meant for that one.
type crashCommand struct {
	Nodes      int           `help:"Servers; more than one are a cluster, with a redis-server of its own, which has to be installed." default:"1"`
	Kills      int           `help:"Times that the server is killed; with several nodes: times that an owner is killed, frozen or told to leave." default:"200"`
	RedisKills int           `help:"Times that Redis is killed under several nodes. Default: one for five of --kills." default:"-1"`
	Lease      time.Duration `help:"The lease of several nodes." default:"3s" env:"-"`
	Games      int           `help:"Games in flight at a time." default:"100"`
	Seed       uint64        `help:"Seed of the kills, the games, and what the players do." default:"1"`
	PGN        []string      `help:"PGN file to take the games from. Repeatable. Default: legal moves by chance." name:"pgn" type:"existingfile" placeholder:"FILE"`
	Rate       float64       `help:"Moves a second over all games, about." default:"400" env:"-"`
	Data       string        `help:"Folder for the server, which is left there. Default: one that is removed if nothing was wrong." type:"path" env:"-" placeholder:"FOLDER"`
	Serve      string        `help:"More flags for plywire serve, separated by spaces." env:"-" placeholder:"FLAGS"`
	Timeout    time.Duration `help:"Time for everything." default:"15m" env:"-"`
	JSON       bool          `help:"Print the result as JSON." name:"json"`
}

// Run kills. It fails if anything was not right.
func (c *crashCommand) Run(ctx context.Context) error {
	config := crashtest.DefaultConfig()
	config.Kills, config.Games, config.Seed, config.Files, config.Rate = c.Kills, c.Games, c.Seed, c.PGN, c.Rate
	config.Nodes, config.Lease, config.RedisKills = c.Nodes, c.Lease, c.RedisKills
	if c.RedisKills < 0 && c.Nodes > 1 {
		config.RedisKills = (c.Kills + 4) / 5
	}
	config.RedisKills = max(config.RedisKills, 0)
	config.Serve = strings.Fields(c.Serve)
	config.Folder, config.Timeout, config.Progress = c.Data, c.Timeout, os.Stderr
	report, err := crashtest.Run(ctx, config)
	if report.Wanted > 0 { // it has begun
		if c.JSON {
			out := json.NewEncoder(os.Stdout)
			out.SetIndent("", "  ")
			err = errors.Join(err, out.Encode(report))
		} else {
			fmt.Print(report)
		}
	}
	return errors.Join(err, report.Err())
}

// Command plywire is the game server, and the tools that prove it. "plywire" alone serves; "plywire help" tells the rest.
//
// It must hold no logic: it reads flags, the environment and a file, and hands them to the rooms.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker in a release.
var version = ""

// commandLine is everything that can be said to the binary.
type commandLine struct {
	Config kong.ConfigFlag `help:"Read flags from this JSON file; the command line and the environment go before it." placeholder:"FILE"`

	Serve   serveCommand    `cmd:"" default:"withargs" help:"Serve games (the default)."`
	Admin   adminCommand    `cmd:"" help:"Look at a cluster, move its shards, drain its nodes."`
	Replay  replayCommand   `cmd:"" help:"Play the games of PGN files over real connections and check everything."`
	Crash   crashCommand    `cmd:"" name:"crashtest" help:"Kill a server in the middle of games, again and again, and check that nothing is lost, doubled or charged."`
	Sim     simulateCommand `cmd:"" name:"simulate" help:"Run a whole node out of seeds, with all that can go wrong, and check every invariant at every step."`
	Bench   benchCommand    `cmd:"" help:"Measure this server on this machine, beside a bare relay."`
	Relay   relayCommand    `cmd:"" name:"bench-relay" hidden:"" help:"The bare relay that plywire bench measures beside the server."`
	Version versionCommand  `cmd:"" help:"Print the version."`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "plywire:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var line commandLine
	parser := kong.Parse(&line, append(options(), kong.BindTo(ctx, (*context.Context)(nil)))...)
	if err := parser.Run(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// options say how the command line is read.
func options() []kong.Option {
	return []kong.Option{
		kong.Name("plywire"),
		kong.Description("A realtime server for turn-based games. Every flag is also an environment variable: --listen is PLYWIRE_LISTEN."),
		kong.UsageOnError(),
		kong.DefaultEnvars("PLYWIRE"),
		kong.Configuration(readFlags),
	}
}

type versionCommand struct{}

// Run prints the version, or of what commit the binary was built.
func (versionCommand) Run() error {
	fmt.Println("plywire", versionText())
	return nil
}

func versionText() string {
	if version != "" {
		return version
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				return "development " + setting.Value[:min(12, len(setting.Value))]
			}
		}
	}
	return "development"
}

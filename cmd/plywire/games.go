package main

import (
	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/connectfour"
	"github.com/plywire/plywire/game/nim"
	"github.com/plywire/plywire/game/rps"
)

// registry is the rules that this server plays. A game of your own is one more entry.
var registry = game.NewRegistry(chess.Rules{}, connectfour.Rules{}, rps.Rules{}, nim.Rules{})

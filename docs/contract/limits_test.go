package contract

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// TestPageLimits holds the table of limits against the configurations and constants that they come from.
func TestPageLimits(t *testing.T) {
	g, a, tab := gateway.DefaultConfig(), auth.DefaultConfig(), table.DefaultConfig()
	number := func(n int) string { return thousands(int64(n)) }
	want := map[string]string{
		"frame before `hello`":                          number(int(g.HelloBytes)) + " bytes",
		"frame after it":                                number(int(g.MessageBytes)) + " bytes",
		"body of an HTTP request":                       number(int(g.MessageBytes)) + " bytes",
		"time until `hello`":                            g.HelloTimeout.String(),
		"answer to the server's ping":                   g.Heartbeat.String(),
		"messages of one connection":                    fmt.Sprintf("%v a second, %d at once", g.Rate, g.Burst),
		"a `create` counts as":                          fmt.Sprintf("%d messages", g.CreateCost),
		"bytes waiting to be read by one connection":    number(g.OutboundBytes),
		"HTTP requests and handshakes of one address":   fmt.Sprintf("%v a second, %d at once", g.HTTPRate, g.HTTPBurst),
		"connections of one address":                    number(g.ConnectionsPerIP),
		"WebSocket handshakes of all":                   number(gateway.HandshakesPerCPU) + " a second for each CPU of the server",
		"games that one connection watches":             number(g.GamesPerSession),
		"games in one `hello`":                          number(wire.GamesMax),
		"events sent one by one to who has missed them": number(tab.ResumeMax),
		"long poll":        g.LongPollMax.String(),
		"answer over HTTP": "10s",
		"time for clients to go when the node leaves": g.DrainWithin.String(),
		"`id`":                               number(wire.IDCharsMax) + " characters",
		"`text`":                             number(wire.TextCharsMax) + " characters",
		"`move`":                             number(game.MoveBytesMax) + " bytes",
		"`options`":                          number(game.OptionsBytesMax) + " bytes",
		"`initial_ms`":                       thousands(game.ClockInitialMax.Milliseconds()) + " (two weeks)",
		"`increment_ms` and `delay_ms`":      thousands(game.ClockIncrementMax.Milliseconds()) + " (an hour)",
		"time for a first move with a clock": time.Second.String() + " at least",
		"seats of a game":                    number(game.SeatsMax),
		"wait for players":                   game.WaitingMax.String(),
		"being away before the opponent can claim": tab.Grace.String(),
		"events of a game":                         number(game.EventsMax),
		"an ended game is kept for":                tab.Retention.String(),
		"a `resume` is good for":                   a.ResumeTTL.String(),
		"token":                                    number(a.TokenBytesMax) + " bytes",
	}
	tables := readPage(t).in(t, "Limits")[0].named("what")
	found := make(map[string]bool)
	for _, each := range tables {
		for _, row := range each.rows {
			found[row[0]] = true
			if limit, is := want[row[0]]; !is || row[1] != limit {
				t.Errorf("protocol.md says of %q: %s, want %q", row[0], row[1], limit)
			}
		}
	}
	for what := range want {
		if !found[what] {
			t.Errorf("protocol.md does not tell the limit of %q", what)
		}
	}
	if g.Patience != 100 || a.Leeway != 30*time.Second || !a.Guests {
		t.Error("protocol.md tells of 100 refusals in a row, of 30 s for clocks that differ, and of guests")
	}
}

// TestPageNumbers holds what the text says in passing against constants that are not exported.
func TestPageNumbers(t *testing.T) {
	for _, each := range []struct{ room, constant, value string }{
		{"gateway", "askTimeout", "10 * time.Second"},
		{"gateway", "firstPing", "200 * time.Millisecond"},
		{"gateway", "countDelay", "time.Second"},
		{"gateway", "pollLinger", "5 * time.Second"},
		{"gateway", "unavailableRetry", "250 * time.Millisecond"},
		{"game", "lagQuotaMax", "time.Second"},
		{"game", "lagQuotaGain", "200 * time.Millisecond"},
		{"game", "thawLeft", "10 * time.Second"},
	} {
		if got := expression(t, each.room, each.constant); got != each.value {
			t.Errorf("%s of %s is %q; protocol.md was written for %s", each.constant, each.room, got, each.value)
		}
	}
}

// expression is how a constant is written in the source.
func expression(t *testing.T, room, name string) (text string) {
	t.Helper()
	for _, file := range parse(t, room) {
		for _, declaration := range file.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				for i, each := range value.Names {
					if each.Name == name && i < len(value.Values) {
						text = types.ExprString(value.Values[i])
					}
				}
			}
		}
	}
	return text
}

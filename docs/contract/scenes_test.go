package contract

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// scene is a script that is played on a stage of its own.
type scene struct {
	name   string // of the transcript
	about  string // what it shows
	change func(*settings)
	play   func(*stage)
}

var scenes = []scene{
	{"first_game", "A whole game between two guests.", nil, firstGame},
	{"chess_draw", "A short game of chess: moves on the clock, a draw offered, declined, offered again and accepted, and a rematch.", nil, chessDraw},
	{"hidden_moves", "Rock-paper-scissors, as both players and a watcher see it. A hidden move is null.", nil, hiddenMoves},
	{"resume", "A connection is lost in the middle of a game, and the client goes on where it was.", nil, resume},
	{"bad_input", "What the server says to what it cannot use.", nil, badInput},
	{"seats", "Who gets a seat, and who does not.", nil, seats},
	{"offers", "Offers: take-backs, withdrawals, limits.", nil, offers},
	{"clocks", "Increment and delay, a move that comes too late, and a flag that falls.", nil, clocks},
	{"claims", "Endings that a player claims.", nil, claims},
	{"around", "Presence, the number of watchers, and chat.", nil, around},
	{"restart", "The node is leaving, stops, and comes back.", nil, restart},
	{"test_clock", "A server with a test clock, on which tests make time pass.", withTestClock, testClock},
	{"http", "The HTTP API.", nil, httpTour},
	{"http_refused", "What the HTTP API refuses.", nil, httpRefused},
	{"pages", "Browsers' pages of other origins, on a server with --origin https://app.example.com.", withOrigin, pages},
	{"strangers", "Who is not let in.", withFarKeys, strangers},
	{"limits", "Limits of rate, size and number.", withTightLimits, limits},
	{"broken_rules", "Rules that fail.", nil, brokenRules},
}

// TestScenes plays the scenes, and then looks whether they have shown everything that there is.
func TestScenes(t *testing.T) {
	docs := loadDocuments(t)
	seen := newCoverage()
	played := 0
	for _, each := range scenes {
		t.Run(each.name, func(t *testing.T) {
			played++
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, docs, seen, each.change)
				s.script.note(each.about)
				each.play(s)
				s.settle()
				s.script.compare(t, each.name)
			})
		})
	}
	t.Run("page", showTranscript)
	if played < len(scenes) || t.Failed() {
		t.Logf("%d of %d scenes were played: what they have shown is not looked at", played, len(scenes))
		return
	}
	seen.check(t, docs)
}

// create has an actor make a game of a kind and watch it; more is any other fields.
func (a *actor) create(id, rules, more string) {
	a.stage.t.Helper()
	a.says(fmt.Sprintf(`{"type":"create","id":%q,"rules":%q%s}`, id, rules, more))
}

// commands says a command about the first game on the stage; more is its other fields.
func (a *actor) commands(kind, id, more string) {
	a.stage.t.Helper()
	a.says(fmt.Sprintf(`{"type":%q,"id":%q,"game":"<game 1>"%s}`, kind, id, more))
}

// moves plays a move of the first game.
func (a *actor) moves(id string, ply int, move string) {
	a.stage.t.Helper()
	a.commands("move", id, fmt.Sprintf(`,"ply":%d,"move":%q`, ply, move))
}

// seatedAt is ann and ben at the first game, which she has made.
func (s *stage) seatedAt(rules, more string) (ann, ben *actor) {
	s.t.Helper()
	ann, ben = s.actor("ann"), s.actor("ben")
	ann.enters()
	ann.create("create", rules, more)
	ben.enters()
	ben.commands("join", "join", "")
	return ann, ben
}

// play has two players make moves by turns, from ply on.
func play(first, second *actor, ply int, moves string) {
	first.stage.t.Helper()
	players := []*actor{first, second}
	for i, move := range strings.Fields(moves) {
		players[i%2].moves(fmt.Sprintf("ply %d", ply+i), ply+i, move)
	}
}

const (
	threeMinutes = `,"clock":{"initial_ms":180000,"increment_ms":2000,"delay_ms":0}`
	nobody       = "00000000-0000-8000-8000-000000000000" // no game has that id
)

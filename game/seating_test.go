package game_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
)

// TestCreate creates games in all ways, and gives the seats of who has one.
func TestCreate(t *testing.T) {
	nim := game.Terms{Rules: "nim"}
	terms := func(change func(*game.Terms)) game.Terms {
		terms := nim
		change(&terms)
		return terms
	}
	clock := func(c game.Clock) game.Terms { return terms(func(t *game.Terms) { t.Clock = c }) }
	toy := func(options string) game.Terms { return game.Terms{Rules: "toy", Options: options} }
	long := strings.Repeat("i", game.IDBytesMax+1)
	tests := map[string]struct {
		user   game.User
		create *game.Create
		want   error // or
		seats  string
	}{
		"first seat":        {ann, &game.Create{Terms: nim, Seat: "first"}, nil, "ann -"},
		"second seat":       {ann, &game.Create{Terms: nim, Seat: "second"}, nil, "- ann"},
		"by chance, even":   {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Seed = 2<<32 | 1 }), Seat: "random"}, nil, "ann -"},
		"by chance, odd":    {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Seed = 3 << 32 }), Seat: "random"}, nil, "- ann"},
		"not said, odd":     {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Seed = 3 << 32 })}, nil, "- ann"},
		"no such seat":      {ann, &game.Create{Terms: nim, Seat: "white"}, game.ErrBadTerms, ""},
		"by nobody":         {game.User{}, &game.Create{Terms: nim}, game.ErrForbidden, ""},
		"no terms":          {ann, nil, game.ErrBadTerms, ""},
		"unknown rules":     {ann, &game.Create{Terms: game.Terms{Rules: "go"}}, game.ErrUnknownRules, ""},
		"no rules":          {ann, &game.Create{}, game.ErrBadTerms, ""},
		"bad options":       {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Options = `{"heaps":[]}` })}, game.ErrBadTerms, ""},
		"options":           {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Options = `{"heaps":[9]}` }), Seat: "first"}, nil, "ann -"},
		"options not JSON":  {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Options = `{"heaps":[9]` })}, game.ErrBadTerms, ""},
		"options not UTF-8": {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Options = "{\"heaps\":[9],\"\xff\":1}" })}, game.ErrBadTerms, ""},
		"long options":      {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Options = "{" + strings.Repeat(" ", game.OptionsBytesMax) })}, game.ErrBadTerms, ""},
		"longest options":   {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Options = "{}" + strings.Repeat(" ", game.OptionsBytesMax-2) }), Seat: "first"}, nil, "ann -"},

		"opponent":           {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Opponent = "bob" }), Seat: "second"}, nil, "- ann"},
		"against oneself":    {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Opponent = "ann" })}, game.ErrBadTerms, ""},
		"opponent of two":    {ann, &game.Create{Terms: game.Terms{Rules: "toy", Options: `{"seats":3}`, Opponent: "bob"}}, game.ErrBadTerms, ""},
		"opponent's long id": {ann, &game.Create{Terms: terms(func(t *game.Terms) { t.Opponent = long })}, game.ErrBadTerms, ""},
		"long id":            {game.User{ID: long}, &game.Create{Terms: nim}, game.ErrForbidden, ""},
		"long name":          {game.User{ID: "ann", Name: long}, &game.Create{Terms: nim}, game.ErrForbidden, ""},
		"longest name":       {game.User{ID: "ann", Name: long[1:]}, &game.Create{Terms: nim, Seat: "first"}, nil, "ann -"},

		"alone":               {ann, &game.Create{Terms: toy(`{"seats":1}`)}, nil, "ann"},
		"eight":               {ann, &game.Create{Terms: toy(`{"seats":8}`), Seat: "h"}, nil, "- - - - - - - ann"},
		"players":             {game.User{}, &game.Create{Terms: nim, Players: []game.User{bob, ann}}, nil, "bob ann"},
		"players, by another": {eve, &game.Create{Terms: nim, Players: []game.User{bob, ann}, Seat: "first"}, nil, "bob ann"},
		"too few players":     {ann, &game.Create{Terms: nim, Players: []game.User{bob}}, game.ErrBadTerms, ""},
		"no players":          {ann, &game.Create{Terms: nim, Players: []game.User{}}, game.ErrBadTerms, ""},
		"too many players":    {ann, &game.Create{Terms: nim, Players: []game.User{ann, bob, cid}}, game.ErrBadTerms, ""},
		"one player twice":    {ann, &game.Create{Terms: nim, Players: []game.User{bob, bob}}, game.ErrBadTerms, ""},
		"player is nobody":    {ann, &game.Create{Terms: nim, Players: []game.User{bob, {}}}, game.ErrBadTerms, ""},
		"player's long id":    {ann, &game.Create{Terms: nim, Players: []game.User{bob, {ID: long}}}, game.ErrBadTerms, ""},
		"player's long name":  {ann, &game.Create{Terms: nim, Players: []game.User{bob, {ID: "ann", Name: long}}}, game.ErrBadTerms, ""},

		"clock":                  {ann, &game.Create{Terms: clock(game.Clock{Initial: time.Minute, Increment: sec, Delay: sec}), Seat: "first"}, nil, "ann -"},
		"longest clock":          {ann, &game.Create{Terms: clock(game.Clock{Initial: game.ClockInitialMax, Increment: game.ClockIncrementMax, Delay: game.ClockIncrementMax}), Seat: "first"}, nil, "ann -"},
		"too long":               {ann, &game.Create{Terms: clock(game.Clock{Initial: game.ClockInitialMax + ms})}, game.ErrBadTerms, ""},
		"too long an increment":  {ann, &game.Create{Terms: clock(game.Clock{Initial: sec, Increment: game.ClockIncrementMax + ms})}, game.ErrBadTerms, ""},
		"too long a delay":       {ann, &game.Create{Terms: clock(game.Clock{Initial: sec, Delay: game.ClockIncrementMax + ms})}, game.ErrBadTerms, ""},
		"negative":               {ann, &game.Create{Terms: clock(game.Clock{Initial: -ms, Delay: time.Minute})}, game.ErrBadTerms, ""},
		"negative increment":     {ann, &game.Create{Terms: clock(game.Clock{Initial: time.Minute, Increment: -ms})}, game.ErrBadTerms, ""},
		"negative delay":         {ann, &game.Create{Terms: clock(game.Clock{Initial: time.Minute, Delay: -ms})}, game.ErrBadTerms, ""},
		"shortest clock":         {ann, &game.Create{Terms: clock(game.Clock{Initial: sec}), Seat: "first"}, nil, "ann -"},
		"shortest increment":     {ann, &game.Create{Terms: clock(game.Clock{Increment: sec}), Seat: "first"}, nil, "ann -"},
		"shortest delay":         {ann, &game.Create{Terms: clock(game.Clock{Delay: sec}), Seat: "first"}, nil, "ann -"},
		"shortest together":      {ann, &game.Create{Terms: clock(game.Clock{Initial: 400 * ms, Delay: 600 * ms}), Seat: "first"}, nil, "ann -"},
		"too short":              {ann, &game.Create{Terms: clock(game.Clock{Initial: sec - ms})}, game.ErrBadTerms, ""},
		"increment is too late":  {ann, &game.Create{Terms: clock(game.Clock{Initial: ms, Increment: 10 * sec})}, game.ErrBadTerms, ""},
		"parts of milliseconds":  {ann, &game.Create{Terms: clock(game.Clock{Initial: time.Minute + 1})}, game.ErrBadTerms, ""},
		"parts in the increment": {ann, &game.Create{Terms: clock(game.Clock{Initial: time.Minute, Increment: sec + ms/2})}, game.ErrBadTerms, ""},
		"parts in the delay":     {ann, &game.Create{Terms: clock(game.Clock{Initial: time.Minute, Delay: sec + ms/2})}, game.ErrBadTerms, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			cmd := game.Command{Kind: game.CommandCreate, User: test.user, ID: "c", Create: test.create}
			if test.want != nil {
				events, err := r.live.Decide(cmd, r.now)
				if !errors.Is(err, test.want) || len(events) > 0 {
					t.Fatalf("events %v, error %v, want %v", events, err, test.want)
				}
				if r.live.Status() != game.StatusNone || r.live.SeatNames() != nil || r.live.Show(game.NoSeat) != "" || r.live.Turn() != 0 {
					t.Fatal("there is a game all the same")
				}
				return
			}
			before := test.create.Terms
			r.must(cmd)
			if test.create.Terms.Opponent = "changed later"; r.live.Terms() != before || r.last().Kind == game.EventCreated && r.last().Terms.Opponent != before.Opponent {
				t.Errorf("terms %+v, want %+v", r.live.Terms(), before)
			}
			var seats []string
			for i := range r.live.SeatNames() {
				seats = append(seats, r.live.Player(game.Seat(i)).ID+map[bool]string{true: "-"}[r.live.Player(game.Seat(i)) == game.User{}])
			}
			if got := strings.Join(seats, " "); got != test.seats {
				t.Errorf("seats %q, want %q", got, test.seats)
			}
			wantStatus := game.StatusPlaying
			if slices.Contains(seats, "-") {
				wantStatus = game.StatusWaiting
			}
			if r.live.Status() != wantStatus {
				t.Errorf("%v, want %v", r.live.Status(), wantStatus)
			}
			if seq, known := r.live.Answer(test.user.ID, "c"); !known || seq != 1 {
				t.Errorf("the command is known %t as %d", known, seq)
			}
		})
	}
}

func TestJoin(t *testing.T) {
	reserved := game.Terms{Rules: "nim", Opponent: "bob"}
	tests := map[string]struct {
		terms game.Terms
		user  game.User
		seat  string
		want  error // or
		got   game.Seat
	}{
		"any seat":           {game.Terms{Rules: "nim"}, bob, "", nil, 1},
		"by chance":          {game.Terms{Rules: "nim"}, bob, "random", nil, 1},
		"by name":            {game.Terms{Rules: "nim"}, bob, "second", nil, 1},
		"taken":              {game.Terms{Rules: "nim"}, bob, "first", game.ErrSeatTaken, 0},
		"no such seat":       {game.Terms{Rules: "nim"}, bob, "black", game.ErrSeatTaken, 0},
		"seated":             {game.Terms{Rules: "nim"}, ann, "second", game.ErrAlreadySeated, 0},
		"reserved":           {reserved, bob, "", nil, 1},
		"reserved for other": {reserved, eve, "", game.ErrForbidden, 0},
		"nobody":             {game.Terms{Rules: "nim"}, game.User{Name: "Bob"}, "", game.ErrForbidden, 0},
		"third of three":     {game.Terms{Rules: "toy", Options: `{"seats":3}`}, bob, "c", nil, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := waiting(t, test.terms)
			cmd := game.Command{Kind: game.CommandJoin, User: test.user, Seat: test.seat}
			if test.want != nil {
				r.refused(cmd, test.want)
				return
			}
			ev := r.must(cmd)[0]
			if ev.Seat != test.got || ev.Player != test.user || r.live.SeatOf(test.user.ID) != test.got || r.live.Player(test.got) != test.user {
				t.Errorf("%+v", ev)
			}
		})
	}
}

// A game of three starts when the third has come.
func TestGameStartsWhenItIsFull(t *testing.T) {
	r := waiting(t, game.Terms{Rules: "toy", Options: `{"seats":3}`, Clock: game.Clock{Initial: time.Minute}})
	if got := names(r.must(game.Command{Kind: game.CommandJoin, User: bob, Seat: "c"})); got != "joined" || r.live.Turn() != 0 {
		t.Fatal(got)
	}
	r.refused(game.Command{Kind: game.CommandMove, User: ann, Move: "pass"}, game.ErrGameNotStarted)
	if got := names(r.must(game.Command{Kind: game.CommandJoin, User: cid})); got != "joined started" || r.live.Turn() != game.SetOf(0) {
		t.Fatal(got)
	}
	r.wantClocks(r.last(), 60_000, 60_000, 60_000)
	if r.live.SeatOf("cid") != 1 {
		t.Errorf("cid has seat %d", r.live.SeatOf("cid"))
	}
}

func TestWhoHasWhichSeat(t *testing.T) {
	r := started(t, game.Terms{Rules: "nim"})
	if r.live.SeatOf("") != game.NoSeat || r.live.SeatOf("eve") != game.NoSeat || r.live.SeatOf("bob") != 1 {
		t.Error("SeatOf")
	}
	if r.live.Player(2) != (game.User{}) || r.live.Player(game.NoSeat) != (game.User{}) || r.live.Player(0) != ann {
		t.Error("Player")
	}
	none := game.New(game.ID{1}, registry)
	if none.Rules() != nil || none.Ply() != 0 || none.Seq() != 0 || none.Result() != nil || none.Hides() || none.ID() != (game.ID{1}) ||
		none.SeatOf("ann") != game.NoSeat || !none.Deadline().IsZero() || none.Moves() == nil {
		t.Error("a game before its first event")
	}
	if r.live.Rules().Name() != "nim" {
		t.Error("Rules")
	}
}

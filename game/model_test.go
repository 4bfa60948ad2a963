package game_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
)

// model says what a game should do, in the simplest way that I know: no log, no snapshot, whole milliseconds as numbers. It
// has a position of its own, which it asks what the rules say.
type model struct {
	terms   game.Terms
	rules   game.Rules
	pos     game.Position
	status  game.Status
	players []string
	history []played
	offers  []game.Pending
	offered map[string]bool // what, seat and ply of offers since the last takeback
	next    bool
	clocks  []seatClock
	madeAt  time.Time
	last    time.Time // of the last event
}

type played struct {
	seat game.Seat
	move game.Move
}

type seatClock struct {
	left, quota, lag int64
	turnPly          int
	turnAt, since    time.Time
	seen             bool
}

// verdict is what a command should come to.
type verdict struct {
	events string
	err    error
	clocks []int64 // of the last event
	result *game.Result
	ply    int // of taken_back
}

func refuse(err error) verdict { return verdict{err: err} }

func (m *model) clocked() bool { return m.terms.Clock != game.Clock{} }

func (m *model) seatOf(user string) game.Seat {
	if i := slices.Index(m.players, user); user != "" && i >= 0 {
		return game.Seat(i)
	}
	return game.NoSeat
}

func (m *model) turn() game.SeatSet {
	if m.status != game.StatusPlaying {
		return 0
	}
	return m.pos.Turn()
}

func (m *model) left() []int64 {
	if !m.clocked() || m.status != game.StatusPlaying {
		return nil
	}
	var left []int64
	for _, c := range m.clocks {
		left = append(left, c.left)
	}
	return left
}

// used is how long the seat has thought, less lag and delay, in whole milliseconds.
func (m *model) used(s game.Seat, at time.Time, measured time.Duration) int64 {
	c := m.clocks[s]
	if !c.seen || at.Before(c.since) {
		return 0
	}
	wait := at.Sub(c.since).Nanoseconds()
	lag := max(0, min(measured.Nanoseconds(), c.quota*1e6, wait)) / 1e6
	return max(0, wait-lag*1e6-m.terms.Clock.Delay.Nanoseconds()) / 1e6
}

// leftAt is what all seats have left, what runs counted in.
func (m *model) leftAt(at time.Time) []int64 {
	left := m.left()
	for s := range m.turn().All() {
		if left != nil {
			left[s] = max(0, left[s]-m.used(s, at, 0))
		}
	}
	return left
}

func (m *model) ends(events string, result game.Result, at time.Time) verdict {
	return verdict{events: events, result: &result, clocks: m.leftAt(at)}
}

func (m *model) lost(s game.Seat, reason game.Reason) game.Result {
	if len(m.players) == 2 {
		return game.Won(1-s, reason)
	}
	return game.Drawn(reason)
}

func (m *model) flagged(s game.Seat) game.Result {
	if flagger, ok := m.pos.(game.Flagger); ok {
		return flagger.Flagged(s)
	}
	return m.lost(s, game.ReasonTimeout)
}

// deadline is when the first clock runs out that can be seen to run, and whose it is.
func (m *model) deadline() (time.Time, game.Seat) {
	var first time.Time
	who := game.NoSeat
	for s := range m.turn().All() {
		c := m.clocks[s]
		falls := c.since.Add(m.terms.Clock.Delay + time.Duration(c.left+min(c.quota, c.lag+200))*ms)
		if !c.seen {
			falls = c.turnAt.Add(m.terms.Clock.Delay + time.Duration(c.left+min(c.quota, c.lag+200))*ms + time.Hour)
		}
		if who == game.NoSeat || falls.Before(first) {
			first, who = falls, s
		}
	}
	return first, who
}

// decide is what should come of the command.
func (m *model) decide(cmd game.Command, at time.Time) verdict {
	s := m.seatOf(cmd.User.ID)
	switch {
	case m.status == game.StatusNone && cmd.Kind != game.CommandCreate:
		return refuse(game.ErrNotFound)
	case cmd.Kind == game.CommandCreate && m.status != game.StatusNone:
		return refuse(game.ErrExists)
	case cmd.Kind == game.CommandTick:
		return m.tick(at)
	case cmd.Kind == game.CommandThaw:
		return m.thaw(cmd.Alive)
	case cmd.Kind == game.CommandJoin:
		return m.join(cmd)
	case s == game.NoSeat:
		return refuse(game.ErrNotSeated)
	case cmd.Kind == game.CommandOffer, cmd.Kind == game.CommandAccept, cmd.Kind == game.CommandDecline:
		return m.negotiate(s, cmd, at)
	case m.status == game.StatusEnded:
		return refuse(game.ErrGameOver)
	case cmd.Kind == game.CommandAbort:
		if m.status == game.StatusPlaying && !slices.ContainsFunc(m.allSeats(), func(s game.Seat) bool { return !m.hasMoved(s) }) {
			return refuse(game.ErrCannotAbort)
		}
		return m.ends("ended", game.Drawn(game.ReasonAborted), at)
	case m.status == game.StatusWaiting:
		return refuse(game.ErrGameNotStarted)
	case cmd.Kind == game.CommandResign:
		return m.ends("ended", m.lost(s, game.ReasonResignation), at)
	case cmd.Kind == game.CommandMove:
		return m.move(s, cmd, at)
	case cmd.Kind == game.CommandClaim:
		return m.claim(s, cmd, at)
	}
	return refuse(game.ErrForbidden)
}

func (m *model) allSeats() []game.Seat { return slices.Collect(game.FirstSeats(len(m.players)).All()) }

func (m *model) hasMoved(s game.Seat) bool {
	return slices.ContainsFunc(m.history, func(p played) bool { return p.seat == s })
}

func (m *model) tick(at time.Time) verdict {
	switch {
	case m.status == game.StatusWaiting && !at.Before(m.madeAt.Add(game.WaitingMax)):
		return m.ends("ended", game.Drawn(game.ReasonAborted), at)
	case m.status == game.StatusPlaying && m.clocked():
		deadline, s := m.deadline()
		switch {
		case at.Before(deadline):
		case !m.clocks[s].seen:
			return m.thaw(at)
		default:
			return m.ends("ended", m.flagged(s), at)
		}
	}
	return verdict{}
}

func (m *model) thaw(alive time.Time) verdict {
	left := m.left()
	if left == nil {
		return verdict{}
	}
	for s := range m.turn().All() {
		if !alive.IsZero() {
			left[s] = max(left[s]-m.used(s, alive, time.Duration(m.clocks[s].lag)*ms), min(left[s], 10_000))
		}
	}
	return verdict{events: "clock_adjusted", clocks: left}
}

func (m *model) join(cmd game.Command) verdict {
	switch {
	case m.seatOf(cmd.User.ID) != game.NoSeat:
		return refuse(game.ErrAlreadySeated)
	case m.status == game.StatusEnded:
		return refuse(game.ErrGameOver)
	case m.status == game.StatusPlaying:
		return refuse(game.ErrSeatTaken)
	case cmd.User.ID == "", m.terms.Opponent != "" && m.terms.Opponent != cmd.User.ID:
		return refuse(game.ErrForbidden)
	case cmd.Seat != "" && cmd.Seat != "random":
		if free := slices.Index(m.pos.Seats(), cmd.Seat); free < 0 || m.players[free] != "" {
			return refuse(game.ErrSeatTaken)
		}
	}
	vacant := 0
	for _, player := range m.players {
		if player == "" {
			vacant++
		}
	}
	if vacant > 1 {
		return verdict{events: "joined"}
	}
	return verdict{events: "joined started", clocks: m.initial()}
}

func (m *model) initial() []int64 {
	if !m.clocked() {
		return nil
	}
	c := m.terms.Clock
	if c.Initial == 0 {
		c.Initial = c.Increment
	}
	return slices.Repeat([]int64{c.Initial.Milliseconds()}, len(m.players))
}

func (m *model) negotiate(s game.Seat, cmd game.Command, at time.Time) verdict {
	what := game.Offer(cmd.What)
	i := slices.IndexFunc(m.offers, func(p game.Pending) bool { return p.Offer == what })
	key := fmt.Sprint(what, s, len(m.history))
	over := m.status == game.StatusEnded
	switch {
	case what != "draw" && what != "takeback" && what != "rematch":
		return refuse(game.ErrNoSuchOffer)
	case what == "rematch" && (!over || slices.Contains(m.players, "") || m.next):
		return refuse(game.ErrNoSuchOffer)
	case what != "rematch" && over:
		return refuse(game.ErrGameOver)
	case m.status == game.StatusWaiting:
		return refuse(game.ErrGameNotStarted)
	case cmd.Kind == game.CommandOffer && i < 0 && m.offered[key]:
		return refuse(game.ErrTooMany)
	case cmd.Kind == game.CommandOffer && i < 0 && what == "takeback":
		if _, err := m.takeback(s); err != nil {
			return refuse(err)
		}
	}
	switch {
	case cmd.Kind == game.CommandOffer && i < 0 && len(m.players) > 1:
		return verdict{events: "offered"}
	case cmd.Kind == game.CommandOffer && i < 0:
		return m.agreed(game.Pending{Seat: s, Offer: what}, at)
	case i < 0:
		return refuse(game.ErrNoSuchOffer)
	case cmd.Kind == game.CommandDecline:
		return verdict{events: "declined"}
	case m.offers[i].Seat == s && cmd.Kind == game.CommandOffer:
		return refuse(game.ErrTooMany)
	case m.offers[i].Seat == s, m.offers[i].Accepted.Has(s):
		return refuse(game.ErrNoSuchOffer)
	case m.offers[i].Accepted.With(s).Len() < len(m.players)-1:
		return verdict{events: "accepted"}
	}
	return m.agreed(m.offers[i], at)
}

func (m *model) agreed(offer game.Pending, at time.Time) verdict {
	switch offer.Offer {
	case "draw":
		return m.ends("accepted ended", game.Drawn(game.ReasonAgreement), at)
	case "takeback":
		ply, err := m.takeback(offer.Seat)
		if err != nil {
			return refuse(err)
		}
		left := m.left()
		if left != nil && m.turn().Has(offer.Seat) {
			left[offer.Seat] = m.leftAt(at)[offer.Seat]
		}
		return verdict{events: "accepted taken_back", clocks: left, ply: ply}
	}
	return verdict{events: "accepted"}
}

// takeback is the ply at which the last move of s was made.
func (m *model) takeback(s game.Seat) (int, error) {
	if _, hides := m.rules.(game.Hider); hides {
		return 0, game.ErrForbidden
	}
	for ply := len(m.history) - 1; ply >= 0; ply-- {
		switch {
		case m.history[ply].move.Outcome != "":
			return 0, game.ErrForbidden
		case m.history[ply].seat == s:
			return ply, nil
		}
	}
	return 0, game.ErrNoSuchOffer
}

func (m *model) move(s game.Seat, cmd game.Command, at time.Time) verdict {
	ply := len(m.history)
	switch awaited := m.turn().Has(s); {
	case cmd.Ply < 0 || cmd.Ply > ply || awaited && cmd.Ply < m.clocks[s].turnPly || !awaited && cmd.Ply < ply:
		return refuse(game.ErrStalePly)
	case !awaited:
		return refuse(game.ErrNotYourTurn)
	case len(cmd.Move) > game.MoveBytesMax:
		return refuse(game.ErrIllegal)
	}
	left := m.left()
	if left != nil {
		used := m.used(s, at, cmd.Lag)
		if used > 0 && used >= left[s] {
			v := m.ends("ended", m.flagged(s), at)
			v.err = game.ErrGameOver
			return v
		}
		left[s] += m.terms.Clock.Increment.Milliseconds() - used
	}
	move, err := m.pos.Decide(s, cmd.Move)
	switch {
	case err != nil:
		return refuse(game.ErrIllegal)
	case move.End != nil:
		return verdict{events: "moved ended", clocks: left, result: move.End}
	}
	return verdict{events: "moved", clocks: left}
}

func (m *model) claim(s game.Seat, cmd game.Command, at time.Time) verdict {
	claimer, claims := m.pos.(game.Claimer)
	switch {
	case cmd.What == "abandonment" && cmd.Absent:
		return m.ends("ended", game.Won(s, game.ReasonAbandonment), at)
	case cmd.What == "abandonment":
		return refuse(game.ErrForbidden)
	case !claims:
		return refuse(game.ErrIllegal)
	}
	result, err := claimer.Claim(s, cmd.What)
	if err != nil {
		return refuse(game.ErrIllegal)
	}
	return m.ends("ended", result, at)
}

// follow changes the model as the events say that were foretold.
func (m *model) follow(events []game.Event, v verdict) {
	for _, ev := range events {
		before := m.turn()
		switch m.last = ev.At; ev.Kind {
		case game.EventCreated:
			m.status, m.madeAt = game.StatusWaiting, ev.At
		case game.EventJoined:
			m.players[ev.Seat] = ev.Player.ID
		case game.EventStarted:
			m.status = game.StatusPlaying
			for i := range m.clocks {
				m.clocks[i].quota = 1000
			}
			m.begin(m.turn(), ev.At, true)
		case game.EventMoved:
			c := &m.clocks[ev.Seat]
			c.lag, c.quota = ev.Lag.Milliseconds(), min(c.quota-ev.Lag.Milliseconds()+200, 1000)
			m.history = append(m.history, played{ev.Seat, ev.Move})
			m.pos.Apply(ev.Seat, ev.Move)
			m.offers = slices.DeleteFunc(m.offers, func(p game.Pending) bool { return p.Seat != ev.Seat || p.Offer == "takeback" })
			m.begin(m.turn()&^before.Without(ev.Seat), ev.At, true)
		case game.EventOffered:
			m.offers = append(m.offers, game.Pending{Seat: ev.Seat, Offer: ev.Offer})
			m.offered[fmt.Sprint(ev.Offer, ev.Seat, len(m.history))] = true
		case game.EventAccepted:
			i := slices.IndexFunc(m.offers, func(p game.Pending) bool { return p.Offer == ev.Offer })
			if i >= 0 {
				m.offers[i].Accepted = m.offers[i].Accepted.With(ev.Seat)
			}
			if i >= 0 && m.offers[i].Accepted.Len() == len(m.players)-1 {
				m.offers = slices.Delete(m.offers, i, i+1)
			}
			m.next = m.next || ev.Next != ""
		case game.EventDeclined:
			m.offers = slices.DeleteFunc(m.offers, func(p game.Pending) bool { return p.Offer == ev.Offer })
		case game.EventTakenBack:
			m.history, m.offers, m.offered = m.history[:v.ply], nil, map[string]bool{}
			m.pos, _ = m.rules.Setup([]byte(m.terms.Options), m.terms.Seed)
			for _, p := range m.history {
				m.pos.Apply(p.seat, p.move)
			}
			m.begin(m.turn(), ev.At, true)
		case game.EventClockAdjusted:
			m.begin(m.turn(), ev.At, false)
		case game.EventEnded:
			m.status, m.offers = game.StatusEnded, nil
		}
	}
	for i, left := range v.clocks {
		m.clocks[i].left = left
	}
}

func (m *model) begin(seats game.SeatSet, at time.Time, turn bool) {
	for s := range seats.All() {
		c := &m.clocks[s]
		if c.turnAt, c.seen = at, false; turn {
			c.turnPly = len(m.history)
		}
	}
}

func (m *model) visible(at time.Time) {
	for s := range m.turn().All() {
		if c := &m.clocks[s]; !c.seen {
			c.since, c.seen = at, true
		}
	}
}

// revived is what a snapshot brings back: all can be seen, since it happened.
func (m *model) revived() {
	for i := range m.clocks {
		m.clocks[i].since, m.clocks[i].seen = m.clocks[i].turnAt, true
	}
}

// chooser takes decisions: by chance, or as a fuzzer's bytes say.
type chooser interface {
	pick(n int) int // 0 to n-1
	more() bool
}

type chance struct {
	*rand.Rand
	left int
}

func (c *chance) pick(n int) int { return c.IntN(n) }
func (c *chance) more() bool     { c.left--; return c.left >= 0 }

type script struct{ bytes []byte }

func (s *script) more() bool { return len(s.bytes) > 0 }
func (s *script) pick(n int) int {
	if len(s.bytes) == 0 {
		return 0
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return int(b) % n
}

func one[T any](c chooser, list ...T) T { return list[c.pick(len(list))] }

// kindsOfGames are what is played at random.
var kindsOfGames = []struct{ rules, options string }{
	{"nim", ""}, {"nim", `{"heaps":[9,9,9]}`}, {"connectfour", ""}, {"rps", ""}, {"rps", `{"best_of":9}`}, {"chess", ""},
	{"toy", ""}, {"toy", `{"seats":3}`}, {"toy", `{"seats":1}`}, {"toy", `{"seats":4,"together":true}`}, {"plain", `{"together":true}`},
}

var chessScripts = [...][]string{
	strings.Fields("f2f3 e7e5 g2g4 d8h4"),
	strings.Fields("e2e4 e7e5 g1f3 b8c6 f1b5 a7a6 b5c6 d7c6 e1g1 f7f6 d2d4 e5d4 f3d4 c6c5 d4b3 d8d1 f1d1 c8g4 f2f3 g4e6 c1e3 b7b6"),
	strings.Fields("g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8"),
}

// walk is a game played at random beside its model.
type walk struct {
	*rig
	c      chooser
	m      *model
	moves  func() string
	events map[game.EventKind]int
}

func newWalk(tb testing.TB, c chooser) *walk {
	w := &walk{rig: newRig(tb), c: c, events: map[game.EventKind]int{}}
	kind := one(c, kindsOfGames...)
	clock := one(c, game.Clock{}, game.Clock{Initial: time.Minute}, game.Clock{Initial: 20 * sec, Increment: 2 * sec}, game.Clock{Delay: 5 * sec},
		game.Clock{Increment: 3 * sec}, game.Clock{Initial: 10 * sec, Increment: sec, Delay: 3 * sec}, game.Clock{Initial: game.ClockInitialMax})
	terms := game.Terms{Rules: kind.rules, Options: kind.options, Clock: clock, Seed: uint64(c.pick(4))<<32 | uint64(c.pick(7))}
	rules, err := registry.Rules(kind.rules)
	if err != nil {
		tb.Fatal(err)
	}
	pos, err := rules.Setup([]byte(kind.options), terms.Seed)
	if err != nil {
		tb.Fatal(err)
	}
	seats := len(pos.Seats())
	if seats == 2 {
		terms.Opponent = one(c, "", "", "bob")
	}
	w.m = &model{terms: terms, rules: rules, pos: pos, players: make([]string, seats), clocks: make([]seatClock, seats), offered: map[string]bool{}}
	chess := one(c, chessScripts[:]...)
	w.moves = func() string {
		switch kind.rules {
		case "nim":
			return fmt.Sprintf("%d:%d", 1+c.pick(3), 1+c.pick(4))
		case "connectfour":
			return one(c, "a", "b", "c", "d", "e", "f", "g")
		case "rps":
			return one(c, "rock", "paper", "scissors")
		case "chess":
			if n := len(w.m.history); n < len(chess) {
				return chess[n]
			}
			return "e1e8"
		}
		return one(c, "pass", "pass", "pass", "pass", "pass", "pass", "pass", "again", "again", "roll", one(c, "win", "draw", "end"))
	}
	create := &game.Create{Terms: terms, Seat: one(c, "", "random")}
	v := verdict{events: "created joined"}
	if seats == 1 {
		v = verdict{events: "created joined started", clocks: w.m.initial()}
	}
	if c.pick(3) == 0 {
		create.Players = []game.User{ann, bob, cid, {ID: "dan"}}[:seats]
		v = verdict{events: "created" + strings.Repeat(" joined", seats) + " started", clocks: w.m.initial()}
	}
	w.step(game.Command{Kind: game.CommandCreate, User: ann, Create: create}, v)
	return w
}

// command is the next command: most often one that can be done.
func (w *walk) command() game.Command {
	c := w.c
	user := one(c, ann, ann, bob, bob, cid, game.User{ID: "dan"}, eve, game.User{})
	if turn := slices.Collect(w.m.turn().All()); len(turn) > 0 && c.pick(3) > 0 {
		user = w.live.Player(one(c, turn...))
	}
	cmd := game.Command{User: user, Ply: len(w.m.history)}
	kinds := slices.Repeat([]game.CommandKind{game.CommandMove}, 8)
	kinds = append(kinds, game.CommandOffer, game.CommandOffer, game.CommandAccept, game.CommandAccept, game.CommandDecline, game.CommandTick, game.CommandThaw)
	switch {
	case w.m.status == game.StatusWaiting:
		kinds = append(kinds, slices.Repeat([]game.CommandKind{game.CommandJoin}, 16)...)
	case w.m.status == game.StatusEnded:
		kinds = append(kinds, slices.Repeat([]game.CommandKind{game.CommandOffer, game.CommandAccept, game.CommandDecline}, 3)...)
	case c.pick(30) == 0:
		kinds = []game.CommandKind{game.CommandResign, game.CommandAbort, game.CommandCreate, game.CommandJoin, game.CommandClaim, 0, 77}
	}
	switch cmd.Kind = one(c, kinds...); cmd.Kind {
	case game.CommandMove:
		cmd.Move, cmd.Lag = w.moves(), time.Duration(one(c, 0, 0, 50_000, 123_456, 3_000_000, -5))*time.Microsecond
		if c.pick(12) == 0 {
			cmd.Ply += one(c, -2, -1, 1)
		}
		if c.pick(15) == 0 {
			cmd.Move = one(c, "", "e2e5", "0:0", strings.Repeat("x", 300))
		}
	case game.CommandOffer, game.CommandAccept, game.CommandDecline:
		cmd.What = one(c, "draw", "takeback", "takeback", "takeback", "takeback", "rematch", "tea")
		if w.m.status == game.StatusEnded {
			cmd.What = one(c, "rematch", "rematch", "rematch", "draw")
		}
		if len(w.m.offers) > 0 && c.pick(4) > 0 {
			cmd.What = string(one(c, w.m.offers...).Offer)
		}
	case game.CommandThaw:
		cmd.Alive = one(c, time.Time{}, w.now, w.now.Add(-sec), w.now.Add(-time.Hour))
	case game.CommandJoin:
		cmd.Seat = one(c, "", "", "random", "second", "b")
	case game.CommandClaim:
		cmd.What, cmd.Absent = one(c, "abandonment", "threefold", "luck"), c.pick(12) == 0
	case game.CommandCreate:
		cmd.Create = &game.Create{Terms: w.m.terms}
	}
	if cmd.Kind == game.CommandTick || cmd.Kind == game.CommandThaw {
		cmd.User = game.User{}
	}
	return cmd
}

// step gives the command, and compares what comes of it.
func (w *walk) step(cmd game.Command, v verdict) {
	w.Helper()
	events, err := w.give(cmd)
	if (err == nil) != (v.err == nil) || err != nil && !errors.Is(err, v.err) || names(events) != v.events {
		w.Fatalf("%q, error %v; the model says %q, error %v\n%s", names(events), err, v.events, v.err, w.told())
	}
	if n := len(events); n > 0 {
		if got := clocks(events[n-1]); !slices.Equal(got, v.clocks) {
			w.Fatalf("clocks of %s are %v; the model says %v\n%s", names(events), got, v.clocks, w.told())
		}
		if ev := events[n-1]; ev.Kind == game.EventEnded && *ev.Result != *v.result {
			w.Fatalf("result %+v; the model says %+v\n%s", *ev.Result, *v.result, w.told())
		}
	}
	for _, ev := range events {
		w.events[ev.Kind]++
	}
	w.m.follow(events, v)
}

// compare compares what can be seen of the game with the model.
func (w *walk) compare() {
	w.Helper()
	g, m := w.live, w.m
	if g.Status() != m.status || g.Ply() != len(m.history) || g.Turn() != m.turn() || !slices.Equal(g.Offers(), m.offers) || (g.Next() != game.ID{}) != m.next ||
		len(g.Moves()) != len(m.history) || g.Show(game.NoSeat) != m.pos.Show(game.NoSeat) {
		w.Fatalf("status %v, ply %d, turn %b, offers %v, next %v, %d moves, %s; the model says %+v, %s\n%s", g.Status(), g.Ply(), g.Turn(), g.Offers(), g.Next(),
			len(g.Moves()), g.Show(game.NoSeat), m, m.pos.Show(game.NoSeat), w.told())
	}
	var deadline time.Time
	switch {
	case m.status == game.StatusWaiting:
		deadline = m.madeAt.Add(game.WaitingMax)
	case m.status == game.StatusPlaying && m.clocked():
		deadline, _ = m.deadline()
	}
	if !g.Deadline().Equal(deadline) {
		w.Fatalf("deadline %v; the model says %v\n%s", g.Deadline(), deadline, w.told())
	}
	for i, want := range m.leftAt(w.now) {
		if left := g.Left(game.Seat(i), w.now); left.Milliseconds() != want || left < 0 {
			w.Fatalf("seat %d has %v left; the model says %d ms\n%s", i, left, want, w.told())
		}
	}
	if _, hides := m.rules.(game.Hider); hides && m.status == game.StatusPlaying {
		w.compareHidden()
	}
}

// compareHidden plays the game once more with another last throw. As long as that one is hidden, nobody else may see any
// difference, wherever he looks.
func (w *walk) compareHidden() {
	w.Helper()
	n := len(w.m.history) - 1
	if n < 0 || w.m.history[n].move.Outcome != "" {
		return
	}
	last := w.m.history[n]
	other := game.Event{Kind: game.EventMoved, Seat: last.seat, Move: game.Move{Text: "rock"}}
	if last.move.Text == "rock" {
		other.Move.Text = "paper"
	}
	position, err := w.m.rules.Setup([]byte(w.m.terms.Options), w.m.terms.Seed)
	if err != nil {
		w.Fatal(err)
	}
	for _, each := range w.m.history[:n] {
		position.Apply(each.seat, each.move)
	}
	position.Apply(last.seat, other.Move)
	for _, viewer := range []game.Seat{1 - last.seat, game.NoSeat} {
		var shown game.Event
		for shown = range w.live.EventsAfter(0) {
			shown = w.live.Redact(shown, viewer)
			if shown.Kind == game.EventMoved && shown.Ply == n+1 {
				break
			}
		}
		if w.live.Show(viewer) != position.Show(viewer) || shown.Move != w.live.Redact(other, viewer).Move {
			w.Fatalf("%d sees %s and %+v, and would see %s and %+v\n%s", viewer, w.live.Show(viewer), shown.Move, position.Show(viewer),
				w.live.Redact(other, viewer).Move, w.told())
		}
	}
	if told := w.live.Transcript().Moves[n].Move; told != w.live.Redact(other, game.NoSeat).Move {
		w.Fatalf("the transcript tells %+v\n%s", told, w.told())
	}
	if w.live.Show(last.seat) == position.Show(last.seat) {
		w.Fatalf("who has thrown does not see what\n%s", w.told())
	}
}

// run plays until there is nothing more to choose.
func (w *walk) run() {
	w.Helper()
	for w.c.more() {
		switch w.c.pick(40) {
		case 0, 1, 2:
			w.revive()
			w.m.revived()
		case 3:
			if deadline := w.live.Deadline(); !deadline.IsZero() && deadline.After(w.now) {
				w.now = deadline.Add(-time.Duration(w.c.pick(2)))
			}
		case 4:
			w.wait(61 * sec)
		case 5, 6, 7, 8, 9, 10:
			w.wait(one(w.c, -sec, 1, 999_999, ms, 17_345_678, 3*sec))
		default:
			w.wait(time.Duration(w.c.pick(250)) * 1_234_567)
		}
		cmd := w.command()
		w.step(cmd, w.m.decide(cmd, w.now))
		if w.c.pick(10) > 0 {
			w.wait(time.Duration(w.c.pick(5)) * 777_777)
			w.visible()
			w.m.visible(w.now)
		}
		w.compare()
	}
	w.finish()
}

// finish sees to it that a game on a clock comes to an end when nobody does anything any more.
func (w *walk) finish() {
	w.Helper()
	w.visible()
	w.m.visible(w.now)
	w.checkJournal()
	if w.m.status != game.StatusPlaying || !w.m.clocked() {
		return
	}
	w.now = w.live.Deadline()
	tick := game.Command{Kind: game.CommandTick}
	if w.step(tick, w.m.decide(tick, w.now)); w.live.Status() != game.StatusEnded {
		w.Fatalf("a flag should have fallen\n%s", w.told())
	}
	w.compare()
}

// TestAgainstModel plays games at random. The seed is in the name of a test that fails.
func TestAgainstModel(t *testing.T) {
	const games, steps = 250, 60
	events := map[game.EventKind]int{}
	for seed := range uint64(games) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWalk(t, &chance{rand.New(rand.NewPCG(1, seed)), steps})
			w.run()
			for kind, n := range w.events {
				events[kind] += n
			}
		})
	}
	for _, kind := range game.EventKinds() {
		if events[kind] < 10 {
			t.Errorf("only %d events of kind %s in all the games: they test little", events[kind], kind)
		}
	}
	t.Log(events)
}

package gateway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// owners are the owners of games somewhere else, and the link to them: what they say comes in the order in which they have
// said it, when the test has it come. A frame is the event's seq, and for a player his name; a state is "=" and its seq.
type owners struct {
	h *hub

	mu      sync.Mutex
	down    bool
	deaf    bool // asked, they do not answer
	games   map[game.ID]*owned
	seats   map[string]game.Seat
	looks   []table.Look
	loses   func() bool       // a request, instead of carrying it out
	waiting []func(err error) // on the link; with an error, it has broken
	most    int               // Looks under way at a time
	under   int
}

type owned struct {
	seq      uint64
	present  map[string]bool
	watchers int
}

func newOwners() *owners {
	o := &owners{games: map[game.ID]*owned{}, seats: map[string]game.Seat{"ann": 0, "bob": 1}}
	o.h = newHub(o.post, &burst{}, newMetrics(prometheus.NewRegistry()))
	o.h.from = "b"
	return o
}

func (o *owners) game(id game.ID) *owned {
	g := o.games[id]
	if g == nil {
		g = &owned{present: map[string]bool{}}
		o.games[id] = g
	}
	return g
}

func (o *owners) post(cmd shard.Command) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return shard.ErrUnavailable
	}
	g := o.game(cmd.Actor)
	if o.loses != nil && o.loses() {
		o.waiting = append(o.waiting, func(error) { cmd.Sender.Answer(nil, shard.ErrUnavailable) })
		return nil
	}
	switch body := cmd.Body.(type) {
	case *table.Presence:
		if g.present[body.User] = body.Present; body.From != "b" {
			panic("presence at " + body.From)
		}
		o.waiting = append(o.waiting, func(err error) { cmd.Sender.Answer(nil, err) })
	case *table.Watching:
		g.watchers = body.Count
		o.waiting = append(o.waiting, func(err error) { cmd.Sender.Answer(nil, err) })
	case *table.Look:
		o.looks = append(o.looks, *body)
		if o.under++; o.under > o.most {
			o.most = o.under
		}
		if o.deaf {
			return nil
		}
		reply := o.reply(g.seq, body)
		o.waiting = append(o.waiting, func(err error) {
			o.mu.Lock()
			o.under--
			o.mu.Unlock()
			if err != nil {
				cmd.Sender.Answer(nil, err)
			} else {
				cmd.Sender.Answer(reply, nil)
			}
		})
	}
	return nil
}

func (o *owners) reply(seq uint64, look *table.Look) *table.Reply {
	reply := &table.Reply{Seq: seq, Seat: o.seat(look.User)}
	if look.Seated {
		for user, seat := range o.seats {
			reply.Seated = append(reply.Seated, table.Joined{User: user, Seat: seat})
		}
	}
	switch {
	case look.Events:
	case look.After > seq || seq-look.After > 20:
		reply.Seen = [][]byte{fmt.Appendf(nil, "=%d", seq)}
	default:
		for n := look.After + 1; n <= seq; n++ {
			reply.Seen = append(reply.Seen, fmt.Append(nil, n, o.view(look.User)))
		}
	}
	return reply
}

func (o *owners) seat(user string) game.Seat {
	if seat, has := o.seats[user]; has {
		return seat
	}
	return game.NoSeat
}

func (o *owners) view(user string) string {
	if o.seat(user) == game.NoSeat {
		return ""
	}
	return user
}

// happens has a game have so many events at once. Their notice comes over the link, unless it is lost.
func (o *owners) happens(id game.ID, events int, lost bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.game(id)
	from := g.seq + 1
	g.seq += uint64(events)
	notice := &table.Notice{First: from, Last: g.seq}
	frame := func(user string) []byte {
		var all []string
		for n := from; n <= g.seq; n++ {
			all = append(all, fmt.Sprint(n, user))
		}
		return []byte(strings.Join(all, "\n"))
	}
	notice.Frames = table.Frames{Seats: [][]byte{frame("ann"), frame("bob")}, Watchers: frame("")}
	if !lost {
		o.waiting = append(o.waiting, func(err error) {
			if err == nil {
				o.h.Publish(id, notice)
			}
		})
	}
}

// come has the next things come over the link, all if n is less than 0. It returns whether there was one.
func (o *owners) come(n int) bool {
	for i := 0; i != n; i++ {
		o.mu.Lock()
		if len(o.waiting) == 0 {
			o.mu.Unlock()
			return i > 0
		}
		first := o.waiting[0]
		o.waiting = o.waiting[1:]
		o.mu.Unlock()
		first(nil)
	}
	return true
}

// settle has everything come that comes, until nothing more does.
func (o *owners) settle() {
	for range 60 {
		o.come(-1)
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

// watch has somebody watch, with the state as of now.
func (o *owners) watch(id game.ID, user string) (*listener, *subscription) {
	l := &listener{}
	reply := o.reply(o.game(id).seq, &table.Look{User: user, After: ^uint64(0)})
	return l, o.h.watch(nil, id, l, user, reply)
}

// set changes something under the lock.
func (o *owners) set(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
}

// whole checks that a listener was told of every event up to seq, once and in order, or of whole states instead, and
// everything as he may see it.
func (o *owners) whole(t *testing.T, l *listener, user string, seq uint64) {
	t.Helper()
	last := uint64(0)
	for _, frame := range l.heard {
		for message := range strings.SplitSeq(frame, "\n") {
			if state, is := strings.CutPrefix(message, "="); is {
				last, _ = strconv.ParseUint(state, 10, 64)
				continue
			}
			if last++; message != fmt.Sprint(last, o.view(user)) {
				t.Fatalf("%s is told %q where event %d is next: %q", user, message, last, l.heard)
			}
		}
	}
	if last != seq {
		t.Fatalf("%s is told of the events up to %d, and there are %d: %q", user, last, seq, l.heard)
	}
}

func (o *owners) asked(t *testing.T, want ...table.Look) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Equal(o.looks, want) {
		t.Fatalf("asked for\n%+v\nwant\n%+v", o.looks, want)
	}
	o.looks = nil
}

func lookOf(user string, after uint64) table.Look {
	return table.Look{User: user, After: after, Watch: true, Seated: user == ""}
}

func inBubble(t *testing.T, test func(t *testing.T, o *owners)) {
	synctest.Test(t, func(t *testing.T) {
		o := newOwners()
		test(t, o)
		o.h.over.Store(true)
	})
}

var healed = game.ID{7}

func TestGapIsHealed(t *testing.T) {
	inBubble(t, func(t *testing.T, o *owners) {
		o.happens(healed, 3, true)
		ann, _ := o.watch(healed, "ann")
		var others []*listener
		for _, user := range []string{"eve", "fay", "gil"} {
			l, _ := o.watch(healed, user)
			others = append(others, l)
		}
		o.come(-1)
		o.happens(healed, 1, true)
		o.happens(healed, 2, false)
		o.come(1)
		if len(ann.heard) != 1 || len(others[0].heard) != 1 {
			t.Fatalf("behind a gap ann is told %q, and a watcher %q", ann.heard, others[0].heard)
		}
		o.asked(t, lookOf("ann", 3)) // one at a time
		o.happens(healed, 1, false)  // behind the answer
		o.come(1)
		o.asked(t, lookOf("", 3)) // for all of them
		o.settle()
		o.asked(t)
		o.whole(t, ann, "ann", 7)
		for _, l := range others {
			o.whole(t, l, "eve", 7)
		}
		o.happens(healed, 1, false)
		o.settle()
		o.asked(t)
		o.whole(t, others[2], "gil", 8)
	})
}

// Ten thousand do not make ten thousand questions.
func TestCrowdIsHealedTogether(t *testing.T) {
	inBubble(t, func(t *testing.T, o *owners) {
		o.happens(healed, 1, true)
		var crowd []*listener
		for range 10_000 {
			l, _ := o.watch(healed, "eve")
			crowd = append(crowd, l)
		}
		o.happens(healed, 2, true)
		o.happens(healed, 1, false)
		o.happens(healed, 1, false)
		o.settle()
		o.asked(t, lookOf("", 1))
		o.happens(healed, 1, false)
		o.settle()
		for _, l := range crowd {
			o.whole(t, l, "eve", 6)
		}
	})
}

func TestHealIsTriedAgain(t *testing.T) {
	for name, fail := range map[string]func(o *owners, failing bool){
		"nobody can be asked": func(o *owners, failing bool) { o.down = failing },
		"nobody answers":      func(o *owners, failing bool) { o.deaf = failing },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, o *owners) {
				o.happens(healed, 1, true)
				l, _ := o.watch(healed, "eve")
				o.settle()
				o.happens(healed, 1, true)
				o.happens(healed, 1, false)
				o.set(func() { fail(o, true) })
				o.settle()
				if n := len(o.looks); n > 6 {
					t.Fatalf("in a minute it is tried %d times", n)
				}
				o.whole(t, l, "eve", 1)
				o.set(func() { fail(o, false) })
				o.settle()
				o.whole(t, l, "eve", 3)
				if o.h.heals.under != 0 || o.h.heals.waiting() != 0 {
					t.Errorf("%d places are taken, %d wait", o.h.heals.under, o.h.heals.waiting())
				}
			})
		})
	}
}

// An answer that is older than what was told comes from somebody who has lost the game; unless nothing newer is to be had.
func TestOldAnswerIsNotTheLast(t *testing.T) {
	inBubble(t, func(t *testing.T, o *owners) {
		o.happens(healed, 1, true)
		l, _ := o.watch(healed, "eve")
		o.happens(healed, 4, true)
		o.happens(healed, 1, false)
		g := o.games[healed]
		g.seq = 3 // as the old owner knows it
		o.come(-1)
		g.seq = 6
		o.whole(t, l, "eve", 3)
		o.settle()
		o.whole(t, l, "eve", 6)
		// Here the answer overtakes nothing: everything has been lost that was not there before.
		o.happens(healed, 2, true)
		o.happens(healed, 1, false)
		g.seq = 4
		o.settle()
		o.whole(t, l, "eve", 4)
		looks := len(o.looks)
		o.happens(healed, 1, false)
		o.settle()
		o.whole(t, l, "eve", 5)
		if len(o.looks) != looks {
			t.Errorf("asked %d times more", len(o.looks)-looks)
		}
	})
}

// Somebody may have got a seat, over another connection, in what he has missed.
func TestSeatInTheGap(t *testing.T) {
	inBubble(t, func(t *testing.T, o *owners) {
		delete(o.seats, "bob")
		o.happens(healed, 1, true)
		bob, sub := o.watch(healed, "bob")
		eve, _ := o.watch(healed, "eve")
		o.settle()
		o.seats["bob"] = 1
		o.happens(healed, 2, true)
		o.happens(healed, 1, false)
		o.settle()
		o.asked(t, lookOf("", 1), lookOf("bob", 1))
		if sub.seat != 1 || !o.games[healed].present["bob"] || o.games[healed].watchers != 1 {
			t.Errorf("bob has seat %d; the game is told %+v", sub.seat, o.games[healed])
		}
		o.whole(t, bob, "bob", 4)
		o.whole(t, eve, "eve", 4)
	})
}

// Whoever asks himself is not healed as well; who leaves neither; a game that is not there any more is not asked for again.
func TestHealIsNotNeeded(t *testing.T) {
	inBubble(t, func(t *testing.T, o *owners) {
		o.happens(healed, 1, true)
		asks, sub := o.watch(healed, "eve")
		_, leaves := o.watch(healed, "fay")
		o.happens(healed, 1, true)
		o.happens(healed, 1, false)
		o.deaf = true
		o.come(-1)
		o.h.watch(sub, healed, asks, "eve", &table.Reply{Seq: 3, Seat: game.NoSeat, Seen: [][]byte{[]byte("2\n3")}})
		o.h.leave(leaves)
		o.happens(healed, 1, false)
		o.settle()
		o.whole(t, asks, "eve", 4)
		o.asked(t, lookOf("", 1))
		if sub.topic.lagging != 0 || sub.lags || leaves.lags {
			t.Errorf("%d lag", sub.topic.lagging)
		}
		o.happens(healed, 1, true)
		o.happens(healed, 1, false)
		o.come(-1)
		sub.topic.heal.Answer(&table.Reply{Code: wire.CodeNotFound}, nil)
		o.settle()
		o.asked(t, lookOf("", 4))
	})
}

// A connection that begins with an answer which others are ahead of gets the rest.
func TestWatchThatWasOvertaken(t *testing.T) {
	inBubble(t, func(t *testing.T, o *owners) {
		o.happens(healed, 1, true)
		o.watch(healed, "eve")
		o.happens(healed, 2, false)
		o.settle()
		late := &listener{}
		o.h.watch(nil, healed, late, "fay", &table.Reply{Seq: 1, Seat: game.NoSeat, Seen: [][]byte{[]byte("=1")}})
		o.settle()
		o.whole(t, late, "fay", 3)
	})
}

func TestResync(t *testing.T) {
	inBubble(t, func(t *testing.T, o *owners) {
		const games = 2000
		type watched struct {
			id       game.ID
			ann, eve *listener
		}
		var all []watched
		for i := range games {
			id := game.ID{byte(i), byte(i >> 8), 15: byte(i)}
			o.happens(id, 1, true)
			ann, _ := o.watch(id, "ann")
			eve, _ := o.watch(id, "eve")
			all = append(all, watched{id, ann, eve})
		}
		o.settle()
		for _, w := range all {
			if g := o.games[w.id]; g.watchers != 1 || !g.present["ann"] {
				t.Fatalf("the owner knows %+v", g)
			}
			o.games[w.id] = &owned{seq: 4, present: map[string]bool{}} // another one, who knows nobody
		}
		o.looks, o.most = nil, 0
		o.h.resync(func(id game.ID) bool { return id[0]%2 == 0 })
		if len(o.looks) != healsMax {
			t.Fatalf("%d are asked for at once, want %d", len(o.looks), healsMax)
		}
		o.settle()
		if o.most != healsMax || len(o.looks) != games {
			t.Errorf("asked %d times, want %d; %d at a time, want %d", len(o.looks), games, o.most, healsMax)
		}
		for _, w := range all {
			seq, g := uint64(1), o.games[w.id]
			if w.id[0]%2 == 0 {
				seq = 4
			}
			o.whole(t, w.ann, "ann", seq)
			o.whole(t, w.eve, "eve", seq)
			if told := seq == 4; g.present["ann"] != told || (g.watchers == 1) != told || g.present["eve"] {
				t.Fatalf("the owner knows %+v", g)
			}
		}
		if o.h.heals.under != 0 || o.h.heals.waiting() != 0 {
			t.Errorf("%d places are taken, %d wait", o.h.heals.under, o.h.heals.waiting())
		}
	})
}

// A heal that was asked of an owner who is none any more is not waited for, and its answer counts for nothing.
func TestResyncInTheMiddleOfAHeal(t *testing.T) {
	for _, down := range []bool{false, true} {
		inBubble(t, func(t *testing.T, o *owners) {
			o.happens(healed, 1, true)
			l, sub := o.watch(healed, "eve")
			o.happens(healed, 1, true)
			o.happens(healed, 1, false)
			o.deaf = true
			o.come(-1)
			old := sub.topic.heal
			o.deaf, o.down = false, down
			o.h.resync(func(game.ID) bool { return true })
			old.Answer(&table.Reply{Seq: 2, Seen: [][]byte{[]byte("2")}}, nil)
			o.down = false
			o.settle()
			o.whole(t, l, "eve", 3)
			if o.h.heals.under != 0 {
				t.Errorf("%d places are taken", o.h.heals.under)
			}
		})
	}
}

// A poll asks itself; it has to be woken, and the new owner told that it is here.
func TestPollIsWoken(t *testing.T) {
	inBubble(t, func(t *testing.T, o *owners) {
		o.happens(healed, 1, true)
		p := &poll{hub: o.h, game: healed, user: "ann", news: make(chan struct{}, 1)}
		woken := func() bool {
			select {
			case <-p.news:
				return true
			default:
				return false
			}
		}
		p.watch(&table.Reply{Seq: 1, Seat: 0})
		o.settle()
		o.games[healed] = &owned{seq: 1, present: map[string]bool{}}
		o.h.resync(func(game.ID) bool { return true })
		o.settle()
		if !woken() || !o.games[healed].present["ann"] {
			t.Error("after a resync the poll is not woken, or the new owner not told")
		}
		o.looks = nil
		o.happens(healed, 1, true)
		o.happens(healed, 1, false)
		o.come(-1)
		if !woken() || len(o.looks) != 0 {
			t.Errorf("behind a gap the poll is not woken, or asked for: %+v", o.looks)
		}
		p.watch(&table.Reply{Seq: 1, Seat: 0}) // of the old owner
		if o.settle(); !woken() {
			t.Error("after an answer that was overtaken the poll is not woken")
		}
		p.end()
		o.settle()
	})
}

// Whatever is lost, and whoever the owner is: who is still there in the end has been told everything, once and in order.
func TestNothingIsMissed(t *testing.T) {
	for seed := range uint64(500) {
		inBubble(t, func(t *testing.T, o *owners) {
			m := &mishap{owners: o, random: rand.New(rand.NewPCG(seed, 1)), users: map[*subscription]string{}, heard: map[*subscription]*listener{}}
			loses := rand.New(rand.NewPCG(seed, 2)) // for post, which is called by others as well
			m.loses = func() bool { return loses.IntN(10) == 0 }
			for range 200 {
				m.step()
			}
			m.finish(t)
		})
	}
}

// mishap is a game to which everything happens.
type mishap struct {
	*owners
	random *rand.Rand
	subs   []*subscription
	users  map[*subscription]string
	heard  map[*subscription]*listener
	broken []func(error) // what was on links that have broken
}

func (m *mishap) chance(percent int) bool { return m.random.IntN(100) < percent }

func (m *mishap) step() {
	synctest.Wait() // so that a seed does the same again
	switch m.random.IntN(12) {
	case 0, 1, 2:
		m.happens(healed, 1+m.random.IntN(3), m.chance(20))
	case 3:
		quiet := false
		m.set(func() { quiet = m.game(healed).seq > 0 && len(m.waiting) == 0 })
		if !quiet {
			return // who begins to watch is answered in order, too
		}
		for range 1 + m.random.IntN(12) + m.random.IntN(12)/10*promptMax {
			user := []string{"ann", "bob", "eve", "fay"}[m.random.IntN(4)]
			l, sub := m.watch(healed, user)
			m.subs, m.users[sub], m.heard[sub] = append(m.subs, sub), user, l
		}
	case 4:
		if n := len(m.subs); n > 0 {
			i := m.random.IntN(n)
			m.h.leave(m.subs[i])
			m.subs = slices.Delete(m.subs, i, i+1)
		}
	case 5:
		time.Sleep(time.Duration(m.random.IntN(3000)) * time.Millisecond)
	case 6:
		if m.chance(20) {
			m.breaks()
		}
	case 7:
		m.set(func() { m.down = m.chance(20) })
	case 8:
		for _, each := range m.broken {
			each(shard.ErrUnavailable)
		}
		m.broken = nil
	default:
		m.come(1 + m.random.IntN(4))
	}
}

// breaks has the link break, and sometimes another owner have the game. What was on the link is known to be lost later.
func (m *mishap) breaks() {
	m.mu.Lock()
	m.broken, m.waiting = append(m.broken, m.waiting...), nil
	if g := m.games[healed]; g != nil && m.chance(50) {
		g.present, g.watchers = map[string]bool{}, 0
	}
	m.mu.Unlock()
	m.h.resync(func(game.ID) bool { return true })
}

func (m *mishap) finish(t *testing.T) {
	t.Helper()
	m.settle()
	m.set(func() { m.down, m.loses = false, nil })
	m.breaks()
	for _, each := range m.broken {
		each(shard.ErrUnavailable)
	}
	m.settle()
	g := m.game(healed)
	present, watchers := map[string]bool{}, 0
	for _, sub := range m.subs {
		m.whole(t, m.heard[sub], m.users[sub], g.seq)
		if m.seat(m.users[sub]) == game.NoSeat {
			watchers++
		} else {
			present[m.users[sub]] = true
		}
	}
	if g.watchers != watchers || g.present["ann"] != present["ann"] || g.present["bob"] != present["bob"] {
		t.Fatalf("the owner is told %+v, and here are %v and %d who watch", g, present, watchers)
	}
	if m.h.heals.under != 0 || m.h.heals.waiting() != 0 {
		t.Fatalf("%d places are taken, %d wait", m.h.heals.under, m.h.heals.waiting())
	}
}

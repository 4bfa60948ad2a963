package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plywire/plywire/bench/swarm"
)

// tour is a duel that goes on while nodes come and go: it sends again what a node says to send again, counts what else goes
// wrong and goes on without that game, and remembers every move. It is its own dialect.
type tour struct {
	*duel
	plywire
	addresses []string // of the nodes at which players come in, in turns
	shards    int
	shardOf   func(game string, shards int) (int, error)
	wants     func(shard int) bool // whether games of that shard are wanted; nil: all are
	plies     int                  // to which every game is played as fast as it goes, before the rest
	warm      chan struct{}        // closed when all have been
	warmed    bool
	seed      uint64  // of the order in which games play
	rested    []*pair // that have been
	refused   []refusal

	// Read by other goroutines.
	closed  atomic.Int64 // connections, by the server
	retried atomic.Int64 // moves that had to be sent again
	failed  atomic.Int64 // moves refused, or lost with a connection

	mu    sync.Mutex
	plays []play        // in the order in which they were complete
	mark  time.Time     // moves due since then are waited for; zero: nobody waits
	gone  []bool        // by pair: it does not go on
	moved []bool        // by pair: such a move was complete
	left  int           // pairs of which none was
	again chan struct{} // closed when there is none left
}

// play is one move.
type play struct {
	pair, shard int
	due         time.Time
	agreed      time.Time // when the mover had the ok
	done        time.Time // when both had the event, too
}

func (p play) took() time.Duration { return p.done.Sub(p.due) }

// answered is how long the mover has waited.
func (p play) answered() time.Duration { return p.agreed.Sub(p.due) }

// refusal is a move that is to be sent again.
type refusal struct {
	pair *pair
	ply  int
	at   time.Time
}

// newTour makes a tour whose players come in at these addresses.
func (r *run) newTour(shards int, l load, plies int, addresses ...string) *tour {
	t := &tour{addresses: addresses, shards: shards, shardOf: r.config.ShardOf, plies: plies, warm: make(chan struct{}),
		gone: make([]bool, l.games), seed: r.config.Seed}
	t.duel = newDuel("", l, t, r.scripts)
	t.heard = t.complete
	return t
}

// perAddress is how many players of a tour come from one address: see perSource.
const perAddress = 5000

func (t *tour) target(_ *duel, p *pair) swarm.Target {
	target := plywireTarget(t.addresses[p.index%len(t.addresses)])(0)
	target.Source = netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + 2*p.index/perAddress)})
	return target
}

func (t *tour) received(p *player, text []byte) {
	for line := range bytes.SplitSeq(text, newline) {
		switch {
		case bytes.HasPrefix(line, saysError):
			t.refuses(p.pair, line)
		case p.pair.stage == stagePlay:
			t.hears(p, line)
		case p.pair.stage == stageCreate && bytes.HasPrefix(line, saysOK):
			t.created(p, line)
		default:
			p.hears(line)
		}
	}
}

// created looks whether the game that was made is one that is wanted, and else has another made.
func (t *tour) created(p *player, line []byte) {
	name := field(line, `"game":"`)
	shard, err := t.shardOf(name, t.shards)
	if err != nil {
		t.fault.fail(err)
		return
	}
	if p.pair.shard = shard; t.wants == nil || t.wants(shard) {
		p.hears(line)
		return
	}
	p.pair.stage = stageResign
	p.pair.command(p.seat, fmt.Sprintf(`"type":"abort","game":%q`, name))
}

// hears takes in what is said while a game is played. A node that has lost another may tell a state instead of an event.
func (t *tour) hears(p *player, line []byte) {
	pair := p.pair
	switch {
	case bytes.HasPrefix(line, saysMoved), bytes.HasPrefix(line, saysGame):
		ply, err := strconv.Atoi(number(line, `"ply":`))
		if err == nil && ply > pair.ply && pair.missing > 0 && !pair.saw[p.seat] && field(line, `"game":"`) == pair.game {
			pair.saw[p.seat] = true
			pair.sees()
		}
	case bytes.HasPrefix(line, saysOK):
		if pair.missing > 0 && !pair.done && field(line, `"re":"`) == pair.underWay() {
			pair.done, pair.at = true, time.Now()
			pair.sees()
		}
	}
}

var saysGame = []byte(`{"type":"game"`)

// underWay is the id of the move that was sent last.
func (p *pair) underWay() string {
	mover := p.players[p.ply%2]
	return messageID(p.index<<1|mover.seat, mover.sent)
}

func (t *tour) move(p *pair) []byte {
	p.saw, p.done = [2]bool{}, false
	return t.plywire.move(p)
}

// refuses takes an error in: what is unavailable is sent again when the server says so.
func (t *tour) refuses(p *pair, line []byte) {
	if !t.warmed && !bytes.Contains(line, unavailable) || p.stage != stagePlay {
		t.fault.fail(fmt.Errorf("the server refuses: %s", line))
		return
	}
	switch {
	case p.out || p.done || field(line, `"re":"`) != p.underWay():
	case bytes.Contains(line, unavailable):
		ms, _ := strconv.Atoi(number(line, `"retry_after_ms":`))
		t.retried.Add(1)
		t.refused = append(t.refused, refusal{p, p.ply, time.Now().Add(time.Duration(ms) * time.Millisecond)})
	default:
		t.failed.Add(1)
		t.drop(p)
	}
}

var unavailable = []byte(`"code":"unavailable"`)

// drop goes on without a game.
func (t *tour) drop(p *pair) {
	if p.out {
		return
	}
	p.out = true
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone[p.index] = true
	t.missLess(p)
}

// Closed counts a connection that nobody had a reason to close.
func (t *tour) Closed(c *swarm.Conn, err error) {
	if !t.warmed {
		t.fault.fail(err)
		return
	}
	t.closed.Add(1)
	p := c.Data.(*player).pair
	if !p.out && p.missing > 0 {
		t.failed.Add(1)
	}
	t.drop(p)
}

// Wake plays the moves that are due.
func (t *tour) Wake(now time.Time) time.Time {
	next := t.resend(now)
	if t.playing < len(t.pairs) {
		return next
	}
	if !t.warmed {
		t.warmUp(now)
		return next
	}
	at := t.duel.Wake(now)
	if at.IsZero() || !next.IsZero() && next.Before(at) {
		return next
	}
	return at
}

// warmUp plays every game to the ply at which the measurement finds it.
func (t *tour) warmUp(now time.Time) {
	for _, p := range t.idle {
		if p.ply < t.plies {
			t.play(p, now)
		} else {
			t.rested = append(t.rested, p)
		}
	}
	if t.idle = t.idle[:0]; len(t.rested) == len(t.pairs) {
		// Those whose moves were complete at the same time are of one shard, and must not stay together: the shards would be
		// asked one after the other instead of all at once.
		t.mix = rand.New(rand.NewPCG(t.seed, 0x746f7572))
		t.next, t.rested, t.warmed, t.due = t.rested, nil, true, now
		close(t.warm)
	}
}

// resend sends what was refused, when it is time, and says when the next is; zero if there is none.
func (t *tour) resend(now time.Time) (next time.Time) {
	kept := t.refused[:0]
	for _, each := range t.refused {
		switch p := each.pair; {
		case p.out || p.done || p.ply != each.ply:
		case each.at.After(now):
			kept = append(kept, each)
			if next.IsZero() || each.at.Before(next) {
				next = each.at
			}
		default:
			p.players[p.ply%2].conn.Send(p.text)
		}
	}
	t.refused = kept
	return next
}

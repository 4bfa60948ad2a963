package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/plywire/plywire/bench/swarm"
)

// load says how moves are played.
type load struct {
	games int
	rate  float64 // moves a second over all games; 0: flat out, each game its next move as soon as both have the last
}

func (l load) String() string {
	if l.rate == 0 {
		return "flat out"
	}
	return fmt.Sprintf("%.0f/s", l.rate)
}

// dialect is how a server is spoken to.
type dialect interface {
	// target is where a player's connection goes.
	target(d *duel, p *pair) swarm.Target
	// opened says hello, if that is the custom.
	opened(p *player)
	// received takes a message in. It calls pair.ready when a game can begin, and pair.sees for a move.
	received(p *player, text []byte)
	// move is the message that plays the pair's next move.
	move(p *pair) []byte
	// over is called when the pair has no moves left; it has to call pair.ready again.
	over(p *pair)
}

// duel plays games, and is the Handler of the swarm that holds them.
type duel struct {
	load    load
	address string
	dialect dialect
	scripts []script
	swarm   *swarm.Swarm

	pairs   []*pair
	playing int
	idle    []*pair   // whose next move can be played; those that have waited longest first
	due     time.Time // when the next move is to be played
	begun   chan struct{}
	seeds   int
	dialed  int                          // connections, begun
	waiting int                          // of those, that are not there yet
	mix     *rand.Rand                   // shuffles the pairs before each round; nil: who has waited for longest comes first
	next    []*pair                      // where they are shuffled: those of the next round
	heard   func(p *pair, now time.Time) // is told of every move that is complete; nil: nobody is

	// Read by other goroutines.
	backlog  atomic.Int64 // moves that were due while no game was ready for one
	fault    fault
	recorder recorder
}

// pair is two players and their game.
type pair struct {
	duel    *duel
	index   int
	players [2]*player
	game    string // id
	stage   stage
	games   int // begun before
	script  script
	ply     int
	missing int              // of those who have to see the move that is under way; 0: none is
	due     time.Time        // when it should have been played
	dues    [64]atomic.Int64 // the same of the last moves, by ply, in Unix nanoseconds: watchers of another swarm read it
	counted bool             // in duel.playing
	text    []byte           // of the last message sent

	// Of a tour's.
	shard int       // of the game
	saw   [2]bool   // by seat: has seen the move that is under way
	done  bool      // it is acknowledged
	at    time.Time // when it was
	out   bool      // something went wrong, and nothing more is played
}

// player is one connection.
type player struct {
	pair *pair
	seat int
	conn interface{ Send(text []byte) }
	sent int  // messages
	here bool // the server has let it in
}

func newDuel(address string, l load, how dialect, all []script) *duel {
	d := &duel{load: l, address: address, dialect: how, scripts: all, begun: make(chan struct{})}
	for i := range l.games {
		p := &pair{duel: d, index: i}
		for seat := range p.players {
			p.players[seat] = &player{pair: p, seat: seat}
		}
		d.pairs = append(d.pairs, p)
	}
	return d
}

// Begin connects everybody.
func (d *duel) Begin() { d.connect() }

// connect makes the next connections, connectingMax at a time.
func (d *duel) connect() {
	for ; d.waiting < connectingMax && d.dialed < 2*len(d.pairs); d.dialed++ {
		who := d.pairs[d.dialed/2].players[d.dialed%2]
		conn, err := d.swarm.Dial(d.dialect.target(d, who.pair), who)
		if err != nil {
			d.fault.fail(err)
			return
		}
		who.conn = conn
		d.waiting++
	}
}

// Opened says hello.
func (d *duel) Opened(c *swarm.Conn) {
	d.waiting--
	d.connect()
	d.dialect.opened(c.Data.(*player))
}

// Received hands the message to the dialect.
func (d *duel) Received(c *swarm.Conn, text []byte) { d.dialect.received(c.Data.(*player), text) }

// Closed ends the measurement: nobody has a reason to close a connection.
func (d *duel) Closed(_ *swarm.Conn, err error) { d.fault.fail(err) }

// ready says that the pair's game has begun.
func (p *pair) ready() {
	d := p.duel
	p.script, p.ply = d.scripts[d.seeds%len(d.scripts)], 0
	d.seeds++
	if !p.counted {
		p.counted = true
		if d.playing++; d.playing == len(d.pairs) {
			d.due = time.Now()
			close(d.begun)
		}
	}
	d.rest(p)
}

// sees says that one of those who have to has the move under way.
func (p *pair) sees() {
	d := p.duel
	if p.missing--; p.missing > 0 {
		return
	}
	now := time.Now()
	d.recorder.add(now.Sub(p.due))
	if d.heard != nil {
		d.heard(p, now)
	}
	if p.ply++; p.ply == len(p.script) {
		d.dialect.over(p)
		return
	}
	d.rest(p)
}

// rest lets the pair play again when it is its turn.
func (d *duel) rest(p *pair) {
	if d.mix != nil {
		d.next = append(d.next, p)
		return
	}
	d.idle = append(d.idle, p)
}

// Wake plays the moves that are due. A move that is due while no game is ready for it waits, and the wait counts as
// latency: otherwise a slow server would be asked less, and would look fast (coordinated omission).
func (d *duel) Wake(now time.Time) time.Time {
	if d.playing < len(d.pairs) {
		return time.Time{}
	}
	if d.load.rate == 0 {
		for _, p := range d.idle {
			d.play(p, now)
		}
		d.idle = d.idle[:0]
		return time.Time{}
	}
	step := time.Duration(math.Round(float64(time.Second) / d.load.rate))
	n := 0
	for ; !d.due.After(now); d.due = d.due.Add(step) {
		if n == len(d.idle) {
			if n, d.idle, d.next = 0, d.next, d.idle[:0]; len(d.idle) == 0 {
				break
			}
			d.mix.Shuffle(len(d.idle), func(i, j int) { d.idle[i], d.idle[j] = d.idle[j], d.idle[i] })
		}
		d.play(d.idle[n], d.due)
		n++
	}
	d.idle = d.idle[:copy(d.idle, d.idle[n:])]
	if !d.due.After(now) {
		d.backlog.Store(int64(now.Sub(d.due)/step) + 1)
		return time.Time{}
	}
	return d.due
}

func (d *duel) play(p *pair, due time.Time) {
	p.due = due
	p.dues[p.ply%len(p.dues)].Store(due.UnixNano())
	mover := p.players[p.ply%2]
	mover.conn.Send(d.dialect.move(p))
}

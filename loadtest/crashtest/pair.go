package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// pair are two users who play one game after the other for as long as the server is killed.
type pair struct {
	run     *run
	number  int
	random  *rand.Rand
	users   [2]string
	clients [2]*client.Client
	watcher *client.Client // of others' games, too
}

const (
	gameMax  = 5 * time.Minute // for one game; then it counts as stuck
	closeMax = time.Minute     // for what comes after its end
)

// clockOf is the clock of all games: longer than a game takes, so that a slow machine flags nobody, and with an increment.
var clockOf = wire.ClockTerms{InitialMS: (2 * gameMax).Milliseconds(), IncrementMS: 1000}

func newPair(r *run, number int) *pair {
	p := &pair{run: r, number: number, random: rand.New(rand.NewPCG(r.config.Seed, uint64(number)+1)), watcher: r.watchers[number%len(r.watchers)]}
	for i := range p.users {
		p.users[i] = fmt.Sprintf("player-%d-%d", number, i)
	}
	return p
}

// play plays until the run comes to its end, or ctx ends.
func (p *pair) play(ctx context.Context) {
	defer p.close()
	for i := range p.clients {
		c, err := p.run.connect(ctx, p.users[i])
		if err != nil {
			p.run.stuck(ctx, fmt.Errorf("%s: %w", p.users[i], err))
			return
		}
		p.clients[i] = c
	}
	var next *match
	for ctx.Err() == nil && !p.run.over() {
		m := next
		if m == nil {
			m = p.fresh()
		}
		var err error
		if next, err = p.one(ctx, m); err != nil {
			p.run.stuck(ctx, fmt.Errorf("game %s: %w", m.id, err))
			next = nil
		}
	}
}

func (p *pair) close() {
	for _, c := range p.clients {
		if c != nil {
			p.run.retire(c)
		}
	}
}

// fresh is a game that has still to be created, by either of the two.
func (p *pair) fresh() *match {
	white := p.random.IntN(2)
	return &match{pair: p, players: [2]int{white, 1 - white}, script: p.run.script(p.random)}
}

// one plays a game and has it judged. It returns the rematch, if one was agreed on.
func (p *pair) one(ctx context.Context, m *match) (next *match, err error) {
	playing, cancel := context.WithTimeoutCause(ctx, gameMax, errStuck)
	defer cancel()
	again := m.sendAgain(playing)
	defer again()
	defer m.close(ctx)
	next, err = p.through(playing, m)
	again()
	if m.id != "" && ctx.Err() == nil { // one that did not come to its end is judged, too: that may be why
		err = errors.Join(err, m.conclude(ctx))
	}
	return next, err
}

// through plays a game to its end, and agrees on a rematch now and then.
func (p *pair) through(ctx context.Context, m *match) (next *match, err error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	p.run.flying.Add(1)
	p.run.still.enter(m)
	err = m.moves(ctx)
	p.run.still.leave(m)
	p.run.flying.Add(-1)
	if err == nil && p.random.IntN(3) == 0 && !p.run.over() {
		return m.rematch(ctx)
	}
	return nil, err
}

// errStuck says that a game did not go on.
var errStuck = errors.New("the game takes too long")

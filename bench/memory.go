package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plywire/plywire/bench/swarm"
)

// Memory is what one of many idle things takes, after a garbage collection, in bytes.
type Memory struct {
	What   string  `json:"what"` // "connection" or "game"
	Server string  `json:"server"`
	Count  int     `json:"count"`
	Live   float64 `json:"live_bytes_each"` // heap and stacks in use
	RSS    float64 `json:"rss_bytes_each"`  // what the process has grown in RAM
}

// Restart is what a start with games costs.
type Restart struct {
	Games     int     `json:"games"`
	Plies     int     `json:"plies"`
	Ready     float64 `json:"ready_seconds"`       // from the start of the process until clients are served
	Recovered float64 `json:"recovery_seconds"`    // of that, for bringing the games back
	PerSecond float64 `json:"games_per_second"`    // brought back
	Empty     float64 `json:"empty_ready_seconds"` // from start to ready without any game
}

// memory measures idle connections of both servers, and idle games.
func (r *run) memory(ctx context.Context) error {
	for _, server := range []string{"relay", "plywire"} {
		m, err := r.idleConnections(ctx, server)
		if err != nil {
			return fmt.Errorf("%s: %w", server, err)
		}
		r.remember(m)
	}
	return r.idleGames(ctx)
}

func (r *run) remember(m Memory) {
	r.report.Memory = append(r.report.Memory, m)
	r.say("%d idle %ss of %s: %.2f KiB of heap and stacks each, %.2f KiB of RAM", m.Count, m.What, m.Server, m.Live/1024, m.RSS/1024)
}

// grown is how much a process has grown by so many things.
func grown(what, server string, count int, before, after memory) Memory {
	n := float64(count)
	return Memory{What: what, Server: server, Count: count, Live: float64(after.Live-before.Live) / n, RSS: float64(after.RSS-before.RSS) / n}
}

// idleConnections measures connections that have said hello and nothing else.
func (r *run) idleConnections(ctx context.Context, server string) (_ Memory, err error) {
	s, err := r.start(ctx, server)
	if err != nil {
		return Memory{}, err
	}
	defer func() { err = errors.Join(err, s.process.Kill()) }()
	before, err := s.memory()
	if err != nil {
		return Memory{}, err
	}
	c := &crowd{wanted: r.config.Idle, target: plywireTarget(s.address), all: make(chan struct{})}
	if server == "relay" {
		c.silent = true
		c.target = func(i int) swarm.Target { return bare{}.target(&duel{address: s.address}, &pair{index: i / 2}) }
	}
	stop, err := launch(ctx, c, &c.fault, &c.swarm)
	if err != nil {
		return Memory{}, err
	}
	defer stop()
	if err := until(ctx, c.all, &c.fault, beginMax); err != nil {
		return Memory{}, err
	}
	after, err := s.memory()
	return grown("connection", server, r.config.Idle, before, after), err
}

// start starts either server, the latter on a folder of its own.
func (r *run) start(ctx context.Context, server string) (*subject, error) {
	if server == "relay" {
		return r.relaySubject(ctx)
	}
	folder, err := r.folder(server)
	if err != nil {
		return nil, err
	}
	return r.plywireSubject(ctx, folder)
}

// idlePlies is how far idle games are played, and gamesEach how many a pair of players begins.
const (
	idlePlies = 20
	gamesEach = 100
)

// idleGames measures games that wait for a move, nobody being connected; and then how fast they come back after a kill.
func (r *run) idleGames(ctx context.Context) (err error) {
	folder, err := r.folder("games")
	if err != nil {
		return err
	}
	s, err := r.plywireSubject(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.process.Kill()) }()
	before, err := s.memory()
	if err != nil {
		return err
	}
	short := make([]script, len(r.scripts))
	for i := range short {
		short[i] = r.scripts[i][:idlePlies]
	}
	games, _, err := r.playMany(ctx, s, short, r.config.Idle)
	if err != nil {
		return err
	}
	after, err := s.memory()
	if err != nil {
		return err
	}
	r.remember(grown("game", "plywire", games, before, after))
	return r.restart(ctx, s, folder, games)
}

// playMany begins about so many games, and plays each to the end of a script. It returns their number and mean length when
// nobody is connected any more.
func (r *run) playMany(ctx context.Context, s *subject, scripts []script, games int) (begun int, plies float64, err error) {
	pairs := max(games/gamesEach, 1)
	b := &beginner{done: make(chan struct{}), left: pairs}
	d := newDuel(s.address, load{games: pairs}, b, scripts)
	stop, err := r.begin(ctx, d)
	if err != nil {
		return 0, 0, err
	}
	err = until(ctx, b.done, &d.fault, playManyMax)
	stop()
	if err != nil {
		return 0, 0, err
	}
	for i := range pairs * gamesEach {
		plies += float64(len(scripts[i%len(scripts)]))
	}
	return pairs * gamesEach, plies / float64(pairs*gamesEach), s.alone(ctx)
}

// playManyMax bounds the time for playing the games that are there before the measurement.
const playManyMax = 10 * time.Minute

// alone waits until the server has noticed that nobody is connected.
func (s *subject) alone(ctx context.Context) error {
	for range 100 {
		values, err := s.scrape()
		if err != nil || values["plywire_gateway_connections"] == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("the server still has connections")
}

// restart kills the server and starts it again on its folder, and another on an empty one.
func (r *run) restart(ctx context.Context, s *subject, folder string, games int) error {
	if err := s.process.Kill(); err != nil {
		return err
	}
	began := time.Now()
	again, err := r.plywireSubject(ctx, folder)
	if err != nil {
		return err
	}
	ready := time.Since(began)
	values, err := again.scrape()
	if err := errors.Join(err, again.process.Kill()); err != nil {
		return err
	}
	began = time.Now()
	empty, err := r.start(ctx, "plywire")
	if err != nil {
		return err
	}
	emptyReady := time.Since(began)
	if err := empty.process.Kill(); err != nil {
		return err
	}
	if got := values["plywire_shard_actors"]; got != float64(games) {
		return fmt.Errorf("%v games are back after the restart, want %d", got, games)
	}
	recovered := values["plywire_recovery_seconds"]
	r.report.Restart = &Restart{Games: games, Plies: idlePlies, Ready: ready.Seconds(), Recovered: recovered,
		PerSecond: float64(games) / recovered, Empty: emptyReady.Seconds()}
	r.say("killed and started with %d games: ready after %.2f s (%.2f s without games); %.0f games/s", games, ready.Seconds(),
		emptyReady.Seconds(), r.report.Restart.PerSecond)
	return nil
}

// beginner begins games one after the other and leaves each of them after a few moves.
type beginner struct {
	plywire
	left int // pairs that are not done
	done chan struct{}
}

func (b *beginner) over(p *pair) {
	if p.games++; p.games < gamesEach {
		p.create()
		return
	}
	if b.left--; b.left == 0 {
		close(b.done)
	}
}

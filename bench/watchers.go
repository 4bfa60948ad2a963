package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/plywire/plywire/bench/swarm"
)

// Watched is what many watchers of one game do to its players, to others, and to the server.
type Watched struct {
	Watchers      int     `json:"watchers"`
	Deaf          int     `json:"deaf"` // of them, that stop reading
	Rate          float64 `json:"rate"` // moves a second of the game that is watched
	OtherGames    int     `json:"other_games"`
	OtherRate     float64 `json:"other_rate"`
	PlayersAlone  Latency `json:"players_alone"`
	Players       Latency `json:"players"`
	OthersAlone   Latency `json:"others_alone"`
	OthersWatched Latency `json:"others"`
	Seen          Latency `json:"watchers_latency"` // from when a move was due until a watcher had it
	CPUPerFrame   float64 `json:"cpu_us_per_watcher_and_move"`
	LiveBefore    int64   `json:"live_bytes_before"`
	LiveAfter     int64   `json:"live_bytes_after"`
	RSSBefore     int64   `json:"rss_bytes_before"`
	RSSAfter      int64   `json:"rss_bytes_after"`
	Ended         int64   `json:"ended"` // of the deaf, by the server
}

const (
	watchedRate  = 2   // moves a second of the game that is watched: fast, for people
	watchedTimes = 6   // of a round's duration: the game has few moves to measure
	othersRate   = 500 // moves a second of the games beside it
	deafEvery    = 10  // one watcher in so many stops reading
)

// watchers measures a game without and with watchers, and others beside it.
func (r *run) watchers(ctx context.Context) (err error) {
	s, err := r.start(ctx, "plywire")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.process.Kill()) }()
	stars := newDuel(s.address, load{games: 1, rate: watchedRate}, plywire{}, []script{writeLong(r.config.Seed)})
	others := newDuel(s.address, load{games: r.config.Games, rate: othersRate}, plywire{}, r.scripts)
	a := &audience{stars: stars}
	a.crowd = &crowd{wanted: r.config.Watchers, all: make(chan struct{}), target: plywireTarget(s.address)}
	stop, err := launch(ctx, troupe{stars, others}, &stars.fault, &stars.swarm, &others.swarm)
	if err != nil {
		return err
	}
	defer stop()
	// On a thread of their own: what the players see must not wait here until all watchers have been read.
	stop, err = launch(ctx, a, &a.crowd.fault, &a.crowd.swarm)
	if err != nil {
		return err
	}
	defer stop()
	for _, d := range []*duel{stars, others} {
		if err := until(ctx, d.begun, &d.fault, beginMax); err != nil {
			return err
		}
	}
	w := Watched{Watchers: r.config.Watchers, Deaf: r.config.Watchers / deafEvery, Rate: watchedRate, OtherGames: r.config.Games, OtherRate: othersRate}
	if err := r.watch(ctx, s, a, others, &w); err != nil {
		return errors.Join(err, stars.fault.err(), others.fault.err(), a.crowd.fault.err())
	}
	r.report.Watched = &w
	r.say("%d watchers, %d of them deaf: players p99 %.2f ms (%.2f without), others %.2f ms (%.2f), watchers p50 %.1f p99 %.1f ms, %.1f µs CPU a watcher and move",
		w.Watchers, w.Deaf, w.Players.P99, w.PlayersAlone.P99, w.OthersWatched.P99, w.OthersAlone.P99, w.Seen.P50, w.Seen.P99, w.CPUPerFrame)
	return nil
}

// watch measures before and after the watchers have come.
func (r *run) watch(ctx context.Context, s *subject, a *audience, others *duel, w *Watched) (err error) {
	period := watchedTimes * r.config.Duration
	if err := until(ctx, nil, &others.fault, r.config.Warmup); err != nil {
		return err
	}
	before, err := s.sample()
	if err != nil {
		return err
	}
	w.PlayersAlone, w.OthersAlone, err = both(ctx, a.stars, others, period)
	if err != nil {
		return err
	}
	alone, err := s.sample()
	if err != nil {
		return err
	}
	memory, err := s.memory()
	if err != nil {
		return err
	}
	w.LiveBefore, w.RSSBefore = memory.Live, memory.RSS
	a.open.Store(true)
	if err := until(ctx, a.crowd.all, &a.crowd.fault, beginMax); err != nil {
		return err
	}
	if err := until(ctx, nil, &a.crowd.fault, r.config.Warmup); err != nil {
		return err
	}
	there, err := s.sample()
	if err != nil {
		return err
	}
	a.seen.begin()
	w.Players, w.OthersWatched, err = both(ctx, a.stars, others, period)
	if err != nil {
		return err
	}
	w.Seen = a.seen.end()
	after, err := s.sample()
	if err != nil {
		return err
	}
	base := (alone.cpu - before.cpu).Seconds() / alone.at.Sub(before.at).Seconds()
	spent := (after.cpu - there.cpu).Seconds() - base*after.at.Sub(there.at).Seconds()
	w.CPUPerFrame = 1e6 * spent / float64(max(w.Seen.Count, 1))
	if memory, err = s.memory(); err != nil {
		return err
	}
	w.LiveAfter, w.RSSAfter, w.Ended = memory.Live, memory.RSS, a.ended.Load()
	return a.crowd.fault.err()
}

// both measures two duels for a time.
func both(ctx context.Context, one, other *duel, period time.Duration) (Latency, Latency, error) {
	one.recorder.begin()
	other.recorder.begin()
	err := until(ctx, nil, &one.fault, period)
	return one.recorder.end(), other.recorder.end(), errors.Join(err, other.fault.err())
}

// audience is a crowd that watches the one game of a duel.
type audience struct {
	crowd *crowd
	stars *duel
	open  atomic.Bool // they may come
	began bool
	seen  recorder
	ended atomic.Int64 // deaf ones that the server has sent away
}

// Begin does nothing: the game comes first.
func (a *audience) Begin() {}

// Wake lets them in when it is time.
func (a *audience) Wake(time.Time) time.Time {
	if !a.began && a.open.Load() {
		a.began = true
		a.crowd.Begin()
	}
	return time.Time{}
}

// Opened says hello, and asks for the game.
func (a *audience) Opened(c *swarm.Conn) {
	c.Send([]byte(fmt.Sprintf(`{"type":"hello","id":"hello"}`+"\n"+`{"type":"watch","id":"watch","game":%q}`, a.stars.pairs[0].game)))
}

// Received looks for the ok of watch, and for moves.
func (a *audience) Received(c *swarm.Conn, text []byte) {
	for line := range bytes.SplitSeq(text, newline) {
		switch {
		case bytes.HasPrefix(line, saysMoved):
			p := a.stars.pairs[0]
			if ply, err := strconv.Atoi(number(line, `"ply":`)); err == nil && ply > 0 {
				a.seen.add(time.Since(time.Unix(0, p.dues[(ply-1)%len(p.dues)].Load())))
			}
		case bytes.HasPrefix(line, saysOK):
			a.crowd.arrived()
			if c.Data.(*member).index%deafEvery == deafEvery-1 {
				c.Deaf()
			}
		case bytes.HasPrefix(line, saysError):
			a.crowd.fault.fail(fmt.Errorf("the server refuses: %s", line))
		}
	}
}

// Closed may happen to those who do not read.
func (a *audience) Closed(c *swarm.Conn, err error) {
	if c.Data.(*member).index%deafEvery == deafEvery-1 {
		a.ended.Add(1)
		return
	}
	a.crowd.fault.fail(fmt.Errorf("a watcher was sent away: %w", err))
}

// number is the digits after the mark.
func number(line []byte, mark string) string {
	_, rest, _ := bytes.Cut(line, []byte(mark))
	n := 0
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	return string(rest[:n])
}

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

// Herd is what happens when very many connections are lost at once and come back.
type Herd struct {
	Connections int     `json:"connections"`
	Back        float64 `json:"back_seconds"` // from the loss until all were back and up to date
	Each        Latency `json:"each"`         // from the beginning of a connection until it was resumed
	CPU         float64 `json:"cpu_us_per_resume"`
	OtherGames  int     `json:"other_games"`
	OtherRate   float64 `json:"other_rate"`
	OthersAlone Latency `json:"others_alone"`
	Others      Latency `json:"others"`
}

// herdOthers are the games beside the herd.
const herdOthers = 100

// herd measures connections that are lost at once and come back, and other games meanwhile.
func (r *run) herd(ctx context.Context) (err error) {
	s, err := r.start(ctx, "plywire")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.process.Kill()) }()
	h := &flock{crowd: &crowd{wanted: r.config.Herd &^ 1, all: make(chan struct{}), target: plywireTarget(s.address)}, back: make(chan struct{})}
	others := newDuel(s.address, load{games: herdOthers, rate: othersRate}, plywire{}, r.scripts)
	stop, err := launch(ctx, others, &others.fault, &others.swarm)
	if err != nil {
		return err
	}
	defer stop()
	stop, err = launch(ctx, h, &h.crowd.fault, &h.crowd.swarm) // on a thread of its own
	if err != nil {
		return err
	}
	defer stop()
	result, err := r.lose(ctx, s, h, others)
	if err != nil {
		return errors.Join(err, others.fault.err(), h.crowd.fault.err())
	}
	r.report.Herd = &result
	r.say("%d connections lost at once: all back after %.1f s, each after p50 %.0f p99 %.0f ms, %.0f µs CPU each; other games p99 %.2f ms (%.2f before)",
		result.Connections, result.Back, result.Each.P50, result.Each.P99, result.CPU, result.Others.P99, result.OthersAlone.P99)
	return nil
}

func (r *run) lose(ctx context.Context, s *subject, h *flock, others *duel) (result Herd, err error) {
	if err := until(ctx, others.begun, &others.fault, beginMax); err != nil {
		return result, err
	}
	if err := until(ctx, h.crowd.all, &h.crowd.fault, beginMax); err != nil {
		return result, err
	}
	if err := until(ctx, nil, &others.fault, r.config.Warmup); err != nil {
		return result, err
	}
	start, err := s.sample()
	if err != nil {
		return result, err
	}
	others.recorder.begin()
	if err := until(ctx, nil, &others.fault, 2*r.config.Duration); err != nil {
		return result, err
	}
	result.OthersAlone = others.recorder.end()
	before, err := s.sample()
	if err != nil {
		return result, err
	}
	others.recorder.begin()
	h.each.begin()
	began := time.Now()
	h.lost.Store(true)
	if err := until(ctx, h.back, &h.crowd.fault, beginMax); err != nil {
		return result, err
	}
	result.Back = time.Since(began).Seconds()
	result.Others, result.Each = others.recorder.end(), h.each.end()
	after, err := s.sample()
	if err != nil {
		return result, err
	}
	base := (before.cpu - start.cpu).Seconds() / before.at.Sub(start.at).Seconds()
	result.Connections, result.OtherGames, result.OtherRate = h.crowd.wanted, herdOthers, othersRate
	result.CPU = 1e6 * ((after.cpu - before.cpu).Seconds() - base*after.at.Sub(before.at).Seconds()) / float64(h.crowd.wanted)
	return result, errors.Join(others.fault.err(), h.crowd.fault.err())
}

// flock is a crowd of players, two of them to a game, that are lost and come back.
type flock struct {
	crowd *crowd
	lost  atomic.Bool // it is time
	gone  bool        // they were lost
	again int         // members that have begun to come back
	due   int         // of those, that are not back yet
	here  int
	back  chan struct{} // closed when all are
	each  recorder
}

// seat is what a member of a flock knows.
type seat struct {
	game  string
	token string
	seq   uint64
	began time.Time
}

// Begin brings them there. A herd is on machines of its own; here it shares one with the server and its players.
func (h *flock) Begin() {
	stepBack()
	h.crowd.Begin()
}

// Opened says hello; whoever comes back says who he was and what he has seen.
func (h *flock) Opened(c *swarm.Conn) {
	m := c.Data.(*member)
	if !h.gone {
		c.Send([]byte(`{"type":"hello","id":"hello"}`))
		return
	}
	c.Send([]byte(fmt.Sprintf(`{"type":"hello","id":"hello","resume":%q}`+"\n"+`{"type":"watch","id":"back","game":%q,"after":%d}`,
		m.seat.token, m.seat.game, m.seat.seq)))
}

// Received leads a member to its game, and notes when it is back.
func (h *flock) Received(c *swarm.Conn, text []byte) {
	m := c.Data.(*member)
	for line := range bytes.SplitSeq(text, newline) {
		if seq, err := strconv.ParseUint(number(line, `"seq":`), 10, 64); err == nil {
			m.seat.seq = max(m.seat.seq, seq)
		}
		switch {
		case bytes.HasPrefix(line, saysWelcome):
			m.seat.token = field(line, `"resume":"`)
			if !h.gone && m.index%2 == 0 {
				c.Send([]byte(`{"type":"create","id":"create","rules":"chess","seat":"white","clock":{"initial_ms":3600000,"increment_ms":0}}`))
			}
			h.meet(m)
		case bytes.HasPrefix(line, saysOK):
			m.seat.game = field(line, `"game":"`)
			h.agreed(m)
		case bytes.HasPrefix(line, saysError):
			h.crowd.fault.fail(fmt.Errorf("the server refuses: %s", line))
		}
	}
}

// meet has Black join when White has a game and Black has been let in.
func (h *flock) meet(m *member) {
	other := m.index ^ 1
	if h.gone || other >= len(h.crowd.members) {
		return
	}
	white, black := h.crowd.members[m.index&^1], h.crowd.members[m.index|1]
	if white.seat.game != "" && black.seat.token != "" && !black.asked {
		black.asked = true
		black.conn.Send([]byte(fmt.Sprintf(`{"type":"join","id":"join","game":%q}`, white.seat.game)))
	}
}

func (h *flock) agreed(m *member) {
	if !h.gone {
		h.meet(m)
		h.crowd.arrived()
		return
	}
	h.each.add(time.Since(m.seat.began))
	h.due--
	h.come()
	if h.here++; h.here == h.crowd.wanted {
		close(h.back)
	}
}

// Closed ends the measurement.
func (h *flock) Closed(_ *swarm.Conn, err error) { h.crowd.fault.fail(err) }

// Wake loses them all when it is time, and has them come back.
func (h *flock) Wake(time.Time) time.Time {
	if !h.gone && h.lost.Load() {
		h.gone = true
		for _, m := range h.crowd.members {
			m.conn.Drop()
		}
		h.come()
	}
	return time.Time{}
}

// come has so many begin to come back as may at a time.
func (h *flock) come() {
	for ; h.due < connectingMax && h.again < h.crowd.wanted; h.again++ {
		m := h.crowd.members[h.again]
		conn, err := h.crowd.swarm.Dial(h.crowd.target(m.index), m)
		if err != nil {
			h.crowd.fault.fail(err)
			return
		}
		m.conn, m.seat.began = conn, time.Now()
		h.due++
	}
}

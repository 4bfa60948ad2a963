package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// HandOver is what players feel while another node comes and goes, and shards with all their games with it. The players are on
// the node that stays.
type HandOver struct {
	Games     int     `json:"games"`
	Shards    int     `json:"shards"`
	Plies     int     `json:"plies"` // of each game, at the beginning
	Rate      float64 `json:"rate"`  // moves a second
	Joins     int     `json:"joins"` // times that the other node came, and left
	Shifted   int     `json:"hand_overs"`
	Shifts    []Shift `json:"shifts"`
	Pause     Latency `json:"pause"`           // for which nobody served a shard, as the node says that handed it over
	Took      Latency `json:"took"`            // from the first question to the other node to the end
	Quiet     Latency `json:"quiet"`           // moves before
	Paused    Latency `json:"paused"`          // moves of games whose shard nobody served while they were under way
	Answered  Latency `json:"paused_answered"` // of these, until the mover had the ok
	Near      Latency `json:"near"`            // moves of all games that were due within 200 ms of a hand-over
	During    Latency `json:"during"`          // all moves from the first coming to the last going
	Connected int     `json:"connections"`
	Closed    int64   `json:"connections_closed"`
	Failed    int64   `json:"moves_failed"`  // refused, or lost
	Retried   int64   `json:"moves_retried"` // refused as unavailable, and sent again
}

// Shift is one hand-over of a shard.
type Shift struct {
	Shard int     `json:"shard"`
	From  string  `json:"from"` // node
	To    string  `json:"to"`
	End   float64 `json:"end_seconds"` // from the first coming of the other node
	Pause float64 `json:"pause_ms"`
	Took  float64 `json:"took_ms"`
	Moves Latency `json:"moves"` // of games of the shard that were under way during the pause
}

// nearBy is how far from a hand-over a move may be to count as near.
const nearBy = 200 * time.Millisecond

// handOver measures moves while shards go to another node and come back.
func (r *run) handOver(ctx context.Context) (err error) {
	c := r.config.Cluster
	n, err := r.newNodes(ctx, c.Shards)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	stays, err := n.first(ctx)
	if err != nil {
		return err
	}
	t := r.newTour(c.Shards, load{c.HandOverGames, c.HandOverRate}, c.HandOverPlies, stays.address)
	stop, err := t.start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	r.say("%d games in %d shards have %d plies", c.HandOverGames, c.Shards, c.HandOverPlies)
	if err := until(ctx, nil, &t.fault, r.config.Warmup); err != nil {
		return err
	}
	began := time.Now()
	if err := until(ctx, nil, &t.fault, r.config.Duration); err != nil {
		return err
	}
	came := time.Now()
	for range r.config.Rounds {
		if err := n.comeAndGo(ctx, t, stays); err != nil {
			return errors.Join(err, t.fault.err())
		}
	}
	went := time.Now()
	if err := t.awaitAll(ctx, went); err != nil {
		return fmt.Errorf("a move of every game afterwards: %w", err)
	}
	h := n.handedOver(t.since(began), came, went)
	if h.Shifted == 0 {
		return errors.New("the nodes' logs tell of no hand-over: is the binary of another release?")
	}
	h.Games, h.Shards, h.Plies, h.Rate, h.Joins = c.HandOverGames, c.Shards, c.HandOverPlies, c.HandOverRate, r.config.Rounds
	h.Connected, h.Closed, h.Failed, h.Retried = 2*c.HandOverGames, t.closed.Load(), t.failed.Load(), t.retried.Load()
	r.cluster().HandOver = &h
	r.say("%d hand-overs: a shard of %d games pauses p50 %.1f max %.1f ms; moves p99 %.2f ms, in pauses %.2f, quiet %.2f; %d connections closed, %d moves failed",
		h.Shifted, h.Games/h.Shards, h.Pause.P50, h.Pause.Most, h.During.P99, h.Paused.P99, h.Quiet.P99, h.Closed, h.Failed)
	return nil
}

// comeAndGo has another node come, take its shards, and leave in peace.
func (n *nodes) comeAndGo(ctx context.Context, t *tour, stays *subject) error {
	other, err := n.start(ctx, "n2")
	if err != nil {
		return err
	}
	if err := n.settled(ctx, stays, other); err != nil {
		return fmt.Errorf("a node has come, and shards do not come to rest: %w", err)
	}
	if err := other.process.Terminate(ctx); err != nil {
		return fmt.Errorf("a node was told to leave: %w", err)
	}
	if err := n.settled(ctx, stays); err != nil {
		return fmt.Errorf("a node has left, and shards do not come to rest: %w", err)
	}
	return t.fault.err()
}

// handedOver tells apart the moves that hand-overs had something to do with.
func (n *nodes) handedOver(plays []play, came, went time.Time) HandOver {
	passes := n.book.all()
	h := HandOver{Shifted: len(passes)}
	for _, p := range passes {
		h.Shifts = append(h.Shifts, Shift{p.shard, p.from, p.to, p.end.Sub(came).Seconds(), p.pause.Seconds() * 1000, p.took.Seconds() * 1000,
			latencies(each(only(plays, p.touches), play.took))})
	}
	h.Pause = latencies(each(passes, func(p pass) time.Duration { return p.pause }))
	h.Took = latencies(each(passes, func(p pass) time.Duration { return p.took }))
	h.Quiet = latencies(each(only(plays, func(m play) bool { return m.due.Before(came) }), play.took))
	h.During = latencies(each(only(plays, func(m play) bool { return !m.due.Before(came) && m.due.Before(went) }), play.took))
	h.Paused = latencies(each(only(plays, func(m play) bool { return touches(passes, m) }), play.took))
	h.Answered = latencies(each(only(plays, func(m play) bool { return touches(passes, m) }), play.answered))
	h.Near = latencies(each(only(plays, func(m play) bool { return isNear(passes, m) }), play.took))
	return h
}

// touches tells whether the shard of a move was not served by anybody while the move was under way.
func touches(passes []pass, m play) bool {
	for _, p := range passes {
		if p.touches(m) {
			return true
		}
	}
	return false
}

func (p pass) touches(m play) bool {
	return p.shard == m.shard && m.due.Before(p.end) && m.done.After(p.end.Add(-p.pause))
}

func isNear(passes []pass, m play) bool {
	for _, p := range passes {
		if m.due.Before(p.end.Add(nearBy)) && m.due.After(p.end.Add(-p.pause-nearBy)) {
			return true
		}
	}
	return false
}

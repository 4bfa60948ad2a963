package crashtest

import (
	"context"
	"sync"
	"time"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// think waits for as long as a player thinks: no longer when the run comes to its end, and not at all while it is measured
// when his game goes on after a kill.
func (m *match) think(ctx context.Context) error {
	hurry := m.pair.run.still.think(m)
	if hurry == nil {
		return nil
	}
	most := 2 * float64(m.pair.run.config.Games) / m.pair.run.config.Rate * float64(time.Second)
	timer := time.NewTimer(time.Duration(m.pair.random.Float64() * most))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
	case <-m.pair.run.ending:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// twiceShare is the share of moves in a cluster that are made twice at once, where nothing is being done to it.
const twiceShare = 0.02

// move makes a move. In a cluster it is made twice at once now and then, the more while something is being done to the cluster:
// as two commands, over two nodes. The game takes one of them. If the two nodes have different owners of it in mind, and both
// take theirs, the judge sees it.
func (m *match) move(ctx context.Context, colour int, request wire.Request) error {
	if b := m.pair.run.breaker; b != nil {
		share := twiceShare
		if b.under.Load() {
			share = m.pair.run.config.Again
		}
		if m.pair.random.Float64() < share {
			return m.moveTwice(ctx, colour, request)
		}
	}
	_, err := m.do(ctx, colour, request)
	return err
}

// moveTwice makes a move twice at once. It fails if both fail.
func (m *match) moveTwice(ctx context.Context, colour int, request wire.Request) error {
	other, err := m.pair.run.connect(ctx, m.pair.users[m.players[colour]])
	if err != nil {
		return err
	}
	defer m.pair.run.retire(other)
	var both [2]error
	var group sync.WaitGroup
	for i, c := range []*client.Client{m.pair.clients[m.players[colour]], other} {
		group.Go(func() { _, both[i] = m.doOver(ctx, c, colour, request) })
	}
	group.Wait()
	m.pair.run.twice.Add(1)
	if both[0] == nil || both[1] == nil {
		return nil
	}
	return both[0]
}

package crashtest

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
)

// lastSent is how many of a player's commands are sent again at most.
const lastSent = 4

// sendAgain has one of the players, now and then after a kill, send his last commands again, answered or not, over another
// connection of his: as it would be if a page were open twice, or if a phone came back over another network. It goes on until
// ctx ends or what it returns is called, which waits for it.
func (m *match) sendAgain(ctx context.Context) func() {
	ctx, cancel := context.WithCancel(ctx)
	random := rand.New(rand.NewPCG(m.pair.random.Uint64(), 0))
	var task sync.WaitGroup
	task.Go(func() {
		for {
			select {
			case <-m.pair.run.fleet.reborn():
			case <-ctx.Done():
				return
			}
			if random.Float64() < m.pair.run.config.Again {
				m.again(ctx, random.IntN(2))
			}
		}
	})
	return func() {
		cancel()
		task.Wait()
	}
}

// again sends the last commands of one of the pair again.
func (m *match) again(ctx context.Context, player int) {
	m.mu.Lock()
	var last []*sent
	for _, s := range slices.Backward(m.sent) {
		if s.player == player && len(last) < lastSent {
			last = append(last, s)
		}
	}
	m.mu.Unlock()
	slices.Reverse(last)
	if len(last) == 0 {
		return
	}
	c, err := m.pair.run.connect(ctx, m.pair.users[player])
	if err != nil {
		return // the game has ended meanwhile, or the run
	}
	defer m.pair.run.retire(c)
	for _, s := range last {
		answer, err := c.Do(ctx, s.request)
		m.note(s, answer, err)
		if ctx.Err() != nil {
			return
		}
		m.pair.run.again.Add(1)
	}
}

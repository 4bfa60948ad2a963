package crashtest

import (
	"context"
	"slices"
	"time"
)

// outage is the moment from which nobody served some games: their owner was dead, or stood still. It ended when another node
// had taken them, or when the owner was woken.
type outage struct {
	from  time.Time
	games map[string]bool
}

// heldBy are the shards that a node holds according to holders.
func heldBy(holders map[int]string, name string) (shards []int) {
	for index, holder := range holders {
		if holder == name {
			shards = append(shards, index)
		}
	}
	slices.Sort(shards)
	return shards
}

// noteOutage notes that the node has served nothing from that moment on. held is who held what before that. It is of the
// games of which it is certain that this node was to serve them: those of shards that are still its own, since one that was
// handed over in these very moments may have been served by another; and of these the ones in flight, since one that is made
// later may bear the time at which somebody asked for it.
func (b *breaker) noteOutage(ctx context.Context, v *victim, from time.Time, held map[int]string) error {
	flying := b.run.still.inFlight()
	now, err := b.run.fleet.redis.holders(ctx)
	if err != nil {
		return err
	}
	o := outage{from: from, games: make(map[string]bool)}
	for _, game := range flying {
		if index := shardOf(game); now[index] == v.name && held[index] == v.name {
			o.games[game] = true
		}
	}
	b.run.fleet.mu.Lock()
	defer b.run.fleet.mu.Unlock()
	b.run.fleet.outages = append(b.run.fleet.outages, o)
	return nil
}

// outagesOf are the moments from which nobody served a game.
func (f *fleet) outagesOf(game string) (from []time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.outages {
		if o.games[game] {
			from = append(from, o.from)
		}
	}
	return from
}

package crashtest

import (
	"context"
	"slices"
	"time"
)

// outage is the moment from which nobody served some shards: their owner was dead, or stood still. It ended when another node
// had taken them, or when the owner was woken.
type outage struct {
	from   time.Time
	shards map[int]bool
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

// noteOutage notes that the node has served nothing from that moment on. before is who held what before that. Only shards that
// it holds still count: one that was handed over in these very moments may have been served by another.
func (f *fleet) noteOutage(ctx context.Context, v *victim, from time.Time, before map[int]string) error {
	now, err := f.redis.holders(ctx)
	if err != nil {
		return err
	}
	o := outage{from: from, shards: make(map[int]bool)}
	for _, index := range heldBy(now, v.name) {
		if before[index] == v.name {
			o.shards[index] = true
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outages = append(f.outages, o)
	return nil
}

// outagesOf are the moments from which nobody served a game.
func (f *fleet) outagesOf(game string) (from []time.Time) {
	index := shardOf(game)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.outages {
		if o.shards[index] {
			from = append(from, o.from)
		}
	}
	return from
}

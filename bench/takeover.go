package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// TakeOver is how fast a node brings the games back that a dead one has left in Redis.
type TakeOver struct {
	Games     int     `json:"games"` // in play when their node was killed
	PliesMost int     `json:"plies_most"`
	Plies     float64 `json:"plies_mean"`
	Snapshots float64 `json:"snapshots"` // that the dead node has written; games without have their journal alone
	Restored  float64 `json:"restored"`  // games in the other node's memory
	Shards    int     `json:"shards"`
	Seconds   float64 `json:"seconds"` // from the first shard claimed to the last one served, to 10 ms
	PerSecond float64 `json:"games_per_second"`
	EachShard float64 `json:"shard_mean_ms"`  // from a shard's being taken to its being served
	Absent    float64 `json:"absent_seconds"` // from the start of the other node until it claims: the dead one's lease, mostly
}

const (
	takeOverPlies  = 60 // games have from 1 to so many
	takeOverEvents = 32 // of a game, after which it is snapshotted
)

// takeOver kills a node with many games, and measures how another takes them.
func (r *run) takeOver(ctx context.Context) (err error) {
	n, err := r.newNodes(ctx, clusterShards)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	snapshots := fmt.Sprint("--snapshot-events=", takeOverEvents)
	dies, err := n.first(ctx, snapshots)
	if err != nil {
		return err
	}
	k := TakeOver{PliesMost: takeOverPlies, Shards: n.shards}
	mix := make([]script, len(r.scripts))
	for i := range mix {
		mix[i] = r.scripts[i][:1+i*(takeOverPlies-1)/(len(mix)-1)]
	}
	if k.Games, k.Plies, err = r.playMany(ctx, dies, mix, r.config.Cluster.TakeOverGames); err != nil {
		return err
	}
	values, err := dies.scrape()
	if err != nil {
		return err
	}
	k.Snapshots = values["plywire_shard_snapshots_total"]
	r.say("%d games of %.0f plies on average, %.0f snapshots", k.Games, k.Plies, k.Snapshots)
	if err := dies.process.Kill(); err != nil {
		return err
	}
	began := time.Now()
	heir, err := n.start(ctx, "n2", snapshots)
	if err != nil {
		return err
	}
	if err := k.watch(ctx, heir, began); err != nil {
		return err
	}
	r.cluster().TakeOver = &k
	r.say("another node has claimed %d shards after %.2f s, and brought %.0f games back in %.2f s: %.0f a second", k.Shards, k.Absent, k.Restored, k.Seconds, k.PerSecond)
	return nil
}

// watch follows a node that takes all shards.
func (k *TakeOver) watch(ctx context.Context, heir *subject, began time.Time) error {
	var claimed time.Time
	err := poll(ctx, takeOverPoll, func() (bool, error) {
		values, err := heir.scrape()
		if claimed.IsZero() && values["plywire_cluster_shards"] > 0 {
			claimed = time.Now()
		}
		k.Restored = values["plywire_shard_restored_total"]
		took := values["plywire_cluster_take_seconds_count"]
		k.EachShard = 1000 * values["plywire_cluster_take_seconds_sum"] / max(took, 1)
		return took >= float64(k.Shards), err
	})
	if err != nil {
		return err
	}
	k.Seconds, k.Absent = time.Since(claimed).Seconds(), claimed.Sub(began).Seconds()
	k.PerSecond = k.Restored / k.Seconds
	if k.Restored == 0 {
		return errors.New("no game was restored")
	}
	return nil
}

// takeOverPoll is how often a node is asked how far it is.
const takeOverPoll = 10 * time.Millisecond

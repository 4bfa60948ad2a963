package bench

import (
	"errors"
	"fmt"
	"time"
)

// ClusterParts are what can be measured of several nodes on one Redis, in the order in which it is.
var ClusterParts = []string{"handover", "failover", "takeover", "hop"}

// wholeCluster stands for all of ClusterParts.
const wholeCluster = "cluster"

// ClusterConfig says how nodes on one Redis are measured. Rounds, Duration, Warmup and, for hops, Games are those of Config.
type ClusterConfig struct {
	Lease         time.Duration // of every node
	Shards        int           // where they are handed over; otherwise there are as many as a cluster has by itself
	HandOverGames int           // in play while shards are handed over
	HandOverPlies int           // to which each of them is played before
	HandOverRate  float64       // moves a second, over all of them
	FailoverGames int           // in play while a node is killed, each with one move a second
	TakeOverGames int           // of a node that is killed, for another to take
	HopRate       float64       // moves a second
}

// DefaultClusterConfig measures a cluster in less than five minutes.
func DefaultClusterConfig() ClusterConfig {
	return ClusterConfig{Lease: 3 * time.Second, Shards: 8, HandOverGames: 8000, HandOverPlies: 20, HandOverRate: 1000, FailoverGames: 1000,
		TakeOverGames: 40_000, HopRate: 2000}
}

// Validate reports every fault at once.
func (c ClusterConfig) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("bench: "+format, args...))
		}
	}
	need(c.Lease >= time.Second && c.Lease <= 20*time.Second, "a lease is %v, want 1s to 20s", c.Lease)
	need(c.Shards >= 4 && c.Shards <= 1024, "%d shards are handed over, want 4 to 1024", c.Shards)
	need(c.HandOverGames >= 1 && c.HandOverGames <= gamesMax, "%d games during hand-overs, want 1 to %d", c.HandOverGames, gamesMax)
	need(c.HandOverPlies >= 0 && c.HandOverPlies <= pliesMin/2, "games of %d plies during hand-overs, want 0 to %d", c.HandOverPlies, pliesMin/2)
	need(c.HandOverRate > 0 && c.HandOverRate <= 1e5, "during hand-overs %v moves a second, want more than 0, to 100000", c.HandOverRate)
	need(c.FailoverGames >= 10 && c.FailoverGames <= gamesMax, "%d games where a node is killed, want 10 to %d", c.FailoverGames, gamesMax)
	need(c.TakeOverGames >= gamesEach && c.TakeOverGames <= 1_000_000, "%d games to be taken over, want %d to 1000000", c.TakeOverGames, gamesEach)
	need(c.HopRate > 0 && c.HopRate <= 1e6, "moves that hop come at %v a second, want more than 0, to 1000000", c.HopRate)
	return errors.Join(faults...)
}

// Cluster is what was measured of several nodes on one Redis.
type Cluster struct {
	HandOver *HandOver `json:"handover,omitempty"`
	Failover *Failover `json:"failover,omitempty"`
	TakeOver *TakeOver `json:"takeover,omitempty"`
	Hops     []Hop     `json:"hops,omitempty"`
}

// cluster is the report's part for it.
func (r *run) cluster() *Cluster {
	if r.report.Cluster == nil {
		r.report.Cluster = new(Cluster)
	}
	return r.report.Cluster
}

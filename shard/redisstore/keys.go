package redisstore

import (
	"strconv"

	"github.com/plywire/plywire/shard"
)

// formatVersion is the version of the keys, and of what they mean together.
const formatVersion = 1

// keys are those of one shard. What stands in braces decides on the slot of a Redis Cluster, so that all of a shard is in one.
type keys struct {
	owner    string // hash: epoch, owner
	head     string // hash: n, batch, at, first; see commitScript
	journal  string // stream: one item a batch, whose id is the position of its last entry
	live     string // set: resident actors
	expiry   string // sorted set: actors by the milliseconds of Unix time after which they may be forgotten
	snapshot string // in front of an actor's ID: string
}

func keysOf(name string, id int) keys {
	tag := "{" + name + ":" + strconv.Itoa(id) + "}:"
	return keys{owner: tag + "owner", head: tag + "head", journal: tag + "journal", live: tag + "live", expiry: tag + "expiry", snapshot: tag + "snap:"}
}

func (k *keys) of(actor shard.ID) string { return k.snapshot + actor.String() }

// clusterKey is the hash that says what the cluster is: format, shards, incarnation.
func clusterKey(name string) string { return "{" + name + "}:cluster" }

// begunKey is the set of the shards that have had an owner. It stays where the cluster's record is when a server of a Redis
// Cluster loses a shard.
func begunKey(name string) string { return "{" + name + "}:begun" }

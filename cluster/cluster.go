// Package cluster makes several nodes one system: who belongs to it, which node serves which shard, how a command finds the
// node that serves its actor, and how a shard passes from one node to another.
//
// It must know nothing of what an actor means, and must never rely on a lease for safety: whatever it gets wrong, the journal
// refuses a node whose shard another has taken.
package cluster

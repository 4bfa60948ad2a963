package cluster

import (
	"context"
	"errors"
	"time"
)

// Member is one node, as it announces itself.
type Member struct {
	ID       string // drawn anew at every start, so that a node which was started again is another one
	Name     string // the operator's
	Link     string // TCP address at which the other nodes reach it, host:port
	URL      string // at which clients reach it; empty: not known
	Draining bool   // it is leaving: no shard should come to it
	Games    int    // in its memory
	Conns    int    // clients' connections
	Since    time.Time
}

// Standing is a member and how long it still is one.
type Standing struct {
	Member
	// Left is what is left of its lease by the registry's clock; 0 or less: its shards may be taken.
	Left time.Duration
}

// View is how the cluster stands, all of one moment.
type View struct {
	Members []Standing // all whose lease has not run out for long; by ID
	// Version names the contents of Holders and Pins, and is never 0. It can be compared for equality alone.
	Version uint64
	// Holders has the ID of the member that holds each shard, empty for none. It is nil where Version is the one that the
	// caller knew.
	Holders []string
	// Pins has the names of nodes (Member.Name) to which an operator has pinned a shard. Nil like Holders.
	Pins map[int]string
}

// Registry is what the nodes share besides the journal. It decides, at one place and one thing at a time, who holds which
// shard. It is safe for concurrent use. All methods block; an error other than those below means that nobody knows whether it
// was done.
//
// To hold a shard is a matter of liveness alone: who writes to its journal is decided by shard.Store, with a token.
type Registry interface {
	// Renew announces the member, or announces it anew, for so long from now on by the registry's own clock. known is the
	// version of the view that the caller has; 0: none.
	Renew(ctx context.Context, me Member, lease time.Duration, known uint64) (View, error)
	// Claim makes a member the holder of those of the shards that nobody holds, or whose holder's lease has run out. It
	// returns the ones that the member holds then. It fails with ErrNoMember if the member's own lease has run out.
	Claim(ctx context.Context, id string, shards []int) ([]int, error)
	// Pass makes another member the holder of a shard, unless it is already. It fails with ErrNotHolder if from does not hold it, and with
	// ErrNoMember if to has no lease.
	Pass(ctx context.Context, shard int, from, to string) error
	// Withdraw takes the member out: its shards may be claimed at once. A Renew on its way that comes later brings it back.
	Withdraw(ctx context.Context, id string) error
	// Pin has a shard served by the node of that name whenever it is there; an empty name ends that.
	Pin(ctx context.Context, shard int, name string) error
}

// What a Registry answers.
var (
	ErrNoMember  = errors.New("cluster: the node has no lease")
	ErrNotHolder = errors.New("cluster: the node does not hold the shard")
)

// Package admin is what operators say to a cluster, and what they are told: the words of the operators' API, its client, and
// the token that opens it.
//
// It must know nothing of the server: whoever runs a cluster sees what is said over HTTP.
package admin

import (
	"fmt"
	"time"
)

// Cluster is how a cluster stands, as one of its nodes sees it.
type Cluster struct {
	Node   string  `json:"node"`  // name of the node that tells
	Alone  bool    `json:"alone"` // it is the only one there can be: its games are in its own folder
	Nodes  []Node  `json:"nodes"` // by name
	Shards []Shard `json:"shards"`
}

// Node is one of the nodes.
type Node struct {
	Name        string    `json:"name"`
	ID          string    `json:"id"`            // drawn at its start
	Link        string    `json:"link"`          // where the other nodes reach it; empty where it is alone
	URL         string    `json:"url"`           // where clients do
	Draining    bool      `json:"draining"`      // it gets no shard, and gives away what it has
	Silent      string    `json:"silent"`        // why it has not told how its shards are; empty: it has
	Shards      int       `json:"shards"`        // that it holds
	Games       int       `json:"games"`         // in its memory
	Connections int       `json:"connections"`   // of clients
	LeaseLeftMS int64     `json:"lease_left_ms"` // 0 or less: its shards may be taken; 0 where it is alone
	Since       time.Time `json:"since"`         // when it was started
}

// Shard is one of the shards. What comes behind Known is told by its holder, and zero unless Known.
type Shard struct {
	Index   int     `json:"shard"`
	Node    string  `json:"node"`    // name of its holder; empty: nobody holds it
	NodeID  string  `json:"node_id"` // its ID
	Wanted  string  `json:"wanted"`  // name of the node that should hold it
	Pin     string  `json:"pin"`     // name of the node to which it is pinned; empty: none
	Moving  bool    `json:"moving"`  // it is being taken or handed over
	Known   bool    `json:"known"`
	Served  bool    `json:"served"`
	Epoch   uint64  `json:"epoch"`   // how often it has changed its owner
	Games   int     `json:"games"`   // in memory
	Queued  int     `json:"queued"`  // commands that wait
	Head    uint64  `json:"head"`    // events that it has ever had
	Journal uint64  `json:"journal"` // those of them that are in no snapshot, or not trimmed yet
	LagMS   float64 `json:"lag_ms"`  // for how long its last batch has been at the store; 0: none is
}

// Order is the body of a request. Node is the name of a node, or its ID; empty: the one that is asked, where that makes sense.
type Order struct {
	Node string `json:"node"`
}

// Done is the answer to a request that was carried out.
type Done struct {
	Action string  `json:"action"` // move, pin, unpin, drain, undrain or rebalance
	Node   string  `json:"node,omitempty"`
	Shard  *int    `json:"shard,omitempty"`
	Pins   *int    `json:"pins,omitempty"` // that have ended
	TookMS float64 `json:"took_ms"`
}

// String says it in a line.
func (d Done) String() string {
	took := time.Duration(d.TookMS * float64(time.Millisecond)).Round(time.Millisecond)
	shard, pins := 0, 0
	if d.Shard != nil {
		shard = *d.Shard
	}
	if d.Pins != nil {
		pins = *d.Pins
	}
	switch d.Action {
	case "move":
		return fmt.Sprintf("shard %d is served by %s, to which it is pinned, after %v", shard, d.Node, took)
	case "pin":
		return fmt.Sprintf("shard %d is pinned to %s", shard, d.Node)
	case "unpin":
		return fmt.Sprintf("shard %d is pinned to nobody", shard)
	case "drain":
		return fmt.Sprintf("%s has no shard any more, after %v, and gets none before undrain", d.Node, took)
	case "undrain":
		return fmt.Sprintf("shards come to %s again", d.Node)
	case "rebalance":
		return fmt.Sprintf("%d pins have ended; shards go home", pins)
	}
	return fmt.Sprintf("%s is done, after %v", d.Action, took)
}

// Failure is the answer to one that was not.
type Failure struct {
	Error string `json:"error"`
}

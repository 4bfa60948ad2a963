package server

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/plywire/plywire/admin"
	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/shard"
)

// statusFresh is how old what the status page shows may be: however many look, the nodes ask each other no more often.
const statusFresh = 500 * time.Millisecond

// status is what the status page shows.
type status struct {
	Name        string         `json:"name"`
	URL         string         `json:"url"`
	Ready       bool           `json:"ready"`
	UpSeconds   int64          `json:"up_seconds"`
	Connections int            `json:"connections"`
	Watched     int            `json:"watched"`
	Games       int            `json:"games"`
	Queued      int            `json:"queued"`
	HeapMiB     uint64         `json:"heap_mib"`
	Goroutines  int            `json:"goroutines"`
	Rules       []string       `json:"rules"`
	Store       string         `json:"store"`
	Cluster     *admin.Cluster `json:"cluster"` // null before the node has joined
}

// lastStatus is the status as it was told last.
type lastStatus struct {
	mu   sync.Mutex
	at   time.Time
	text []byte
}

// tellStatus tells how the server is, to the page and other programs. Nothing can be changed by it.
func (s *Server) tellStatus(w http.ResponseWriter, r *http.Request) {
	last := &s.lastStatus
	last.mu.Lock()
	if time.Since(last.at) >= statusFresh {
		// Others wait for this one, too: it does not end with who has asked first.
		last.text, _ = json.Marshal(s.status(context.WithoutCancel(r.Context()))) // of plain values, so it cannot fail
		last.at = time.Now()
	}
	text := last.text
	last.mu.Unlock()
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text)
}

func (s *Server) status(ctx context.Context) status {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	now := status{Name: s.config.Gateway.Node, URL: s.URL(), Ready: s.gateway.Ready(), UpSeconds: int64(time.Since(s.started).Seconds()),
		Connections: s.gateway.Connections(), Watched: s.gateway.Watched(), Games: s.node.Loaded(), Queued: s.node.Queued(),
		HeapMiB: memory.HeapAlloc >> 20, Goroutines: runtime.NumGoroutine(), Rules: s.config.Table.Registry.Names(), Store: s.config.StoreName()}
	if stands, err := s.survey(ctx); err == nil {
		now.Cluster = &stands
	}
	return now
}

// survey is how the cluster stands, or this node if it is alone.
func (s *Server) survey(ctx context.Context) (admin.Cluster, error) {
	if s.cluster == nil {
		return s.own(), nil
	}
	m := s.cluster.Survey(ctx)
	if len(m.Members) == 0 {
		return admin.Cluster{}, errNoJoin
	}
	return told(s.config.Gateway.Node, &m), nil
}

// own is how this node is, which is alone.
func (s *Server) own() admin.Cluster {
	name, shards := s.config.Gateway.Node, s.node.Status()
	c := admin.Cluster{Node: name, Alone: true, Shards: make([]admin.Shard, len(shards)), Nodes: []admin.Node{{Name: name, URL: s.URL(),
		Shards: len(shards), Games: s.node.Loaded(), Connections: s.gateway.Connections(), Since: s.started.UTC()}}}
	for i, each := range shards {
		c.Shards[i] = admin.Shard{Index: i, Node: name, Wanted: name}
		tellShard(&c.Shards[i], each)
	}
	return c
}

// told is how a cluster stands, in the words of operators.
func told(name string, m *cluster.Map) admin.Cluster {
	c := admin.Cluster{Node: name, Nodes: make([]admin.Node, len(m.Members)), Shards: make([]admin.Shard, len(m.Shards))}
	names, has := make(map[string]string, len(m.Members)), make(map[string]int, len(m.Members))
	for _, member := range m.Members {
		names[member.ID] = member.Name
	}
	for i := range m.Shards {
		each := &m.Shards[i]
		has[each.Holder]++
		c.Shards[i] = admin.Shard{Index: i, Node: nameIn(names, each.Holder), NodeID: each.Holder, Wanted: nameIn(names, each.Wanted), Pin: each.Pin, Moving: each.Moving}
		if each.Told {
			tellShard(&c.Shards[i], each.Status)
		}
	}
	for i, member := range m.Members {
		node := admin.Node{Name: member.Name, ID: member.ID, Link: member.Link, URL: member.URL, Draining: member.Draining, Shards: has[member.ID],
			Games: member.Games, Connections: member.Conns, LeaseLeftMS: member.Left.Milliseconds(), Since: member.Since}
		if member.Unheard != nil {
			node.Silent = member.Unheard.Error()
		}
		c.Nodes[i] = node
	}
	return c
}

// nameIn is a node's name, or its ID if it has gone.
func nameIn(names map[string]string, id string) string {
	if name := names[id]; name != "" {
		return name
	}
	return id
}

// tellShard fills in what the holder of a shard tells.
func tellShard(to *admin.Shard, s shard.Status) {
	to.Known, to.Served, to.Epoch, to.Games, to.Queued = true, s.Served, uint64(s.Epoch), s.Loaded, s.Queued
	to.Head, to.Journal, to.LagMS = s.Head, s.Journal, milliseconds(s.Lag)
}

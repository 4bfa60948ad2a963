package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/shard"
)

// Gateway is where clients come in on this node.
type Gateway interface {
	shard.Publisher
	shard.Flusher
	// Watches tells whether somebody on this node watches the actor.
	Watches(actor shard.ID) bool
	// EachWatched calls f for every actor that somebody on this node watches.
	EachWatched(f func(actor shard.ID))
	// Resync has everybody who watches an actor of which lost says true asked for what he may have missed. It does not block.
	Resync(lost func(actor shard.ID) bool)
}

// Codec writes what is said to actors, and what they say, so that another node can read it. What is parsed must not be kept by
// the caller beyond the parsing. It is safe for concurrent use.
type Codec interface {
	AppendRequest(dst []byte, body any) ([]byte, error)
	ParseRequest(frame []byte) (any, error)
	AppendReply(dst []byte, reply any) ([]byte, error)
	ParseReply(frame []byte) (any, error)
	AppendNotice(dst []byte, notice any) ([]byte, error)
	ParseNotice(frame []byte) (any, error)
	// Watches tells whether whoever asks this wants to hear of the actor from the answer on.
	Watches(body any) bool
	// Repeatable tells whether it does no harm to ask this twice.
	Repeatable(body any) bool
	// Departed is what tells an actor that the node of that ID has gone, and all who came in there.
	Departed(node string) any
}

// Node is this node's part in a cluster. Send and Post are safe for concurrent use.
type Node struct {
	// Set at start, never changed.
	config   Config
	log      zerolog.Logger
	metrics  *metrics
	registry Registry
	codec    Codec
	identity link.Identity
	listener *link.Listener
	shards   *shard.Node
	gateway  Gateway
	routes   []route
	audience *audience
	context  context.Context // ends with Close
	cancel   context.CancelFunc
	closed   <-chan struct{}
	calling  chan struct{} // has room for one: the usher should look now
	waking   chan struct{} // has room for one: the usher has something to do, soon
	poked    chan struct{} // has room for one: renew now
	tasks    sync.WaitGroup
	held     atomic.Int64 // commands that wait
	ending   atomic.Bool

	beating sync.Mutex // one renewal at a time; guards steady and failing
	steady  time.Time  // since when every renewal has come in time
	failing time.Time  // when it was last said that renewals fail

	mu      sync.Mutex
	me      Member
	view    View
	beaten  time.Time            // when the last renewal that succeeded was sent
	peers   map[string]*peer     // by ID
	guests  map[string]*guest    // by ID
	moving  map[int]string       // shards that are being taken or handed over, and to whom
	later   map[int]time.Time    // shards not to be tried again before then
	settled map[int]time.Time    // when a shard's last motion ended: what was asked before that does not count for it
	seen    map[string]time.Time // since when a member is known here
	handing int                  // shards being handed over
	leaving bool                 // for good: Leave was called
	doubted map[string]struct{}  // names that were said to be used twice
}

// New makes a node, which listens to others on the address from now on, and does nothing else before Start. advertise says
// what the others are told; nil: where it listens. shards is their number in the cluster.
func New(config Config, address string, advertise func(listening net.Addr) string, shards int, identify func(id string) (link.Identity, error), registry Registry, codec Codec, registerer prometheus.Registerer) (*Node, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("cluster: draw an id: %w", err)
	}
	n := &Node{config: config, log: config.Logger, metrics: newMetrics(registerer), registry: registry, codec: codec,
		routes: make([]route, shards), audience: newAudience(), calling: make(chan struct{}, 1), waking: make(chan struct{}, 1), poked: make(chan struct{}, 1),
		peers: make(map[string]*peer), guests: make(map[string]*guest), moving: make(map[int]string), later: make(map[int]time.Time), settled: make(map[int]time.Time),
		seen: make(map[string]time.Time), doubted: make(map[string]struct{})}
	nobody := ""
	for i := range n.routes {
		n.routes[i].holder.Store(&nobody)
	}
	n.context, n.cancel = context.WithCancel(context.Background())
	n.closed = n.context.Done()
	n.me = Member{ID: id.String(), Name: config.Name, URL: config.URL, Since: time.Now().UTC()}
	n.gauges(registerer)
	if n.identity, err = identify(n.me.ID); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	if n.listener, err = link.Listen(address, n.identity, config.Link, n.welcome); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	n.me.Link = n.listener.Addr().String()
	if advertise != nil {
		n.me.Link = advertise(n.listener.Addr())
	}
	return n, nil
}

// ID is this node's, drawn at its start.
func (n *Node) ID() string { return n.me.ID }

// Start announces the node, and begins to serve what falls to it. It blocks until the node is announced; it fails if that is
// not possible. The shards come to it afterwards.
func (n *Node) Start(ctx context.Context, shards *shard.Node, gateway Gateway) error {
	n.shards, n.gateway = shards, gateway
	shards.Hold(time.Now(), 0) // nothing is served before there is a lease
	shards.Join(n.Post, n.lost)
	shards.Begin()
	if _, err := n.beat(ctx); err != nil {
		return fmt.Errorf("cluster: announce this node: %w", err)
	}
	n.tasks.Go(n.usher)
	n.tasks.Go(n.beatAlways)
	n.log.Info().Str("node", n.me.Name).Str("id", n.me.ID).Str("link", n.me.Link).Msg("joined the cluster")
	return nil
}

// Close ends the node's part in the cluster: its lease is given up, and its links end. What waits is refused. The shards that it
// still serves have to be drained before. It blocks, for the registry no longer than ctx.
func (n *Node) Close(ctx context.Context) error {
	n.ending.Store(true)
	n.cancel()
	var err error
	if n.shards != nil {
		n.beating.Lock() // a renewal under way would bring the node back
		err = n.registry.Withdraw(ctx, n.me.ID)
		n.beating.Unlock()
	}
	n.mu.Lock()
	peers := n.peers
	n.peers = nil
	n.mu.Unlock()
	for _, p := range peers {
		p.close()
	}
	n.listener.Close()
	n.tasks.Wait()
	if err != nil {
		return fmt.Errorf("cluster: give up the lease: %w", err)
	}
	return nil
}

// Forget ends the lease of a node that certainly does not run any more, so that nobody waits for that.
func (n *Node) Forget(ctx context.Context, id string) error { return n.registry.Withdraw(ctx, id) }

// peer is another member; nil if it is not known here.
func (n *Node) peer(id string) *peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.peers[id]
}

func (n *Node) holderOf(index int) string { return *n.routes[index].holder.Load() }

// nameOf is a member's name, or its ID if it has gone.
func (n *Node) nameOf(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.view.Members {
		if n.view.Members[i].ID == id {
			return n.view.Members[i].Name
		}
	}
	return id
}

// learn notes that somebody says who holds a shard.
func (n *Node) learn(index int, holder string) {
	if index < len(n.routes) && holder != "" && holder != n.me.ID {
		n.setHolder(index, holder)
	}
}

// heard notes that another node says that it serves a shard.
func (n *Node) heard(index int, holder string, warm bool) {
	if index >= len(n.routes) {
		return
	}
	n.changeHolder(index, holder)
	n.routes[index].heard.Store(&holder)
	n.kick()
	if !warm {
		n.missed(func(i int) bool { return i == index })
	}
}

// setHolder changes where the commands of a shard go. Those under way to who held it before go there, too.
func (n *Node) setHolder(index int, holder string) {
	if n.changeHolder(index, holder) {
		n.doubt(map[int]string{index: holder})
	}
	n.kick()
}

// doubt has what was missed of shards asked for if their new holders do not soon say by themselves that they serve them.
func (n *Node) doubt(shards map[int]string) {
	time.AfterFunc(n.config.Lease/3, func() {
		quiet := make(map[int]bool)
		for index, holder := range shards {
			if heard := n.routes[index].heard.Load(); (heard == nil || *heard != holder) && n.holderOf(index) == holder {
				quiet[index] = true
			}
		}
		if len(quiet) > 0 {
			n.missed(func(index int) bool { return quiet[index] })
		}
	})
}

// changeHolder is setHolder without looking for what was missed meanwhile.
func (n *Node) changeHolder(index int, holder string) bool {
	before := *n.routes[index].holder.Swap(&holder)
	if before == holder {
		return false
	}
	n.routes[index].heard.Store(nil)
	if p := n.peer(before); p != nil {
		for _, c := range p.takeBack(func(i int) bool { return i == index }) {
			c.again()
		}
	}
	return holder != n.me.ID // where it is this node, whoever takes the shard does
}

// missed has those who watch actors of these shards asked for what they may have missed.
func (n *Node) missed(of func(index int) bool) {
	if n.ending.Load() {
		return
	}
	n.gateway.Resync(func(actor shard.ID) bool { return of(shard.Of(actor, len(n.routes))) })
}

// lost hears that a shard has stopped here. If it still is this node's it is taken again.
func (n *Node) lost(index int, cause error) {
	n.metrics.lost.Inc()
	if errors.Is(cause, shard.ErrFenced) {
		n.log.Warn().Int("shard", index).Msg("another node has taken this shard")
	} else {
		n.log.Error().Err(cause).Int("shard", index).Msg("a shard has stopped; it is taken again")
	}
	n.poke()
}

// poke has the lease renewed now, and what has changed looked at.
func (n *Node) poke() {
	select {
	case n.poked <- struct{}{}:
	default:
	}
}

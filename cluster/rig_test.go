package cluster_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/cluster/twinregistry"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shards is how many the tests' clusters have.
const shards = 16

// rig is a cluster in one process: the nodes have a registry and a store in memory, and real links.
type rig struct {
	testing.TB
	config   cluster.Config
	registry *twinregistry.Registry
	store    *twinstore.Store

	mu    sync.Mutex
	away  map[string]bool // nodes that do not reach the registry
	nodes []*member
}

// member is one node.
type member struct {
	*cluster.Node
	name   string
	shards *shard.Node
	store  *twinstore.Store
	viewer *viewer
	dead   bool
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t, config: cluster.DefaultConfig(), away: make(map[string]bool)}
	r.config.Lease, r.config.Beat, r.config.Margin = 600*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond
	r.config.HoldFor, r.config.Settle, r.config.GoneAfter = 20*time.Second, 0, 50*time.Millisecond
	r.config.HandOvers = 4
	var err error
	r.registry, err = twinregistry.New(twinregistry.Config{Shards: shards, Fault: func(c twinregistry.Call) twinregistry.Fault {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.away[c.ID] {
			return twinregistry.FaultLost
		}
		return twinregistry.FaultNone
	}})
	must(t, err)
	r.store, err = twinstore.New(twinstore.Config{Shards: shards})
	must(t, err)
	t.Cleanup(r.end)
	return r
}

func (r *rig) end() {
	for _, m := range r.nodes {
		if !m.dead {
			_ = m.Close(context.Background())
			_ = m.shards.Drain(context.Background())
		}
		for _, breach := range m.store.Breaches() {
			r.Error(breach)
		}
	}
}

// isolate has a node not reach the registry, or reach it again.
func (r *rig) isolate(m *member, is bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away[m.ID()] = is
}

// join starts a node.
func (r *rig) join() *member {
	r.Helper()
	m := &member{name: fmt.Sprintf("n%d", len(r.nodes)+1), store: r.store.Reopen(), viewer: newViewer()}
	config := r.config
	config.Name = m.name
	if testing.Verbose() {
		config.Logger = zerolog.New(zerolog.NewTestWriter(r)).With().Str("on", m.name).Logger()
	}
	secret := []byte("one secret of the whole cluster!")
	var err error
	m.Node, err = cluster.New(config, "127.0.0.1:0", nil, shards, func(id string) (link.Identity, error) { return link.FromSecret(secret, id) },
		r.registry, codec{}, prometheus.NewRegistry())
	must(r, err)
	m.viewer.node, m.viewer.fail = m.Node, r.Errorf
	sc := shard.DefaultConfig()
	sc.UpkeepInterval, sc.SnapshotEvents = 100*time.Millisecond, 8
	sc.SnapshotInterval = sc.UpkeepInterval
	m.shards, err = shard.NewNode(sc, m.store, lists{}, m.Node, shard.RealTime(), prometheus.NewRegistry(), zerolog.Nop())
	must(r, err)
	must(r, m.Start(r.Context(), m.shards, m.viewer))
	r.nodes = append(r.nodes, m)
	return m
}

// kill ends a node without a word.
func (r *rig) kill(m *member) {
	m.dead = true
	m.store.Crash()
	m.Kill()
}

// eventually waits until something is so.
func (r *rig) eventually(what string, is func() bool) {
	r.Helper()
	deadline := time.After(30 * time.Second)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ticker.C:
		case <-deadline:
			r.Fatalf("it is not so after 30s: %s", what)
		}
	}
}

// spread waits until every shard is served, by those of the nodes that live and where it should be.
func (r *rig) spread() {
	r.Helper()
	r.eventually("every shard is served where it should be", func() bool {
		var members []cluster.Standing
		for _, m := range r.nodes {
			if !m.dead {
				members = append(members, cluster.Standing{Member: cluster.Member{ID: m.ID(), Name: m.name}, Left: time.Second})
			}
		}
		for i, id := range cluster.Wanted(shards, members, nil) {
			for _, m := range r.nodes {
				if !m.dead && m.shards.Served(i) != (m.ID() == id) {
					return false
				}
			}
		}
		return true
	})
}

// heardBack is what became of a command.
type heardBack struct {
	reply any
	err   error
}

type sender chan heardBack

func (s sender) Answer(reply any, err error) { s <- heardBack{reply, err} }

// ask asks a list something over a node, and waits for the answer.
func (m *member) ask(ctx context.Context, id shard.ID, body any) (any, error) {
	s := make(sender, 1)
	if err := m.Send(shard.Command{Actor: id, Body: body, Sender: s}); err != nil {
		return nil, err
	}
	select {
	case h := <-s:
		return h.reply, h.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func listID(n int) (id shard.ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// load has writers add to lists, each over a node of its own, until it is stopped: then every value that was acknowledged
// has to be in its list once.
type load struct {
	*rig
	lists int
	stop  chan struct{}
	done  sync.WaitGroup

	mu    sync.Mutex
	acked map[shard.ID]map[uint64]uint64 // value to place
	count int
}

func (r *rig) load(writers, lists int, via func(writer int) *member) *load {
	l := &load{rig: r, lists: lists, stop: make(chan struct{}), acked: make(map[shard.ID]map[uint64]uint64)}
	for w := range writers {
		l.done.Go(func() { l.write(w, via) })
	}
	return l
}

func (l *load) write(w int, via func(int) *member) {
	random := rand.New(rand.NewPCG(7, uint64(w)))
	for i := uint64(0); ; i++ {
		select {
		case <-l.stop:
			return
		default:
		}
		id, value := listID(random.IntN(l.lists)), uint64(w)<<32|i
		for try := 0; ; try++ {
			m := via(w)
			ctx, cancel := context.WithTimeout(l.Context(), 25*time.Second)
			reply, err := m.ask(ctx, id, add{value})
			cancel()
			if err == nil {
				l.note(id, value, reply.(heard).after)
				break
			}
			if m == via(w) && !errors.Is(err, shard.ErrUnavailable) || try > 10 {
				l.Errorf("writer %d at %s: %v", w, m.name, err)
				return
			}
		}
	}
}

func (l *load) note(id shard.ID, value, place uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.acked[id] == nil {
		l.acked[id] = make(map[uint64]uint64)
	}
	l.acked[id][value] = place
	l.count++
}

func (l *load) written() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// more waits until so many more values were acknowledged.
func (l *load) more(n int) {
	l.Helper()
	want := l.written() + n
	l.eventually(fmt.Sprintf("%d more values are acknowledged", n), func() bool { return l.written() >= want })
}

// finish stops the writers, and checks what was acknowledged over a node, and what its viewer and the others' have seen.
func (l *load) finish(via *member) {
	l.Helper()
	close(l.stop)
	l.done.Wait()
	for n := range l.lists {
		id := listID(n)
		reply, err := via.ask(l.Context(), id, look{})
		must(l, err)
		values := reply.(heard).values
		times := make(map[uint64]int)
		for i, v := range values {
			if times[v]++; times[v] > 1 {
				l.Errorf("list %d has %d twice", n, v)
			}
			if place, acked := l.acked[id][v]; acked && place != uint64(i+1) {
				l.Errorf("list %d has %d at %d, acknowledged at %d", n, v, i+1, place)
			}
		}
		for v := range l.acked[id] {
			if times[v] == 0 {
				l.Errorf("list %d has lost %d", n, v)
			}
		}
		for _, m := range l.nodes {
			if m.dead || !m.viewer.Watches(id) {
				continue
			}
			l.eventually(fmt.Sprintf("the viewer at %s has seen all of list %d", m.name, n), func() bool { return len(m.viewer.seen(id)) >= len(values) })
			for i, v := range m.viewer.seen(id) {
				if i < len(values) && v != values[i] {
					l.Errorf("the viewer at %s has seen %d at %d of list %d, which is %d", m.name, v, i+1, n, values[i])
				}
			}
		}
	}
}

package contract

import (
	"cmp"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/connectfour"
	"github.com/plywire/plywire/game/nim"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
	"github.com/plywire/plywire/table"
)

// settings are the configurations of a stage's parts, all of them the defaults before a scene changes any.
type settings struct {
	gateway gateway.Config
	auth    auth.Config
	table   table.Config
	shard   shard.Config
	store   twinstore.Config
}

// stage is a whole server in memory, and those who talk to it. It stands in a bubble of testing/synctest, in which time
// passes only when the scene says so: what is said on it is the same every time.
type stage struct {
	t        *testing.T
	docs     *documents
	seen     *coverage
	settings settings
	minter   *authtest.Minter
	script   *script
	actors   []*actor // in the order in which they first came
	calls    int      // made by HTTP so far

	// Replaced by restart.
	dials   chan net.Conn
	down    chan struct{}
	auth    *auth.Authenticator
	gateway *gateway.Server
	node    *shard.Node
	store   *twinstore.Store
	http    *http.Server
	served  chan error
}

// newStage starts a server. It must be called in a bubble.
func newStage(t *testing.T, docs *documents, seen *coverage, change func(*settings)) *stage {
	t.Helper()
	s := &stage{t: t, docs: docs, seen: seen, script: newScript()}
	var err error
	s.minter, err = authtest.New("here", []byte("a secret for tokens of tests alone, long enough for HS256 and its kin"))
	must(t, err)
	key := filepath.Join(t.TempDir(), "token.key")
	must(t, s.minter.WriteKey(key))
	c := &s.settings
	*c = settings{gateway.DefaultConfig(), auth.DefaultConfig(), table.DefaultConfig(), shard.DefaultConfig(), twinstore.DefaultConfig()}
	c.gateway.Node = "node-1"
	c.auth.Keys = []auth.KeyFile{{Path: key, ID: "here"}}
	c.auth.ResumeKeyFiles, c.auth.ResumeKeys = nil, [][]byte{[]byte("0123456789abcdef0123456789abcdef")}
	c.table.Registry = game.NewRegistry(chess.Rules{}, connectfour.Rules{}, rps.Rules{}, nim.Rules{}, shaky{})
	c.store.Shards = 4
	if change != nil {
		change(c)
	}
	s.store, err = twinstore.New(c.store)
	must(t, err)
	s.start()
	t.Cleanup(func() {
		for _, a := range s.actors {
			a.hangUp()
		}
		s.stop()
		must(t, s.store.Close())
		if breaches := s.store.Breaches(); len(breaches) > 0 {
			t.Errorf("the store saw its contract broken: %q", breaches)
		}
	})
	return s
}

func (s *stage) start() {
	s.t.Helper()
	var err error
	metrics := prometheus.NewRegistry()
	s.auth, err = auth.New(s.t.Context(), s.settings.auth, zerolog.Nop())
	must(s.t, err)
	s.gateway, err = gateway.New(s.settings.gateway, s.auth, metrics, zerolog.Nop())
	must(s.t, err)
	s.settings.table.Lost = s.gateway.Lost
	tables, err := table.NewTables(s.settings.table)
	must(s.t, err)
	s.node, err = shard.NewNode(s.settings.shard, s.store, tables, s.gateway, shard.RealTime(), metrics, zerolog.Nop())
	must(s.t, err)
	must(s.t, s.node.Start(s.t.Context()))
	s.gateway.Attach(s.node)
	s.dials, s.down, s.served = make(chan net.Conn), make(chan struct{}), make(chan error, 1)
	s.http = &http.Server{Handler: s.gateway, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { s.served <- s.http.Serve(pipes{s.dials, s.down}) }()
}

// stop ends the server in peace, as package server does.
func (s *stage) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.node.Drain(ctx); err != nil {
		s.t.Error(err)
	}
	s.gateway.Close(ctx)
	_ = s.http.Close()
	<-s.served
	s.auth.Close()
	time.Sleep(time.Second) // net/http lingers for half of it after a body that it has not read
}

// restart is what an operator does: the server stops, and another one starts on the same data after that time.
func (s *stage) restart(after time.Duration) {
	s.t.Helper()
	s.stop()
	s.settle()
	s.pass(after)
	must(s.t, s.store.Close())
	s.store = s.store.Reopen()
	s.start()
	s.note("The server is back.")
}

// settle lets everything happen that follows from what was done, and writes down what the actors were told.
func (s *stage) settle() {
	s.t.Helper()
	synctest.Wait()
	for _, a := range s.actors {
		all := a.takeHeard()
		// What came over different connections came in no order.
		slices.SortStableFunc(all, func(x, y heard) int { return cmp.Compare(x.call.number(), y.call.number()) })
		for _, each := range all {
			s.witness(a, each)
		}
	}
}

// pass lets time pass.
func (s *stage) pass(d time.Duration) {
	s.t.Helper()
	s.script.pass(d)
	time.Sleep(d)
	s.settle()
}

// note writes a remark into the transcript.
func (s *stage) note(text string) { s.script.note(text) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pipes is a net.Listener of connections in memory.
type pipes struct {
	dials chan net.Conn
	down  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dials:
		return conn, nil
	case <-p.down:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	close(p.down)
	return nil
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// dial connects to the server of the stage.
func (s *stage) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case s.dials <- far:
		return near, nil
	case <-s.down:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// shaky is Nim with a mistake in it: one move makes it fail.
type shaky struct{ nim.Rules }

func (shaky) Name() string { return "shaky" }

func (r shaky) Setup(options []byte, seed uint64) (game.Position, error) {
	position, err := r.Rules.Setup(options, seed)
	return shakyPosition{position}, err
}

func (r shaky) Restore(state []byte) (game.Position, error) {
	position, err := r.Rules.Restore(state)
	return shakyPosition{position}, err
}

type shakyPosition struct{ game.Position }

func (p shakyPosition) Decide(seat game.Seat, text string) (game.Move, error) {
	if text == "1:13" {
		panic("thirteen sticks")
	}
	return p.Position.Decide(seat, text)
}

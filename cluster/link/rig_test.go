package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

var secret = []byte("sixteen and more bytes")

func identity(t testing.TB, node string) Identity {
	t.Helper()
	id, err := FromSecret(secret, node)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// quick is a configuration for tests, in which nobody waits for long; IdleMax leaves room for a busy machine.
func quick() Config {
	cfg := DefaultConfig()
	cfg.RetryMin, cfg.RetryMax = time.Millisecond, 5*time.Millisecond
	return cfg
}

// ears is a Handler that remembers everything.
type ears struct {
	conn    *Conn
	before  func(frame []byte) // called first in Frame
	changed chan struct{}      // one token

	mu      sync.Mutex
	frames  [][]byte
	flushes int
	loose   int // frames since the last Flush
	downs   []error
	late    int // calls after Down
}

func newEars(conn *Conn) *ears { return &ears{conn: conn, changed: make(chan struct{}, 1)} }

func (e *ears) Frame(frame []byte) {
	if e.before != nil {
		e.before(frame)
	}
	e.note(func() { e.frames, e.loose = append(e.frames, append([]byte(nil), frame...)), e.loose+1 })
}

func (e *ears) Flush() { e.note(func() { e.flushes, e.loose = e.flushes+1, 0 }) }

func (e *ears) Down(cause error) { e.note(func() { e.downs = append(e.downs, cause) }) }

func (e *ears) note(change func()) {
	e.mu.Lock()
	if len(e.downs) > 0 {
		e.late++
	}
	change()
	e.mu.Unlock()
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// await waits until what was heard is so.
func (e *ears) await(t testing.TB, what string, so func() bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		e.mu.Lock()
		is := so()
		e.mu.Unlock()
		if is {
			return
		}
		select {
		case <-e.changed:
		case <-limit:
			t.Fatalf("in %v there was no %s: %d frames, down %v", patience, what, len(e.frames), e.downs)
		}
	}
}

func (e *ears) awaitFrames(t testing.TB, n int) [][]byte {
	t.Helper()
	e.await(t, fmt.Sprintf("%d frames", n), func() bool { return len(e.frames) >= n && e.loose == 0 })
	return e.frames
}

func (e *ears) awaitDown(t testing.TB) error {
	t.Helper()
	e.await(t, "end", func() bool { return len(e.downs) > 0 })
	if len(e.downs) > 1 || e.late > 0 || e.loose > 0 {
		t.Fatalf("%d ends, %d calls after the end, %d frames without Flush", len(e.downs), e.late, e.loose)
	}
	return e.downs[0]
}

// meeting gives out the Handlers of new connections.
type meeting struct {
	all    chan *ears
	before func(frame []byte)
}

func newMeeting() *meeting { return &meeting{all: make(chan *ears, 100)} }

func (m *meeting) come(conn *Conn) Handler {
	e := newEars(conn)
	e.before = m.before
	m.all <- e
	return e
}

func (m *meeting) next(t testing.TB) *ears {
	t.Helper()
	return receive(t, m.all, "connection")
}

func receive[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("in %v there was no %s", patience, what)
		panic("unreachable")
	}
}

func listen(t testing.TB, id Identity, cfg Config, m *meeting) *Listener {
	t.Helper()
	l, err := Listen("127.0.0.1:0", id, cfg, m.come)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func dial(t testing.TB, address, peer string, id Identity, cfg Config, m *meeting) *Dialer {
	t.Helper()
	d, err := Dial(address, peer, id, cfg, m.come)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// pair is a connection from the node a to the node b.
type pair struct {
	a, b     *ears
	dialer   *Dialer
	listener *Listener
}

func connect(t testing.TB, cfgA, cfgB Config, before func(frame []byte)) pair {
	t.Helper()
	atA, atB := newMeeting(), newMeeting()
	atB.before = before
	p := pair{listener: listen(t, identity(t, "b"), cfgB, atB)}
	p.dialer = dial(t, p.listener.Addr().String(), "b", identity(t, "a"), cfgA, atA)
	p.a, p.b = atA.next(t), atB.next(t)
	return p
}

// refusals counts those that an Observer is told of, and gives them out.
func refusals(cfg *Config) <-chan Reason {
	told := make(chan Reason, 10_000)
	cfg.Observer.Refused = func(r Reason) {
		select {
		case told <- r:
		default:
		}
	}
	return told
}

// awaitErr waits until the Dialer has an error that is not the one of the start.
func awaitErr(t testing.TB, d *Dialer, told <-chan Reason) (Reason, string) {
	t.Helper()
	receive(t, told, "refusal")
	receive(t, told, "second refusal") // by then the first is what Err says, or a later one
	refusal := (*Refusal)(nil)
	if err := d.Err(); !errors.As(err, &refusal) {
		t.Fatalf("the error is %v, want a Refusal", err)
	}
	return refusal.Reason, refusal.Error()
}

// proxy passes on what two nodes say, until it is told to swallow it, or to cut them off.
type proxy struct {
	net.Listener
	hole atomic.Bool

	mu    sync.Mutex
	conns []net.Conn
}

func startProxy(t testing.TB, to string) *proxy {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: socket}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			near, err := socket.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, near, far)
			p.mu.Unlock()
			tasks.Go(func() { p.pass(near, far) })
			tasks.Go(func() { p.pass(far, near) })
		}
	})
	t.Cleanup(func() {
		socket.Close()
		p.cut()
		tasks.Wait()
	})
	return p
}

func (p *proxy) pass(to, from net.Conn) {
	bytes := make([]byte, 64<<10)
	for {
		n, err := from.Read(bytes)
		if p.hole.Load() {
			// As a host that has lost its network: nothing arrives, and nobody is told, not even of an end.
			io.Copy(io.Discard, from)
			return
		}
		if err == nil {
			_, err = to.Write(bytes[:n])
		}
		if err != nil {
			to.Close()
			return
		}
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

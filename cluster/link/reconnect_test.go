package link

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/plywire/plywire/loadtest/process"
)

func TestALostConnectionIsMadeAgain(t *testing.T) {
	atA, atB := newMeeting(), newMeeting()
	l := listen(t, identity(t, "b"), quick(), atB)
	between := startProxy(t, l.Addr().String())
	d := dial(t, between.Addr().String(), "b", identity(t, "a"), quick(), atA)
	for round := range 5 {
		a, b := atA.next(t), atB.next(t)
		a.conn.Send(numbered(round, 8))
		b.conn.Send(numbered(round, 8))
		a.awaitFrames(t, 1)
		b.awaitFrames(t, 1)
		between.cut()
		if cause := a.awaitDown(t); errors.Is(cause, ErrClosed) {
			t.Errorf("a connection that was cut ended with %v", cause)
		}
		b.awaitDown(t)
	}
	atA.next(t)
	d.Close()
}

// A dialer tries for ever, no more seldom than RetryMax says, and does not fill the log with that.
func TestADialerTriesAgainAndAgain(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket.Close()
	var text log
	cfg := quick()
	cfg.Logger = zerolog.New(&text)
	told := refusals(&cfg)
	d := dial(t, socket.Addr().String(), "b", identity(t, "a"), cfg, newMeeting())
	for range 40 { // doubled each time, the wait would be years
		receive(t, told, "attempt")
	}
	d.Close()
	if lines := strings.Count(text.String(), "\n"); lines < 1 || lines > 20 {
		t.Errorf("40 attempts have written %d lines:\n%s", lines, text.String())
	}
}

func TestADialerWaitsForAListener(t *testing.T) {
	address, err := process.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	cfg := quick()
	told := refusals(&cfg)
	atA, atB := newMeeting(), newMeeting()
	d := dial(t, address, "b", identity(t, "a"), cfg, atA)
	if reason, text := awaitErr(t, d, told); reason != ReasonDial {
		t.Errorf("%s: %s, want %s", reason, text, ReasonDial)
	}
	l, err := Listen(address, identity(t, "b"), quick(), atB.come)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	atA.next(t)
}

// A host that is gone, or stopped, says nothing: both sides notice by that.
func TestADeadPeerIsNoticed(t *testing.T) {
	cfg := quick()
	cfg.PingInterval, cfg.IdleMax = 100*time.Millisecond, 2*time.Second
	atA, atB := newMeeting(), newMeeting()
	l := listen(t, identity(t, "b"), cfg, atB)
	between := startProxy(t, l.Addr().String())
	dial(t, between.Addr().String(), "b", identity(t, "a"), cfg, atA)
	a, b := atA.next(t), atB.next(t)
	a.conn.Send(numbered(0, 8))
	b.awaitFrames(t, 1)
	between.hole.Store(true)
	began := time.Now()
	for name, e := range map[string]*ears{"dialer": a, "listener": b} {
		// Who notices first closes; through the hole that does not come through.
		if cause := e.awaitDown(t); !errors.Is(cause, ErrIdle) {
			t.Errorf("%s: it ended with %v, want ErrIdle", name, cause)
		}
	}
	if took := time.Since(began); took < cfg.IdleMax/2 {
		t.Errorf("noticed after %v, want no less than %v without the last sign of life", took, cfg.IdleMax)
	}
	between.hole.Store(false)
	between.cut()
	atA.next(t) // there is a network again
}

func TestANodeThatDialsAgainReplacesItsConnection(t *testing.T) {
	atB := newMeeting()
	gate := make(chan struct{})
	held := make(chan struct{}, 1)
	atB.before = func([]byte) {
		held <- struct{}{}
		<-gate
	}
	l := listen(t, identity(t, "b"), quick(), atB)
	from := byHand(t, identity(t, "a"), quick())
	first, err := from(l.Addr().String(), "b")
	if err != nil {
		t.Fatal(err)
	}
	before := atB.next(t)
	first.Write(appendFrame(nil, []byte("one")))
	receive(t, held, "frame")
	// The second one gets its answer when the handler of the first is through.
	made := make(chan error, 1)
	go func() {
		_, err := from(l.Addr().String(), "b")
		made <- err
	}()
	io.Copy(io.Discard, first) // until the first is ended
	select {
	case err := <-made:
		t.Errorf("a second connection beside one whose handler is at work: %v", err)
	case e := <-atB.all:
		t.Errorf("a second handler beside the first: %v", e)
	default:
	}
	close(gate)
	if err := receive(t, made, "second connection"); err != nil {
		t.Fatal(err)
	}
	after := atB.next(t)
	if cause := before.awaitDown(t); !errors.Is(cause, ErrReplaced) {
		t.Errorf("the first ended with %v, want ErrReplaced", cause)
	}
	if err := after.conn.Send([]byte("two")); err != nil {
		t.Errorf("the second is down: %v", err)
	}
}

func TestOnlySoManyNodesAreTaken(t *testing.T) {
	atB := newMeeting()
	cfg := quick()
	cfg.ConnsMax = 2
	l := listen(t, identity(t, "b"), cfg, atB)
	for _, node := range []string{"a", "c"} {
		if _, err := byHand(t, identity(t, node), quick())(l.Addr().String(), "b"); err != nil {
			t.Fatal(err)
		}
		atB.next(t)
	}
	_, err := byHand(t, identity(t, "d"), quick())(l.Addr().String(), "b")
	refusal := (*Refusal)(nil)
	if !errors.As(err, &refusal) || refusal.Reason != ReasonPeer {
		t.Fatalf("the third node hears %v", err)
	}
	t.Log(err)
	// One that was there may come again.
	if _, err := byHand(t, identity(t, "a"), quick())(l.Addr().String(), "b"); err != nil {
		t.Errorf("a node that was there hears %v", err)
	}
}

// A dialer whose peer takes the connection and says nothing is closed at once, and does not wait for the peer.
func TestADialerIsClosedDuringItsHandshake(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	cfg := quick()
	cfg.HandshakeTimeout = time.Hour
	d := dial(t, socket.Addr().String(), "b", identity(t, "a"), cfg, newMeeting())
	raw, err := socket.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Read(make([]byte, 1)); err != nil { // the handshake has begun
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		d.Close()
	}()
	receive(t, closed, "end of the dialer")
}

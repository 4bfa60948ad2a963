package link

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// byHand makes connections of which the test is the dialing side.
func byHand(t *testing.T, id Identity, cfg Config) func(address, peer string) (*tls.Conn, error) {
	side, err := newParty(id, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return func(address, peer string) (*tls.Conn, error) {
		raw, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { raw.Close() })
		return side.dial(raw, peer)
	}
}

// log is one that many may write to.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestNodesThatDoNotBelongAreRefused(t *testing.T) {
	stranger, err := FromSecret([]byte("another secret, as long"), "a")
	if err != nil {
		t.Fatal(err)
	}
	liar := identity(t, "a")
	liar.node = "c"
	elsewhere := quick()
	elsewhere.Cluster = "elsewhere"
	tests := map[string]struct {
		id         Identity
		cfg        Config
		peer       string
		here       Reason
		hereText   string
		there      Reason
		thereTexts string
	}{
		"another secret":  {stranger, quick(), "b", ReasonTLS, "do both have the same secret", ReasonTLS, "certificate"},
		"another cluster": {identity(t, "a"), elsewhere, "b", ReasonCluster, `the node b belongs to the cluster \"plywire\", this node to \"elsewhere\"`, ReasonCluster, `the node a belongs to the cluster \"elsewhere\", this node to \"plywire\"`},
		"another node":    {identity(t, "a"), quick(), "x", ReasonNode, "the node at the address is b, not x", ReasonNode, "the node a wants the node x, and this is b"},
		"a false name":    {liar, quick(), "b", ReasonPeer, "certificate says", ReasonNode, `the peer says that it is c, its certificate says \"a\"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			atA, atB := newMeeting(), newMeeting()
			var logA, logB log
			cfgB := quick()
			cfgB.Logger, test.cfg.Logger = zerolog.New(&logB), zerolog.New(&logA)
			toldB, toldA := refusals(&cfgB), refusals(&test.cfg)
			l := listen(t, identity(t, "b"), cfgB, atB)
			d := dial(t, l.Addr().String(), test.peer, test.id, test.cfg, atA)
			reason, text := awaitErr(t, d, toldA)
			if reason != test.here {
				t.Errorf("the dialer says %s: %s; want %s", reason, text, test.here)
			}
			if reason := receive(t, toldB, "refusal"); reason != test.there {
				t.Errorf("the listener says %s, want %s", reason, test.there)
			}
			d.Close()
			l.Close()
			if !strings.Contains(logA.String(), test.hereText) {
				t.Errorf("want %q in the dialer's log:\n%s", test.hereText, logA.String())
			}
			if !strings.Contains(logB.String(), test.thereTexts) {
				t.Errorf("want %q in the listener's log:\n%s", test.thereTexts, logB.String())
			}
			if len(atA.all)+len(atB.all) > 0 {
				t.Error("there was a connection")
			}
		})
	}
}

// secureByHand does the handshake of TLS, and says no hello.
func secureByHand(t *testing.T, address string) *tls.Conn {
	t.Helper()
	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(patience))
	current, _ := identity(t, "a").current()
	secured := tls.Client(raw, current.dialing())
	if err := secured.Handshake(); err != nil {
		t.Fatal(err)
	}
	return secured
}

func TestHellosThatAreRefused(t *testing.T) {
	good := hello{cluster: "plywire", node: "a", peer: "b"}.encode()
	newer := bytes.Clone(good)
	newer[len(magic)+1] = version + 1
	tests := map[string]struct {
		sent []byte
		want Reason
		text string
	}{
		"another version":     {appendFrame(nil, newer), ReasonVersion, "the peer speaks version 2 of the link, this node speaks version 1"},
		"another protocol":    {appendFrame(nil, []byte("GET / HTTP/1.1\r\n\r\n")), ReasonHello, "something else"},
		"nothing but magic":   {appendFrame(nil, []byte(magic)), ReasonHello, "something else"},
		"cut short":           {appendFrame(nil, good[:len(good)-1]), ReasonHello, "cut short"},
		"too much":            {appendFrame(nil, append(bytes.Clone(good), 0)), ReasonHello, "1 bytes too many"},
		"too long":            {appendFrame(nil, make([]byte, helloBytesMax+1)), ReasonHello, "1025 bytes"},
		"a name that is none": {appendFrame(nil, hello{cluster: "ply\nwire", node: "a", peer: "b"}.encode()), ReasonHello, `ply\nwire`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := quick()
			told := refusals(&cfg)
			l := listen(t, identity(t, "b"), cfg, newMeeting())
			secured := secureByHand(t, l.Addr().String())
			if _, err := secured.Write(test.sent); err != nil {
				t.Fatal(err)
			}
			answer, err := hear(secured)
			if err != nil {
				t.Fatal(err)
			}
			if reason := receive(t, told, "refusal"); reason != test.want || !strings.Contains(answer.refusal, test.text) {
				t.Errorf("refused with %s: %s; want %s: %s", reason, answer.refusal, test.want, test.text)
			}
			if _, err := secured.Read(make([]byte, 1)); err == nil {
				t.Error("the connection goes on")
			}
		})
	}
}

// pretend listens for nodes, takes anybody's certificate, and answers each hello with the same.
func pretend(t *testing.T, id Identity, answer []byte) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	current, _ := id.current()
	anybody := current.listening()
	anybody.ClientAuth = tls.RequireAnyClientCert
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			raw, err := socket.Accept()
			if err != nil {
				return
			}
			secured := tls.Server(raw, anybody)
			if _, err := hear(secured); err == nil {
				secured.Write(appendFrame(nil, answer))
			}
			raw.Close()
		}
	})
	t.Cleanup(func() {
		socket.Close()
		tasks.Wait()
	})
	return socket.Addr().String()
}

func TestADialerRefusesAListenerOfAnotherVersion(t *testing.T) {
	answer := hello{cluster: "plywire", node: "b", peer: "a"}.encode()
	answer[len(magic)] = 1 // version 257
	cfg := quick()
	told := refusals(&cfg)
	d := dial(t, pretend(t, identity(t, "b"), answer), "b", identity(t, "a"), cfg, newMeeting())
	if reason, text := awaitErr(t, d, told); reason != ReasonVersion || !strings.Contains(text, "version 257") {
		t.Errorf("%s: %s", reason, text)
	}
}

// A listener that would take anybody is not taken for a node.
func TestADialerRefusesAListenerThatDoesNotBelong(t *testing.T) {
	other, err := FromSecret([]byte("another secret, as long"), "b")
	if err != nil {
		t.Fatal(err)
	}
	here, elsewhere := newOffice(t), newOffice(t)
	here.sign(t, "one", bothUses...)
	elsewhere.sign(t, "two", bothUses...)
	answer := hello{cluster: "plywire", node: "b", peer: "a"}.encode()
	for name, test := range map[string]struct{ dialer, listener Identity }{
		"another secret":        {identity(t, "a"), other},
		"another authority":     {here.identity(t, "one", "a"), elsewhere.identity(t, "two", "b")},
		"an authority's secret": {identity(t, "a"), here.identity(t, "one", "b")},
	} {
		cfg := quick()
		told := refusals(&cfg)
		met := newMeeting()
		d := dial(t, pretend(t, test.listener, answer), "b", test.dialer, cfg, met)
		if reason, text := awaitErr(t, d, told); reason != ReasonTLS || !strings.Contains(text, "the peer's certificate is not accepted") {
			t.Errorf("%s: %s: %s", name, reason, text)
		}
		d.Close()
		if len(met.all) > 0 {
			t.Errorf("%s: there was a connection", name)
		}
	}
}

func TestStrangersAreRefused(t *testing.T) {
	garbage := bytes.Repeat([]byte("garbage "), 1000)
	tests := map[string]struct {
		do   func(t *testing.T, raw net.Conn)
		want Reason
	}{
		"garbage": {func(_ *testing.T, raw net.Conn) { raw.Write(garbage) }, ReasonTLS},
		"HTTP":    {func(_ *testing.T, raw net.Conn) { io.WriteString(raw, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") }, ReasonTLS},
		"nothing": {func(*testing.T, net.Conn) {}, ReasonSlow},
		"a look":  {func(_ *testing.T, raw net.Conn) { raw.Close() }, ReasonClosed},
		"no certificate": {func(_ *testing.T, raw net.Conn) {
			tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}).Handshake()
		}, ReasonTLS},
		"TLS 1.2": {func(t *testing.T, raw net.Conn) {
			current, _ := identity(t, "a").current()
			older := current.dialing()
			older.MinVersion, older.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
			tls.Client(raw, older).Handshake()
		}, ReasonTLS},
		"a member that speaks something else": {func(t *testing.T, raw net.Conn) {
			current, _ := identity(t, "a").current()
			other := current.both()
			other.InsecureSkipVerify, other.NextProtos = true, nil
			tls.Client(raw, other).Handshake()
		}, ReasonTLS},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := quick()
			if test.want == ReasonSlow {
				cfg.HandshakeTimeout = 50 * time.Millisecond
			}
			told := refusals(&cfg)
			atB := newMeeting()
			l := listen(t, identity(t, "b"), cfg, atB)
			raw, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			raw.SetDeadline(time.Now().Add(patience))
			test.do(t, raw)
			if reason := receive(t, told, "refusal"); reason != test.want {
				t.Errorf("refused with %s, want %s", reason, test.want)
			}
			if _, err := io.Copy(io.Discard, raw); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the socket stays open")
			}
			// Who belongs comes in all the same.
			dial(t, l.Addr().String(), "b", identity(t, "a"), quick(), newMeeting())
			atB.next(t)
		})
	}
}

func TestADialerRefusesWhatIsNoNode(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			raw, err := socket.Accept()
			if err != nil {
				return
			}
			io.WriteString(raw, "220 mail.example.org ESMTP\r\n")
			raw.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, raw)
			raw.Close()
		}
	})
	t.Cleanup(func() {
		socket.Close()
		tasks.Wait()
	})
	cfg := quick()
	told := refusals(&cfg)
	d := dial(t, socket.Addr().String(), "b", identity(t, "a"), cfg, newMeeting())
	if reason, text := awaitErr(t, d, told); reason != ReasonTLS || !strings.Contains(text, "does not speak TLS") {
		t.Errorf("%s: %s", reason, text)
	}
}

// Strangers that say nothing make room for who comes after them.
func TestStrangersDoNotKeepNodesOut(t *testing.T) {
	cfg := quick()
	cfg.HandshakesMax, cfg.HandshakeTimeout = 3, time.Hour
	told := refusals(&cfg)
	atB := newMeeting()
	l := listen(t, identity(t, "b"), cfg, atB)
	for range 10 {
		raw, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
	}
	for range 7 {
		if reason := receive(t, told, "refusal"); reason != ReasonCrowd {
			t.Errorf("refused with %s, want %s", reason, ReasonCrowd)
		}
	}
	dial(t, l.Addr().String(), "b", identity(t, "a"), quick(), newMeeting())
	atB.next(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.strangers.Len(); n > cfg.HandshakesMax {
		t.Errorf("%d are in their handshake, want at most %d", n, cfg.HandshakesMax)
	}
}

func TestWhatIsNoSequenceOfFramesEndsTheConnection(t *testing.T) {
	cfg := quick()
	cfg.FrameBytesMax = 1 << 10
	tests := map[string]struct {
		sent []byte
		text string
	}{
		"a frame that is too long": {[]byte{0, 0, 4, 1}, "a frame of 1025 bytes, the longest has 1024"},
		"the longest there can be": {[]byte{255, 255, 255, 255}, "a frame of 4294967295 bytes"},
		"half a length":            {[]byte{0, 0}, "it closed after 2 bytes of a frame"},
		"half a frame":             {[]byte{0, 0, 0, 5, 1, 2}, "it closed after 6 bytes of a frame"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			atB := newMeeting()
			l := listen(t, identity(t, "b"), cfg, atB)
			peer, err := byHand(t, identity(t, "a"), cfg)(l.Addr().String(), "b")
			if err != nil {
				t.Fatal(err)
			}
			peer.Write(append(appendFrame(nil, numbered(0, 8)), test.sent...))
			peer.CloseWrite()
			b := atB.next(t)
			if cause := b.awaitDown(t); !errors.Is(cause, ErrFormat) || !strings.Contains(cause.Error(), test.text) {
				t.Errorf("it ended with %v, want %s", cause, test.text)
			}
			checkNumbered(t, b.frames, []int{8})
		})
	}
}

package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/wire"
)

// FuzzSession sends any frames over one connection, from the first on. A zero byte ends a frame, one that begins with 0x01
// is binary. Every message in them is answered once and with its id, in JSON that the protocol knows, until there is one
// after which the protocol wants the connection closed: then it is, with the code for that.
func FuzzSession(f *testing.F) {
	const hello = `{"type":"hello","id":"h","resume":"$ANN"}`
	for _, script := range []string{
		`{"type":"hello"}`, hello, `{"type":"ping","id":"1"}`, `{"type":"hello","resume":"x"}`, `{"type":"hello","token":"a.b.c"}`,
		hello + "\x00" + `{"type":"move","id":"1","game":"$GAME","ply":2,"move":"g1f3"}` + "\n" + `{"type":"move","id":"1","game":"$GAME","ply":2,"move":"g1f3"}`,
		hello + "\n" + `{"type":"watch","id":"1","game":"$GAME","after":3}` + "\n" + `{"type":"watch","id":"2","game":"$OPEN"}` + "\n" + `{"type":"leave","id":"3","game":"$OPEN"}`,
		hello + "\x00" + `{"type":"create","id":"1","rules":"chess","clock":{"initial_ms":60000}}` + "\x00" + `{"type":"create","id":"1","rules":"nim"}`,
		hello + "\x00" + `{"type":"offer","id":"1","game":"$GAME","what":"draw"}` + "\x00" + `{"type":"say","id":"2","game":"$GAME","text":"hi"}` + "\x00" + `{"type":"resign","id":"3","game":"$GAME"}`,
		`{"type":"hello","id":"h","games":[{"game":"$GAME","after":2},{"game":"$OPEN"},{"game":"x"}]}` + "\x00" + `{"type":"join","id":"j","game":"$OPEN"}` + "\x00" + `{"type":"move","id":"r","game":"$OPEN","ply":0,"move":"rock"}`,
		hello + "\x00" + `{"type":"advance","id":"1","game":"$GAME","advance_ms":60000}` + "\x00" + `{"type":"claim","id":"2","game":"$GAME","what":"abandonment"}` + "\x00" + `{"type":"accept","id":"3","game":"$GAME","what":"rematch"}`,
		hello + "\x00\x01{}", hello + "\x00{\"type\":\"ping\",\"sent\":[1,{\"x\":null}]}\x00{\"type\":7}\x00{}", hello + "\x00" + hello, "\xff", "\x00\x00",
		hello + "\x00" + `{"type":"ping","id":7}` + "\n" + `{"type":"castle","id":"c"}` + "\n" + `{"type":"move","id":"m","game":"$GAME","ply":"2"}`,
	} {
		f.Add([]byte(script))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 8<<10 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			c := newScene(t).connect()
			frames := bytes.Split(script, []byte{0})
			for _, frame := range frames[:min(len(frames), 40)] {
				if !c.frame(frame) {
					return
				}
			}
		})
	})
}

// pipes is a listener whose connections are in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, open := <-p; open {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// conversation is one connection, and what has to be answered on it.
type conversation struct {
	*scene
	conn    *websocket.Conn
	greeted bool
	games   int // that the hello has named: each may be refused beside the welcome
	want    map[string]int
	hello   string

	mu  sync.Mutex
	got []wire.Message
	end error
}

func (s *scene) connect() *conversation {
	s.t.Helper()
	listener := make(pipes)
	server := &http.Server{Handler: s.server, ErrorLog: log.New(panics{s.t}, "", 0)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		listener <- far
		return near, nil
	}}}
	conn, _, err := websocket.Dial(s.t.Context(), "http://play.example.com/v1/ws", &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{wire.Subprotocol}})
	must(s.t, err)
	conn.SetReadLimit(1 << 20)
	c := &conversation{scene: s, conn: conn, want: map[string]int{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read()
	}()
	s.t.Cleanup(func() {
		_ = conn.CloseNow()
		<-read
		close(listener) // the server waits for it
		<-served
		_ = server.Close()
	})
	return c
}

// panics fails the test for what net/http has caught.
type panics struct{ t *testing.T }

func (p panics) Write(text []byte) (int, error) {
	p.t.Errorf("the HTTP server says: %s", text)
	return len(text), nil
}

func (c *conversation) read() {
	for {
		_, frame, err := c.conn.Read(context.Background())
		c.mu.Lock()
		if err != nil {
			c.end = err
			c.mu.Unlock()
			return
		}
		for raw := range bytes.SplitSeq(frame, []byte{'\n'}) {
			c.got = append(c.got, decode(c.t, raw))
			if c.got[len(c.got)-1].Type == wire.TypeError {
				checkError(c.t, raw)
			}
		}
		c.mu.Unlock()
	}
}

// frame sends a frame and checks what comes of it. It returns false when the connection is over.
func (c *conversation) frame(frame []byte) bool {
	kind, frame := websocket.MessageText, []byte(c.fill(string(frame)))
	if len(frame) > 0 && frame[0] == 1 {
		kind, frame = websocket.MessageBinary, frame[1:]
	}
	code := c.foresee(kind, frame)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	must(c.t, c.conn.Write(ctx, kind, frame))
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checkAnswers(code != 0)
	switch closed := int(websocket.CloseStatus(c.end)); {
	case c.end == nil && code != 0:
		c.t.Fatalf("%q: the connection goes on, want it closed with %d", frame, code)
	case c.end != nil && closed != code:
		c.t.Fatalf("%q: closed with %d (%v), want %d", frame, closed, c.end, code)
	}
	return code == 0
}

// foresee says what the protocol wants of a frame: an answer to each of its messages, and perhaps the end of the connection.
func (c *conversation) foresee(kind websocket.MessageType, frame []byte) (code int) {
	limit := gateway.DefaultConfig().HelloBytes
	if c.greeted {
		limit = gateway.DefaultConfig().MessageBytes
	}
	switch {
	case int64(len(frame)) > limit:
		return wire.CloseTooLarge
	case kind == websocket.MessageBinary:
		return wire.CloseBadMessage
	}
	wire.Split(frame, func(message []byte) bool {
		code = c.foreseeMessage(message)
		return code == 0
	})
	return code
}

func (c *conversation) foreseeMessage(message []byte) (code int) {
	request, err := wire.DecodeRequest(message)
	if errors.Is(err, wire.ErrNotProtocol) {
		c.want[""]++
		return wire.CloseBadMessage
	}
	c.want[request.ID]++
	switch {
	case c.greeted:
		return 0
	case err != nil, request.Type != wire.TypeHello, len(request.Games) > wire.GamesMax:
		return wire.CloseBadMessage
	case request.Resume != "" && !slices.Contains([]string{c.tokens["ann"], c.tokens["ben"], c.tokens["eve"]}, request.Resume),
		request.Resume == "" && request.Token != "":
		return wire.CloseUnauthenticated
	}
	c.greeted, c.games, c.hello = true, len(request.Games), request.ID
	return 0
}

// checkAnswers compares the answers that have come with those that are due. Requires: c.mu is held.
func (c *conversation) checkAnswers(closed bool) {
	c.t.Helper()
	due, refused := map[string]int{}, 0
	for id, n := range c.want {
		due[id] = n
	}
	for _, m := range c.got {
		switch m.Type {
		case wire.TypeError:
			if m.Re == c.hello && m.Game != "" && refused < c.games && due[m.Re] == 0 {
				refused++
				continue
			}
			due[m.Re]--
		case wire.TypeOK, wire.TypeWelcome, wire.TypePong:
			due[m.Re]--
		default:
			if m.Re != "" || m.Game == "" || !slices.Contains(told, m.Type) {
				c.t.Errorf("not a message of the protocol: %+v", m)
			}
		}
	}
	for id, n := range due {
		if n > 0 && !closed || n < 0 && !(id == c.hello && -n <= c.games-refused) {
			c.t.Fatalf("id %q: %d answers too few, after %+v", id, n, c.got)
		}
	}
}

// told are the messages of the server that answer nothing.
var told = strings.Fields("game created joined started moved offered accepted declined taken_back clock_adjusted ended presence watchers said")

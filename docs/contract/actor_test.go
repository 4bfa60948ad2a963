package contract

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// actor is somebody who talks to the server of a stage, by WebSocket and by HTTP.
type actor struct {
	stage  *stage
	name   string
	bearer string          // for HTTP; empty: none
	scheme string          // of Authorization, before the bearer
	origin string          // of the page that the actor uses HTTP from; empty: it is no page
	conn   *websocket.Conn // nil before the first connection

	mu    sync.Mutex
	heard []heard // and not yet written down
}

// heard is something that came from the server: a message, the end of a connection, or the answer to an HTTP request.
type heard struct {
	message []byte
	end     error
	call    *call
	answer  *answer
}

// actor returns the actor of that name, who has a token.
func (s *stage) actor(name string) *actor {
	s.t.Helper()
	a := s.stranger(name)
	token, err := s.minter.Mint(name, strings.ToUpper(name[:1])+name[1:], time.Now().Add(12*time.Hour))
	must(s.t, err)
	s.script.call(token, "<token of "+name+">")
	a.bearer = token
	return a
}

// stranger returns the actor of that name, who has no token.
func (s *stage) stranger(name string) *actor {
	a := &actor{stage: s, name: name, scheme: "Bearer"}
	s.actors = append(s.actors, a)
	return a
}

// connects opens a WebSocket without saying hello.
func (a *actor) connects() {
	a.stage.t.Helper()
	a.dials(wire.Subprotocol)
}

func (a *actor) dials(subprotocols ...string) {
	t := a.stage.t
	t.Helper()
	if a.conn != nil {
		a.hangUp()
		synctest.Wait() // the old connection's reader has ended
		a.takeHeard()
	}
	a.stage.script.line(a.name, "connects")
	conn, _, err := websocket.Dial(context.Background(), "http://server.test/v1/ws",
		&websocket.DialOptions{Subprotocols: subprotocols, HTTPClient: a.stage.client()})
	must(t, err)
	conn.SetReadLimit(1 << 20)
	a.conn = conn
	go a.listen(conn)
	a.stage.settle()
}

// isTurnedAway tries to open a WebSocket, and is answered by HTTP.
func (a *actor) isTurnedAway(header http.Header) {
	t := a.stage.t
	t.Helper()
	said := "tries to connect"
	for name := range header {
		said += " (" + name + ": " + header.Get(name) + ")"
	}
	a.stage.script.line(a.name, said)
	_, response, err := websocket.Dial(context.Background(), "http://server.test/v1/ws",
		&websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}, HTTPClient: a.stage.client(), HTTPHeader: header})
	if err == nil || response == nil {
		t.Fatalf("%s got in: %v", a.name, err)
	}
	body, err := io.ReadAll(response.Body) // the library has read the first kilobyte for us
	must(t, err)
	a.hears(heard{call: &call{method: http.MethodGet, path: "/v1/ws"}, answer: &answer{response.StatusCode, response.Header, body}})
	a.stage.settle()
}

// client makes HTTP requests to the server, each over a connection of its own.
func (s *stage) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.dial, DisableKeepAlives: true}}
}

// enters opens a WebSocket and says hello with the actor's token.
func (a *actor) enters() {
	a.stage.t.Helper()
	a.connects()
	a.says(`{"type":"hello","id":"hello","token":"<token of ` + a.name + `>"}`)
}

// listen reads until the connection ends.
func (a *actor) listen(conn *websocket.Conn) {
	for {
		_, frame, err := conn.Read(context.Background())
		if err != nil {
			a.hears(heard{end: err})
			return
		}
		for message := range bytes.SplitSeq(frame, []byte{'\n'}) {
			a.hears(heard{message: message})
		}
	}
}

func (a *actor) hears(h heard) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heard = append(a.heard, h)
}

func (a *actor) takeHeard() []heard {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.heard
	a.heard = nil
	return taken
}

// says sends messages that the documents allow, in one frame, and waits until all that follows has happened.
func (a *actor) says(messages ...string) {
	a.stage.t.Helper()
	for _, message := range messages {
		said := a.stage.script.values(message)
		kind, err := a.stage.docs.checkRequest([]byte(said))
		if err != nil {
			a.stage.t.Errorf("%s says what the schema refuses: %s\n%v", a.name, said, err)
		}
		a.stage.seen.requests[kind] = true
		a.stage.seen.noteFields([]byte(said))
	}
	a.writes(websocket.MessageText, strings.Join(messages, "\n"))
}

// babbles sends a message that the documents do not allow.
func (a *actor) babbles(message string) {
	a.stage.t.Helper()
	if _, err := a.stage.docs.checkRequest([]byte(a.stage.script.values(message))); err == nil {
		a.stage.t.Errorf("%s says what the schema should refuse: %s", a.name, message)
	}
	a.writes(websocket.MessageText, message)
}

// writes sends one frame.
func (a *actor) writes(kind websocket.MessageType, frame string) {
	a.stage.t.Helper()
	for line := range strings.SplitSeq(frame, "\n") {
		a.stage.script.line(a.name, "> "+line)
	}
	// An error is the server's to explain: it has closed the connection, which the reader hears.
	_ = a.conn.Write(context.Background(), kind, []byte(a.stage.script.values(frame)))
	a.stage.settle()
}

// isCutOff loses the connection without a word, as when a train enters a tunnel.
func (a *actor) isCutOff() {
	a.stage.t.Helper()
	a.stage.script.line(a.name, "loses the connection")
	a.hangUp()
	synctest.Wait()
	a.takeHeard() // the actor's own end of it
	a.stage.settle()
}

func (a *actor) hangUp() {
	if a.conn != nil {
		_ = a.conn.CloseNow()
	}
}

// call is an HTTP request.
type call struct {
	n            int // of the calls on the stage
	method, path string
	key          string // Idempotency-Key; empty: none
	body         string
	wants        string // the method that a browser asks whether its page may use; empty: it is no such question
}

// number orders what is heard: what comes over a WebSocket first, then the answers to calls.
func (c *call) number() int {
	if c == nil {
		return 0
	}
	return c.n
}

// answer is what comes back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// gets asks for a resource.
func (a *actor) gets(path string) {
	a.stage.t.Helper()
	a.does(call{method: http.MethodGet, path: path}, true)
}

// posts sends a command by HTTP that the documents allow.
func (a *actor) posts(path, key, body string) {
	a.stage.t.Helper()
	a.does(call{method: http.MethodPost, path: path, key: key, body: body}, true)
}

// misposts sends a command by HTTP that the documents do not allow.
func (a *actor) misposts(path, key, body string) {
	a.stage.t.Helper()
	a.does(call{method: http.MethodPost, path: path, key: key, body: body}, false)
}

// mayAsk has a browser ask whether its page may use a method. That is no operation of its own in the documents.
func (a *actor) mayAsk(method, path string) {
	a.stage.t.Helper()
	a.does(call{method: http.MethodOptions, path: path, wants: method}, false)
}

// does sends an HTTP request and waits until all that follows has happened; the answer may come later.
func (a *actor) does(c call, allowed bool) {
	s := a.stage
	s.t.Helper()
	said := c.method + " " + c.path
	for _, header := range [][2]string{{"Idempotency-Key", c.key}, {"Origin", a.origin}, {"Access-Control-Request-Method", c.wants}} {
		if header[1] != "" {
			said += " (" + header[0] + ": " + header[1] + ")"
		}
	}
	s.script.line(a.name, "> "+strings.TrimSpace(said+" "+c.body))
	c.path, c.body = s.script.values(c.path), s.script.values(c.body)
	if err := s.docs.checkCall(c); (err == nil) != allowed {
		s.t.Errorf("%s: allowed by the documents should be %v: %v", said, allowed, err)
	}
	request := s.request(a, c)
	s.calls++
	c.n = s.calls
	go func() {
		response, err := s.client().Do(request)
		if err != nil {
			a.hears(heard{call: &c, end: err})
			return
		}
		body, err := readAll(response)
		if err != nil {
			a.hears(heard{call: &c, end: err})
			return
		}
		a.hears(heard{call: &c, answer: &answer{response.StatusCode, response.Header, body}})
	}()
	s.settle()
}

// request makes an HTTP request of a call.
func (s *stage) request(a *actor, c call) *http.Request {
	s.t.Helper()
	request, err := http.NewRequest(c.method, "http://server.test"+c.path, strings.NewReader(c.body))
	must(s.t, err)
	if a.bearer != "" {
		request.Header.Set("Authorization", a.scheme+" "+a.bearer)
	}
	if a.origin != "" {
		request.Header.Set("Origin", a.origin)
	}
	if c.wants != "" {
		request.Header.Set("Access-Control-Request-Method", c.wants)
		request.Header.Set("Access-Control-Request-Headers", "authorization,content-type,idempotency-key")
	}
	if c.key != "" {
		request.Header.Set("Idempotency-Key", c.key)
	}
	return request
}

func readAll(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

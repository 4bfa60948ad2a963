package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// The close codes of the protocol, as the library has them.
const (
	statusBadMessage      = websocket.StatusCode(wire.CloseBadMessage)
	statusUnauthenticated = websocket.StatusCode(wire.CloseUnauthenticated)
	statusNoHello         = websocket.StatusCode(wire.CloseNoHello)
	statusTooMany         = websocket.StatusCode(wire.CloseTooMany)
)

// session is one connection and who is at its other end. One goroutine reads and decides; answers come from the shards.
type session struct {
	// Set at start, never changed.
	server *Server
	ip     string
	conn   *websocket.Conn
	out    outbox

	// Owned by the reader.
	limiter    *rate.Limiter // nil: no limit
	over       int           // messages over the rate
	helloTimer *time.Timer

	// Set by hello, which comes before everything else, and never changed after it.
	identity auth.Identity
	greeted  atomic.Bool

	roundTrip atomic.Int64 // nanoseconds, as last measured

	mu      sync.Mutex
	gone    bool            // the connection is: nothing begins any more
	watched []*subscription // of the games, each once
	pulse   *time.Timer     // the next heartbeat
	expiry  *time.Timer     // when the identity runs out
}

// push leaves a message for the client; it is sent when the burst ends, see outbox.
func (s *session) push(message []byte) { s.out.push(message) }

// flush sends what was pushed to anybody.
func (s *session) flush() { s.server.burst.flush() }

// run reads until the connection ends.
func (s *session) run(ctx context.Context) {
	defer s.close()
	s.helloTimer = time.AfterFunc(s.server.config.HelloTimeout, func() {
		if !s.greeted.Load() {
			s.out.end(statusNoHello, "no hello in time")
		}
	})
	defer s.helloTimer.Stop()
	s.conn.SetReadLimit(-1) // read sets our own: the library's cuts the connection before the client can hear why
	for s.read(ctx) {
	}
	s.out.wait()
}

// reads are buffers for frames being read: an idle connection has none.
var reads = sync.Pool{New: func() any { b := make([]byte, readKeep); return &b }}

// readKeep is the size of a buffer; a larger one, for a larger frame, is not kept.
const readKeep = 2 << 10

// read reads one frame and decides on its messages. It returns false when the connection ends.
func (s *session) read(ctx context.Context) bool {
	kind, reader, err := s.conn.Reader(ctx)
	if err != nil {
		return false
	}
	limit := s.server.config.HelloBytes
	if s.greeted.Load() {
		limit = s.server.config.MessageBytes
	}
	kept := reads.Get().(*[]byte)
	defer reads.Put(kept)
	frame, err := readUpTo(reader, *kept, int(limit)+1)
	at := time.Now()
	switch {
	case err != nil:
		return false
	case len(frame) > int(limit):
		s.out.end(websocket.StatusMessageTooBig, fmt.Sprintf("a frame may have %d bytes here", limit))
		return false
	case kind != websocket.MessageText:
		s.out.end(statusBadMessage, "frames of this protocol are text")
		return false
	}
	wire.Split(frame, func(message []byte) bool { return s.message(ctx, at, message) })
	s.flush()
	return !s.out.ending()
}

// readUpTo reads to the end, or so many bytes if there are more: into the buffer if they fit.
func readUpTo(reader io.Reader, buffer []byte, most int) ([]byte, error) {
	for n := 0; ; {
		if n == len(buffer) {
			buffer = append(make([]byte, 0, 4*n), buffer...)[:4*n]
		}
		got, err := reader.Read(buffer[n:])
		switch n += got; {
		case n >= most:
			return buffer[:most], nil
		case err == io.EOF:
			return buffer[:n], nil
		case err != nil:
			return nil, err
		}
	}
}

// message decides on one message. It returns false when those behind it in the frame are to be passed over.
func (s *session) message(ctx context.Context, at time.Time, raw []byte) bool {
	s.server.metrics.received.Inc()
	request, err := wire.DecodeRequest(raw)
	if errors.Is(err, wire.ErrNotProtocol) {
		s.server.metrics.command("", wire.CodeBadMessage)
		s.refuse("", wire.CodeBadMessage, err.Error())
		s.out.end(statusBadMessage, "not a message of this protocol")
		return false
	}
	if !s.allow(request) {
		return true
	}
	if err != nil {
		s.fail(request, wire.CodeBadMessage, err.Error())
		return s.greeted.Load() || s.unwelcome(statusBadMessage, "hello is expected")
	}
	if !s.greeted.Load() {
		return s.hello(ctx, request)
	}
	s.command(at, request)
	return true
}

// unwelcome ends a connection that has not said hello.
func (s *session) unwelcome(code websocket.StatusCode, reason string) bool {
	s.out.end(code, reason)
	return false
}

// allow holds the client to its rate. What is too much is refused; who does not heed that is sent away.
func (s *session) allow(request *wire.Request) bool {
	if s.limiter == nil {
		return true
	}
	cost := 1
	if request.Type == wire.TypeCreate {
		cost = s.server.config.CreateCost
	}
	if s.limiter.AllowN(time.Now(), cost) {
		s.over = 0
		return true
	}
	if s.over++; s.over > s.server.config.Patience {
		s.out.end(statusTooMany, "too many messages")
		return false
	}
	wait := time.Duration(float64(cost) / s.server.config.Rate * float64(time.Second))
	s.server.metrics.command(request.Type, wire.CodeTooManyRequests)
	s.push(wire.Encode(&wire.Message{Type: wire.TypeError, Re: request.ID, Code: wire.CodeTooManyRequests,
		Text: "too many messages: send them more slowly", RetryAfterMS: wait.Milliseconds()}))
	return false
}

// fail refuses a request and counts it.
func (s *session) fail(request *wire.Request, code wire.Code, text string) {
	s.server.metrics.command(request.Type, code)
	s.refuse(request.ID, code, text)
}

func (s *session) refuse(re string, code wire.Code, text string) {
	s.push(wire.Encode(&wire.Message{Type: wire.TypeError, Re: re, Code: code, Text: text}))
}

// watch makes the session a watcher of the game, and brings it up to date with the reply.
func (s *session) watch(id game.ID, reply *table.Reply) {
	s.mu.Lock()
	known := s.find(id)
	s.mu.Unlock()
	sub := s.server.hub.watch(known, id, s, s.identity.ID, reply)
	if sub == known {
		return
	}
	s.mu.Lock()
	gone := s.gone
	s.watched = append(s.watched, sub)
	s.mu.Unlock()
	if gone {
		s.server.hub.leave(sub) // close has looked at the list already
	}
}

// find returns the subscription of a game, or nil. Requires: s.mu is held.
func (s *session) find(id game.ID) *subscription {
	for _, sub := range s.watched {
		if sub.topic.id == id {
			return sub
		}
	}
	return nil
}

func (s *session) leave(id game.ID) {
	s.mu.Lock()
	sub := s.find(id)
	s.watched = slices.DeleteFunc(s.watched, func(each *subscription) bool { return each == sub })
	s.mu.Unlock()
	if sub != nil {
		s.server.hub.leave(sub)
	}
}

// mayWatch tells whether the session may watch the game: it does already, or it does not watch too many.
func (s *session) mayWatch(id game.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(id) != nil || len(s.watched) < s.server.config.GamesPerSession
}

// close takes the session out of everything. The connection is closed or will be at once.
func (s *session) close() {
	s.out.abandon()
	_ = s.conn.CloseNow()
	_ = s.out.socket.Close()
	s.mu.Lock()
	s.gone = true
	watched := s.watched
	s.watched = nil
	for _, timer := range []*time.Timer{s.pulse, s.expiry} {
		if timer != nil {
			timer.Stop()
		}
	}
	s.mu.Unlock()
	for _, sub := range watched {
		s.server.hub.leave(sub)
	}
	s.server.forget(s)
}

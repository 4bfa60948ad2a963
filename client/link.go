package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// closeTimeout is how long the server has to answer the Client's goodbye.
const closeTimeout = time.Second

// link is one WebSocket connection.
type link struct {
	ws     *websocket.Conn
	socket io.Closer // what carries ws; see bodyTap
	made   time.Time
	heard  atomic.Int64          // when a frame was last read, as the time since made
	cause  atomic.Pointer[error] // why this end ended it
	tear   atomic.Pointer[error] // why it cannot be written to any more
	gone   chan struct{}         // closed when nothing is read any more

	// of the goroutine that reads
	pulse *pulse      // from the welcome on
	drain *time.Timer // from a notice on that the server drains
}

// bodyTap keeps hold of the connection that a handshake has led to. websocket.Conn.Close waits ten seconds for a server that
// is silent, and CloseNow then waits for Close; only closing the connection under them ends that.
type bodyTap struct{ next http.RoundTripper }

type tapKey struct{}

func (t bodyTap) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusSwitchingProtocols {
		if tapped, ok := request.Context().Value(tapKey{}).(*io.Closer); ok {
			*tapped = response.Body
		}
	}
	return response, err
}

// dial makes a connection and the opening handshake.
func (c *Client) dial(ctx context.Context) (*link, error) {
	var socket io.Closer
	url := c.urls[c.tried]
	ws, response, err := websocket.Dial(context.WithValue(ctx, tapKey{}, &socket), url, &websocket.DialOptions{
		HTTPClient:   c.http,
		HTTPHeader:   c.cfg.Header,
		Subprotocols: []string{wire.Subprotocol},
	})
	switch {
	case err != nil && response != nil && response.StatusCode == http.StatusSwitchingProtocols:
		return nil, fmt.Errorf("%w: %w", errForeign, err)
	case err != nil && response != nil:
		return nil, &handshakeError{status: response.StatusCode, err: err}
	case err != nil:
		return nil, fmt.Errorf("connect to %s: %w", url, err)
	case ws.Subprotocol() != wire.Subprotocol:
		ws.CloseNow()
		return nil, fmt.Errorf("%w: %s does not speak %s", errForeign, url, wire.Subprotocol)
	}
	ws.SetReadLimit(c.cfg.ReadBytes)
	return &link{ws: ws, socket: socket, made: time.Now(), gone: make(chan struct{})}, nil
}

// fail ends the connection for the given reason, unless another came first.
func (l *link) fail(reason error) {
	l.cause.CompareAndSwap(nil, &reason)
	l.ws.CloseNow()
}

// torn ends the connection because a write has failed. The server may have said before why it ended the connection: there is
// a moment left to read that, so that a close code is not lost to whoever happened to write when it came.
func (l *link) torn(reason error) {
	if l.tear.CompareAndSwap(nil, &reason) {
		time.AfterFunc(closeTimeout, func() { l.socket.Close() }) // once more does no harm
	}
}

// why is the reason for which the connection ended, when reading from it ended with err.
func (l *link) why(err error) error {
	if cause := l.cause.Load(); cause != nil {
		return *cause
	}
	if tear := l.tear.Load(); tear != nil && websocket.CloseStatus(err) < 0 {
		return *tear
	}
	return err
}

// leave ends the connection with a goodbye that the server has closeTimeout to answer.
func (l *link) leave(reason error) {
	if !l.cause.CompareAndSwap(nil, &reason) {
		return // fail was first
	}
	impatient := time.AfterFunc(closeTimeout, func() { l.socket.Close() })
	l.ws.Close(websocket.StatusNormalClosure, "")
	impatient.Stop()
}

// quiet is for how long nothing was read.
func (l *link) quiet() time.Duration { return time.Since(l.made) - time.Duration(l.heard.Load()) }

// buffers hold frames while they are decoded: a Client that waits for the next one holds none.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// bufferKept is the largest buffer that goes back to the pool.
const bufferKept = 64 << 10

// read reads one frame and takes what is in it. The reads have no deadline of their own: pulse ends the connection.
func (c *Client) read(l *link) error {
	kind, reader, err := l.ws.Reader(context.Background())
	if err != nil {
		return err
	}
	buffer := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buffer.Cap() <= bufferKept {
			buffer.Reset()
			buffers.Put(buffer)
		}
	}()
	if _, err := buffer.ReadFrom(reader); err != nil {
		return err
	}
	l.heard.Store(int64(time.Since(l.made)))
	if kind != websocket.MessageText {
		return fmt.Errorf("%w: a binary frame", errForeign)
	}
	wire.Split(buffer.Bytes(), func(message []byte) bool {
		err = c.take(l, message)
		return err == nil
	})
	return err
}

// errForeign means that the other end speaks something else.
var errForeign = errors.New("the server does not speak this protocol")

// handshakeError means that the server answered the opening handshake with another status than 101.
type handshakeError struct {
	status int
	err    error
}

func (e *handshakeError) Error() string {
	return fmt.Sprintf("handshake answered with status %d: %v", e.status, e.err)
}

func (e *handshakeError) Unwrap() error { return e.err }

// passes tells whether the same handshake may succeed later.
func (e *handshakeError) passes() bool {
	switch e.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return e.status >= http.StatusInternalServerError
}

package client

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/plywire/plywire/wire"
)

// Client is one user's connection to a server, made anew whenever it is lost. All methods may be called by several
// goroutines at once.
type Client struct {
	// set at start, never change
	cfg     Config
	urls    []string // of the nodes, in the order in which they are tried
	http    *http.Client
	notices chan *wire.Message
	ctx     context.Context // of everything that the Client does by itself; ends with it
	cancel  context.CancelFunc
	met     chan struct{} // closed by the first welcome
	done    chan struct{} // closed when the Client has ended, and err says why
	tasks   sync.WaitGroup

	// writing is held by whoever writes to the socket; see flush.
	writing chan struct{}

	tried int // of urls, where the connection is or is tried; only the goroutine that runs uses it

	mu       sync.Mutex // guards what follows; never held while something blocks
	err      error      // why the Client ended, or nil
	failure  error      // why the last attempt to connect failed, or nil
	link     *link      // the connection, after its welcome; nil: none
	session  session
	commands commandList
	creating int // commands of type create that await their answer
	games    map[string]*Game
	kept     []*Game // those of games that are not followed, the oldest first
	stats    Stats
}

// session is what the last welcome said.
type session struct {
	known     bool // there was one
	user      wire.User
	resume    string
	node      string
	testClock bool
	bytesMax  int64
}

// Stats counts what a Client has been through.
type Stats struct {
	Connects       uint64        // connections that were welcomed; all but the first are reconnections
	Attempts       uint64        // connections that were tried
	Resent         uint64        // commands sent again on a new connection
	Retried        uint64        // commands sent again because the server was unavailable for them
	Healed         uint64        // gaps in games' events for which the missing ones were asked
	Overflows      uint64        // times that a game's queue was full and given up for its whole state
	NoticesDropped uint64        // notices for which Notices had no room
	RoundTrip      time.Duration // of the last ping; 0: none yet
}

// Connect connects to the server and returns when it has welcomed the user. What may pass, such as a server that is not
// there yet or overloaded, is tried again until ctx ends; what trying again is unlikely to mend, such as an address that
// does not exist there or a token that is refused, is an error at once.
func Connect(ctx context.Context, cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := newClient(cfg)
	c.tasks.Add(1)
	go c.run()
	select {
	case <-c.met:
		return c, nil
	case <-c.done:
		c.tasks.Wait()
		return nil, c.Err()
	case <-ctx.Done():
		c.mu.Lock()
		last := c.failure
		c.mu.Unlock()
		c.Close()
		if last != nil {
			return nil, fmt.Errorf("client: connect: %w; the last attempt: %w", ctx.Err(), last)
		}
		return nil, fmt.Errorf("client: connect: %w", ctx.Err())
	}
}

func newClient(cfg Config) *Client {
	c := &Client{
		cfg:     cfg,
		http:    cfg.httpClient(),
		notices: make(chan *wire.Message, cfg.Notices),
		met:     make(chan struct{}),
		done:    make(chan struct{}),
		writing: make(chan struct{}, 1),
		games:   map[string]*Game{},
	}
	c.urls, _ = cfg.endpoints() // Validate has seen them
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Close ends the Client, tells the server, and returns when all that the Client started has ended: at most about a second.
// Commands that await their answer fail with ErrClosed, and so does Game.Next when its queue is empty. A second call does
// nothing more.
func (c *Client) Close() error {
	c.end(ErrClosed)
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l != nil {
		l.leave(ErrClosed)
	}
	c.tasks.Wait()
	return nil
}

// end gives up for the given reason, unless that has happened.
func (c *Client) end(reason error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = reason
		c.cancel()
		close(c.done)
	}
	c.mu.Unlock()
}

// begin counts a task that Close is to wait for; false: the Client has ended, and the task must not begin.
func (c *Client) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return false
	}
	c.tasks.Add(1)
	return true
}

// Done is closed when the Client has ended: by Close, or because the server says that connecting again is no use.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the Client has ended: ErrClosed, or an error that wraps ErrEnded. It is nil until Done is closed.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// User is who the user is for the server.
func (c *Client) User() wire.User {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.user
}

// Node names the node of the server that this Client was connected to last.
func (c *Client) Node() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.node
}

// TestClock tells whether the server runs a test clock, which the command advance moves.
func (c *Client) TestClock() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.testClock
}

// Stats counts what the Client has been through so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Notices hands out what the server tells besides events: presence, watchers, said, draining. The Client itself does what
// draining asks for. Messages for which there is no room are dropped, and counted in Stats.NoticesDropped. The channel is
// never closed; see Done.
func (c *Client) Notices() <-chan *wire.Message { return c.notices }

// httpClient is the client for handshakes. What it connects is wrapped; see bodyTap.
func (cfg Config) httpClient() *http.Client {
	made := new(http.Client)
	if cfg.HTTPClient != nil {
		*made = *cfg.HTTPClient
		made.Timeout = 0
	}
	transport := made.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	if cfg.Dial != nil {
		transport = &http.Transport{DialContext: cfg.Dial, DisableKeepAlives: true} // no use for a second request
	}
	made.Transport = bodyTap{transport}
	return made
}

package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config configures a Client. The zero value is invalid; start from DefaultConfig.
type Config struct {
	// Server is the server's address: http, https, ws or wss. Where it has no path, the protocol's /v1/ws is meant.
	Server string
	// Others are addresses of more nodes of the same cluster, written like Server. Whenever a connection is lost or cannot be
	// made, the next one is tried with the next address in turn; one that works is stayed on. So a client whose node ends, or
	// says that it drains, goes to another. No address may be there twice.
	Others []string
	// Spread has this Client try the addresses in an order by chance, so that many clients with the same ones are spread over
	// the nodes, also those of a node that has ended.
	Spread bool
	// Token returns a JWT that says who the user is; nil: a guest. It is asked at the first connection, and again when the
	// server no longer takes what it has. It may block until its ctx ends. An error that wraps ErrGiveUp ends the Client;
	// any other is tried again with back-off, once the Client has been connected.
	Token func(context.Context) (string, error)
	// Name tells the server what program this is. It may be empty.
	Name string

	// Header is sent with each opening handshake.
	Header http.Header
	// HTTPClient makes the opening handshake; nil: http.DefaultTransport does. Its Timeout is ignored.
	HTTPClient *http.Client
	// Dial, if not nil, makes the network connections, for tests and for counting. It excludes HTTPClient.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	ConnectTimeout time.Duration // for one attempt: token, handshake and the answer to hello
	BackoffBase    time.Duration // the first wait before connecting again is chosen from 0 to this, the next from twice that, …
	BackoffMax     time.Duration // … to at most this

	QueueLen  int   // messages of one game that wait for Next, before they are given up for the game's whole state
	KeptGames int   // games that were created or joined, but not followed yet, which are kept and watched again
	Notices   int   // notices that wait in Client.Notices, before they are dropped
	ReadBytes int64 // largest frame from the server
}

// DefaultConfig is a guest's configuration for the server at that address.
func DefaultConfig(server string) Config {
	return Config{
		Server:         server,
		Name:           "plywire-go",
		ConnectTimeout: 10 * time.Second,
		BackoffBase:    100 * time.Millisecond,
		BackoffMax:     10 * time.Second,
		QueueLen:       256,
		KeptGames:      16,
		Notices:        16,
		ReadBytes:      1 << 20,
	}
}

// Validate reports everything that is wrong with the configuration.
func (cfg Config) Validate() error {
	var faults []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	if _, err := cfg.endpoints(); err != nil {
		faults = append(faults, err)
	}
	wrong(cfg.Dial != nil && cfg.HTTPClient != nil, "Dial and HTTPClient are both set: give the HTTPClient a transport that dials so")
	wrong(cfg.ConnectTimeout <= 0, "ConnectTimeout is %v, want more than 0", cfg.ConnectTimeout)
	wrong(cfg.BackoffBase <= 0, "BackoffBase is %v, want more than 0", cfg.BackoffBase)
	wrong(cfg.BackoffMax < cfg.BackoffBase, "BackoffMax is %v, less than BackoffBase, which is %v", cfg.BackoffMax, cfg.BackoffBase)
	wrong(cfg.QueueLen < 1, "QueueLen is %d, want 1 or more", cfg.QueueLen)
	wrong(cfg.KeptGames < 1, "KeptGames is %d, want 1 or more", cfg.KeptGames)
	wrong(cfg.Notices < 0, "Notices is %d, want 0 or more", cfg.Notices)
	wrong(cfg.ReadBytes < 1<<10, "ReadBytes is %d, want %d or more", cfg.ReadBytes, 1<<10)
	if len(faults) > 0 {
		return fmt.Errorf("client: configuration: %w", errors.Join(faults...))
	}
	return nil
}

// endpoints are the URLs of the nodes' WebSockets, in the order in which they are tried.
func (cfg Config) endpoints() ([]string, error) {
	first, err := endpoint("Server", cfg.Server)
	faults, all := []error{err}, []string{first}
	for i, other := range cfg.Others {
		name := fmt.Sprintf("Others[%d]", i)
		at, err := endpoint(name, other)
		if err == nil && slices.Contains(all, at) {
			err = fmt.Errorf("%s is %q, which is there already", name, other)
		}
		faults, all = append(faults, err), append(all, at)
	}
	if cfg.Spread {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return all, errors.Join(faults...)
}

// endpoint is the URL of a node's WebSocket.
func endpoint(name, address string) (string, error) {
	at, err := url.Parse(address)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", name, err)
	case at.Host == "" || at.Scheme != "http" && at.Scheme != "https" && at.Scheme != "ws" && at.Scheme != "wss":
		return "", fmt.Errorf("%s is %q, want an address such as https://play.example.com", name, address)
	}
	if strings.Trim(at.Path, "/") == "" {
		at.Path = "/v1/ws"
	}
	return at.String(), nil
}

// backoff is the wait before attempt number n, from 0: full jitter, as in "Exponential Backoff And Jitter" (AWS Architecture
// Blog, 2015), so that the clients of a server that went away do not all come back at once.
func (cfg Config) backoff(n int) time.Duration {
	ceiling := cfg.BackoffMax
	if n < 32 && cfg.BackoffBase<<n>>n == cfg.BackoffBase {
		ceiling = min(ceiling, cfg.BackoffBase<<n)
	}
	return rand.N(ceiling)
}

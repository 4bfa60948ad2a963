package gateway

import (
	"errors"
	"fmt"
	"time"
)

// Config configures the gateway. Start from DefaultConfig.
type Config struct {
	Node             string        // this node's name, for welcome
	Instance         string        // this start of it, as the games know it; empty: Node
	Origins          []string      // origins besides the server's own whose pages may connect, as scheme://host; * matches any part
	HelloBytes       int64         // largest frame before hello, in bytes
	MessageBytes     int64         // largest frame after it
	HelloTimeout     time.Duration // from the connection to hello
	Heartbeat        time.Duration // between pings of the server's, each of which has to be answered within as long again
	WriteTimeout     time.Duration // for one frame
	OutboundBytes    int           // frames queued for one connection before it is ended as slow, in bytes
	FrameBytes       int           // up to which queued messages are joined into one frame
	Connections      int           // at a time; 0: as many as there are files
	ConnectionsPerIP int           // at a time; 0: no limit
	Handshakes       float64       // WebSocket handshakes a second; who comes faster waits; 0: 500 for each CPU
	BehindProxy      bool          // the address of a client is the last of X-Forwarded-For
	Rate             float64       // messages a second that one connection may send; create counts for CreateCost
	Burst            int           // messages that it may send at once
	CreateCost       int
	HTTPRate         float64 // HTTP requests a second from one address, WebSocket handshakes among them
	HTTPBurst        int     // requests that it may send at once
	Patience         int     // messages over the rate that are answered before the connection is ended
	GamesPerSession  int     // that one connection may watch
	Limits           bool
	DrainWithin      time.Duration // given to the clients to reconnect elsewhere when the node leaves
	LongPollMax      time.Duration // longest wait of GET …/events
	AdvanceAllowed   bool          // the message advance is known, for tests
	StickyCookie     string        // by whose value, a node's name, a load balancer keeps clients on a node; empty: there is none
}

// HandshakesPerCPU is how many handshakes a second are let in for each CPU, unless another pace is configured.
const HandshakesPerCPU = 500

// DefaultConfig is good for production; it has no Node.
func DefaultConfig() Config {
	return Config{
		HelloBytes: 12 << 10, MessageBytes: 16 << 10, HelloTimeout: 10 * time.Second, Heartbeat: 15 * time.Second,
		WriteTimeout: 5 * time.Second, OutboundBytes: 256 << 10, FrameBytes: 16 << 10,
		ConnectionsPerIP: 1000, Rate: 20, Burst: 60, CreateCost: 5, HTTPRate: 50, HTTPBurst: 500, Patience: 100, GamesPerSession: 256, Limits: true,
		DrainWithin: 2 * time.Second, LongPollMax: 30 * time.Second,
	}
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("gateway: "+format, args...))
		}
	}
	need(c.Node != "", "the node has no name")
	need(c.HelloBytes >= 1<<10, "hello may have %d bytes, want at least 1024", c.HelloBytes)
	need(c.MessageBytes >= 1<<10 && c.MessageBytes <= 1<<20, "messages may have %d bytes, want 1 KiB to 1 MiB", c.MessageBytes)
	need(c.HelloTimeout > 0, "hello timeout is %v", c.HelloTimeout)
	need(c.Heartbeat >= time.Second, "heartbeat is %v, want at least 1s", c.Heartbeat)
	need(c.WriteTimeout > 0, "write timeout is %v", c.WriteTimeout)
	need(c.FrameBytes > 0, "frames are joined up to %d bytes", c.FrameBytes)
	need(c.OutboundBytes >= 4*c.FrameBytes, "%d bytes may be queued, want at least four frames of %d", c.OutboundBytes, c.FrameBytes)
	need(c.Handshakes >= 0, "handshakes are %v a second, want 0 or more", c.Handshakes)
	need(c.Rate > 0 && c.Burst > 0, "rate is %v a second with a burst of %d; to switch limits off, set limits to off", c.Rate, c.Burst)
	need(c.CreateCost > 0 && c.CreateCost <= c.Burst, "create costs %d, want 1 to the burst of %d", c.CreateCost, c.Burst)
	need(c.HTTPRate > 0 && c.HTTPBurst > 0, "HTTP rate is %v a second with a burst of %d", c.HTTPRate, c.HTTPBurst)
	need(c.Patience > 0, "patience is %d", c.Patience)
	need(c.GamesPerSession > 0, "games per session are %d", c.GamesPerSession)
	need(c.LongPollMax > 0, "longest long poll is %v", c.LongPollMax)
	if c.StickyCookie != "" {
		err := stickyCookie(c.StickyCookie, c.Node).Valid()
		need(err == nil, "%q with the node's name %q is no cookie: %v", c.StickyCookie, c.Node, err)
	}
	return errors.Join(faults...)
}

package link

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Dialer keeps a connection to one node: it dials again, after a while, whenever there is none.
type Dialer struct {
	party
	address, peer string
	up            func(*Conn) Handler
	cancel        context.CancelFunc
	done          chan struct{}

	mu  sync.Mutex
	err error // why there is no connection; nil: there is one
}

// Dial starts to keep a connection to the node peer, at address (host:port). For each connection up is called and gives its
// Handler; nothing is read before it returns. The next connection comes after the last one's Down. It fails for an identity, a
// node's id or a Config that is not valid; all else it tries again, until Close.
func Dial(address, peer string, id Identity, cfg Config, up func(*Conn) Handler) (*Dialer, error) {
	side, err := newParty(id, cfg)
	if err := errors.Join(err, checkNode(peer)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &Dialer{
		party: side, address: address, peer: peer, up: up,
		cancel: cancel, done: make(chan struct{}),
		err: refuse(ReasonDial, "not yet tried"),
	}
	go d.run(ctx)
	return d, nil
}

// Err is why there is no connection at the moment: a Refusal, or the cause of the last one's end. It is nil while there is one.
func (d *Dialer) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Close closes the connection (see Conn.Close) and dials no more. It waits until the Handler's Down has returned, and must not
// be called by a Handler.
func (d *Dialer) Close() {
	d.cancel()
	<-d.done
}

func (d *Dialer) run(ctx context.Context) {
	defer close(d.done)
	wait := d.cfg.RetryMin
	for ctx.Err() == nil {
		conn, err := d.connect(ctx)
		if err == nil {
			began := time.Now()
			err = d.keep(ctx, conn)
			if time.Since(began) >= d.cfg.RetryMax {
				wait = d.cfg.RetryMin
			}
		} else if ctx.Err() == nil {
			d.refused(err, d.address, "link: no connection to the node")
		}
		d.set(err)
		pause(ctx.Done(), wait)
		wait = min(2*wait, d.cfg.RetryMax)
	}
	d.set(ErrClosed)
}

// connect makes one attempt. It fails with a Refusal.
func (d *Dialer) connect(ctx context.Context) (*Conn, error) {
	plain := net.Dialer{Timeout: d.cfg.DialTimeout}
	raw, err := plain.DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, refuse(ReasonDial, "nobody answers: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	secured, err := d.dial(raw, d.peer)
	if !stop() || err != nil {
		raw.Close()
		if err == nil {
			err = refuse(ReasonClosed, "closed here during the handshake")
		}
		return nil, err
	}
	return newConn(d.peer, raw, secured, d.cfg), nil
}

// keep runs the connection until it is over.
func (d *Dialer) keep(ctx context.Context, conn *Conn) error {
	d.cfg.Logger.Info().Str("node", d.peer).Str("addr", d.address).Msg("link: up, dialed from here")
	d.set(nil)
	stop := context.AfterFunc(ctx, func() { conn.Close(ErrClosed) })
	defer stop()
	cause := conn.serve(d.up)
	d.ended(d.peer, cause)
	return cause
}

func (d *Dialer) set(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

// pause waits for a time drawn from the upper half of so long, or for the end.
func pause(end <-chan struct{}, long time.Duration) {
	timer := time.NewTimer(long/2 + rand.N(long/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-end:
	}
}

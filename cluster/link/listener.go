package link

import (
	"container/list"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Listener takes the connections of other nodes.
type Listener struct {
	party
	socket net.Listener
	accept func(*Conn) Handler
	ending chan struct{} // closed by Close
	places chan struct{} // taken by handshakes, also by those that were ended and are not through
	tasks  sync.WaitGroup

	mu        sync.Mutex
	strangers list.List         // of *stranger: those in their handshake, the oldest first
	guests    map[string]*guest // by node
	closed    bool
}

// stranger is a socket in its handshake.
type stranger struct {
	raw    net.Conn
	ousted bool // closed to make room
}

// guest is a connection that is made, or about to be.
type guest struct {
	conn *Conn
	gone chan struct{} // closed when it is over and its Handler has been told
}

// Listen takes connections at address (host:port; port 0: one that is free). For each of them accept is called and gives its
// Handler, or nil to close it; nothing is read before it returns. accept may be called for several nodes at a time. There is
// one connection of a node at a time: when it dials again the one before is ended with ErrReplaced, and its Down has returned
// before accept is called for the new one.
func Listen(address string, id Identity, cfg Config, accept func(*Conn) Handler) (*Listener, error) {
	side, err := newParty(id, cfg)
	if err != nil {
		return nil, err
	}
	socket, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("link: listen for other nodes: %w", err)
	}
	l := &Listener{party: side, socket: socket, accept: accept, ending: make(chan struct{}), places: make(chan struct{}, 2*cfg.HandshakesMax), guests: map[string]*guest{}}
	l.tasks.Go(l.run)
	return l, nil
}

// Addr is the address at which it listens.
func (l *Listener) Addr() net.Addr { return l.socket.Addr() }

// Close takes no more connections and closes those that there are (see Conn.Close). It waits until the Down of each has
// returned, and must not be called by a Handler.
func (l *Listener) Close() {
	l.mu.Lock()
	if !l.closed {
		close(l.ending)
	}
	l.closed = true
	for e := l.strangers.Front(); e != nil; e = e.Next() {
		e.Value.(*stranger).raw.Close()
	}
	for _, g := range l.guests {
		g.conn.Close(ErrClosed)
	}
	l.mu.Unlock()
	l.socket.Close()
	l.tasks.Wait()
}

func (l *Listener) run() {
	wait := l.cfg.RetryMin
	for {
		raw, err := l.socket.Accept()
		switch {
		case err == nil:
			wait = l.cfg.RetryMin
			l.take(raw)
		case errors.Is(err, net.ErrClosed):
			return
		default: // too many open files, most likely
			l.quiet.warn(l.cfg.Logger, func(event *zerolog.Event) {
				event.Err(err).Msg("link: connections of other nodes cannot be accepted")
			})
			pause(l.ending, wait)
			wait = min(2*wait, l.cfg.RetryMax)
		}
	}
}

// take starts the handshake of a stranger. Where there are too many the one that has been at it for longest is ended: a node
// needs a few milliseconds, so that only very many strangers at once can keep it out.
func (l *Listener) take(raw net.Conn) {
	select {
	case l.places <- struct{}{}:
	case <-l.ending:
		raw.Close()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		<-l.places
		raw.Close()
		return
	}
	if l.strangers.Len() >= l.cfg.HandshakesMax {
		oldest := l.strangers.Remove(l.strangers.Front()).(*stranger)
		oldest.ousted = true
		oldest.raw.Close()
	}
	place := l.strangers.PushBack(&stranger{raw: raw})
	l.tasks.Go(func() { l.receive(place) })
}

// receive makes a stranger a guest, and runs its connection until it is over.
func (l *Listener) receive(place *list.Element) {
	raw := place.Value.(*stranger).raw
	address := raw.RemoteAddr().String()
	var own *guest
	err := l.listen(raw, func(node string, secured *tls.Conn) (err error) {
		own, err = l.admit(newConn(node, raw, secured, l.cfg))
		return err
	})
	ousted := l.leave(place)
	<-l.places
	if err != nil {
		raw.Close()
		if own != nil {
			l.part(own)
		}
		if ousted {
			err = refuse(ReasonCrowd, "%d others are in their handshake", l.cfg.HandshakesMax)
		}
		select {
		case <-l.ending:
		default:
			l.refused(err, address, "link: a connection was refused")
		}
		return
	}
	l.cfg.Logger.Info().Str("node", own.conn.Peer()).Str("addr", address).Msg("link: up, dialed by the peer")
	cause := own.conn.serve(l.accept)
	l.ended(own.conn.Peer(), cause)
	l.part(own)
}

// leave takes a stranger off the list, and tells whether it had to make room.
func (l *Listener) leave(place *list.Element) (ousted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strangers.Remove(place) // does nothing where it is off the list
	return place.Value.(*stranger).ousted
}

// admit makes the connection its node's only one. It waits for the end of the one before, for half of the time that a handshake
// may take, so that there is time left to say that it was in vain.
func (l *Listener) admit(conn *Conn) (*guest, error) {
	own := &guest{conn: conn, gone: make(chan struct{})}
	patience := time.NewTimer(l.cfg.HandshakeTimeout / 2)
	defer patience.Stop()
	for {
		former, err := l.enter(own)
		if err != nil {
			return nil, err
		}
		if former == nil {
			return own, nil
		}
		former.conn.abort(ErrReplaced)
		select {
		case <-former.gone:
		case <-l.ending:
		case <-patience.C:
			return nil, refuse(ReasonSlow, "the connection before of the node %s has not been dealt with yet", conn.Peer())
		}
	}
}

// enter makes a guest of it, or says who is in the way.
func (l *Listener) enter(own *guest) (former *guest, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, refuse(ReasonClosed, "the node %s is closing", l.id.node)
	}
	if former, ok := l.guests[own.conn.Peer()]; ok {
		return former, nil
	}
	if len(l.guests) >= l.cfg.ConnsMax {
		return nil, refuse(ReasonCrowd, "the node %s has connections of %d nodes, and takes no more", l.id.node, l.cfg.ConnsMax)
	}
	l.guests[own.conn.Peer()] = own
	return nil, nil
}

// part is the end of a guest.
func (l *Listener) part(own *guest) {
	l.mu.Lock()
	delete(l.guests, own.conn.Peer())
	l.mu.Unlock()
	close(own.gone)
}

package link

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/rs/zerolog"
)

// party is one side of handshakes: a Listener or a Dialer.
type party struct {
	id    Identity
	cfg   Config
	quiet *quiet
}

func newParty(id Identity, cfg Config) (party, error) {
	if err := errors.Join(id.check(), cfg.Validate()); err != nil {
		return party{}, err
	}
	return party{id: id, cfg: cfg, quiet: newQuiet()}, nil
}

// credentials are those for one handshake.
func (p *party) credentials() credentials {
	current, err := p.id.current()
	if err != nil {
		p.quiet.warn(p.cfg.Logger, func(event *zerolog.Event) {
			event.Err(err).Msg("link: the certificate cannot be read again; the one before stays in use")
		})
	}
	return current
}

// dial makes raw a connection to the peer. Where it fails with a Refusal raw is still to be closed.
func (p *party) dial(raw net.Conn, peer string) (*tls.Conn, error) {
	if err := raw.SetDeadline(time.Now().Add(p.cfg.HandshakeTimeout)); err != nil {
		return nil, refuse(ReasonClosed, "%w", err)
	}
	secured := tls.Client(raw, p.credentials().dialing())
	if err := secured.Handshake(); err != nil {
		return nil, explainTLS(err)
	}
	// A listener that does not accept the certificate says so only now: TLS 1.3 lets the dialer go first. What it says is
	// better to know than that it takes nothing more.
	unsent := p.greet(secured, hello{peer: peer})
	heard, err := hear(secured)
	if err := errors.Join(err, unsent); err != nil {
		return nil, explainTLS(err)
	}
	if err := p.check(heard, secured); err != nil {
		return nil, err
	}
	if heard.node != peer {
		return nil, refuse(ReasonNode, "the node at the address is %s, not %s", heard.node, peer)
	}
	if heard.refusal != "" {
		return nil, refuse(ReasonPeer, "the node %s has refused: %q", peer, heard.refusal)
	}
	return secured, raw.SetDeadline(time.Time{})
}

// listen makes raw a connection, if admit has nothing against the node. Where it fails with a Refusal raw is still to be closed.
func (p *party) listen(raw net.Conn, admit func(node string, secured *tls.Conn) error) error {
	if err := raw.SetDeadline(time.Now().Add(p.cfg.HandshakeTimeout)); err != nil {
		return refuse(ReasonClosed, "%w", err)
	}
	secured := tls.Server(raw, p.credentials().listening())
	if err := secured.Handshake(); err != nil {
		return explainTLS(err)
	}
	heard, err := hear(secured)
	if err == nil {
		err = p.check(heard, secured)
	}
	if err == nil && heard.peer != p.id.node {
		err = refuse(ReasonNode, "the node %s wants the node %s, and this is %s", heard.node, heard.peer, p.id.node)
	}
	if err == nil {
		err = admit(heard.node, secured)
	}
	answer := hello{peer: heard.node}
	if err != nil {
		if answer.peer == "" {
			answer.peer = "unknown"
		}
		answer.refusal = errors.Unwrap(err).Error()
		_ = p.greet(secured, answer) // what is told is the refusal
		return err
	}
	if err := p.greet(secured, answer); err != nil {
		return err
	}
	return raw.SetDeadline(time.Time{})
}

// check is what both sides want of each other.
func (p *party) check(heard hello, secured *tls.Conn) error {
	if heard.cluster != p.cfg.Cluster {
		return refuse(ReasonCluster, "the node %s belongs to the cluster %q, this node to %q", heard.node, heard.cluster, p.cfg.Cluster)
	}
	if p.id.certified {
		if named := secured.ConnectionState().PeerCertificates[0].Subject.CommonName; named != heard.node {
			return refuse(ReasonNode, "the peer says that it is %s, its certificate says %q", heard.node, named)
		}
	}
	return nil
}

// greet sends a hello with what is the same in all of them.
func (p *party) greet(to io.Writer, h hello) error {
	h.cluster, h.node = p.cfg.Cluster, p.id.node
	if _, err := to.Write(appendFrame(nil, h.encode())); err != nil {
		return explainTLS(err)
	}
	return nil
}

// hear reads a hello, and not a byte more.
func hear(from io.Reader) (hello, error) {
	var length [lengthBytes]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return hello{}, explainTLS(err)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > helloBytesMax {
		return hello{}, refuse(ReasonHello, "the peer's hello has %d bytes, the longest has %d", n, helloBytesMax)
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(from, frame); err != nil {
		return hello{}, explainTLS(err)
	}
	return parseHello(frame)
}

// explainTLS makes a Refusal of what a handshake has failed with.
func explainTLS(err error) error {
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		return refusal
	}
	remote, record, authority := (*net.OpError)(nil), tls.RecordHeaderError{}, x509.UnknownAuthorityError{}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(ReasonSlow, "the peer did not finish the handshake in time: %w", err)
	case errors.Is(err, net.ErrClosed):
		return refuse(ReasonClosed, "closed here during the handshake: %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(ReasonClosed, "the peer closed during the handshake: %w", err)
	case errors.As(err, &remote) && remote.Op == "remote error": // an alert of TLS
		return refuse(ReasonTLS, "the peer does not accept this node's certificate: do both have the same secret, or the same authority? %w", err)
	case errors.As(err, &remote):
		return refuse(ReasonClosed, "the network failed during the handshake: %w", err)
	case errors.As(err, &record):
		return refuse(ReasonTLS, "the peer does not speak TLS: %w", err)
	case errors.As(err, &authority):
		return refuse(ReasonTLS, "the peer's certificate is not accepted: do both have the same secret, or the same authority? %w", err)
	default:
		return refuse(ReasonTLS, "%w", err)
	}
}

// refused counts and logs an attempt that came to nothing.
func (p *party) refused(err error, address string, message string) {
	reason := ReasonClosed
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		reason = refusal.Reason
	}
	p.cfg.Observer.refused(reason)
	if errors.Is(err, io.EOF) {
		// Somebody looked whether the port is open.
		p.cfg.Logger.Debug().Str("addr", address).Err(err).Msg(message)
		return
	}
	p.quiet.warn(p.cfg.Logger, func(event *zerolog.Event) {
		event.Str("addr", address).Str("reason", string(reason)).Err(err).Msg(message)
	})
}

// ended logs the end of a connection.
func (p *party) ended(node string, cause error) {
	event := p.cfg.Logger.Warn()
	if errors.Is(cause, ErrClosed) || errors.Is(cause, ErrPeerClosed) {
		event = p.cfg.Logger.Info()
	}
	event.Str("node", node).Err(cause).Msg("link: down")
}

package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

const (
	// magic begins every hello, of whatever version.
	magic = "plywire-link"
	// version is that of all that is said below TLS. It follows magic, two bytes; what comes then is the version's own.
	version = 1
	// helloBytesMax bounds a hello of any version.
	helloBytesMax = 1024
	// refusalBytesMax bounds the text of a refusal.
	refusalBytesMax = 255
)

// hello is the first frame of both sides: magic, version, and then each field as a byte with its length and so many bytes.
// The dialer speaks first; the listener answers when it has decided.
type hello struct {
	cluster string
	node    string // who speaks
	peer    string // who is spoken to: from the dialer, whom it wants to reach
	refusal string // from the listener: why there is no connection; empty: there is one
}

func (h hello) encode() []byte {
	b := binary.BigEndian.AppendUint16([]byte(magic), version)
	for _, field := range []string{h.cluster, h.node, h.peer, h.refusal[:min(len(h.refusal), refusalBytesMax)]} {
		b = append(b, byte(len(field)))
		b = append(b, field...)
	}
	return b
}

// parseHello fails with a Refusal where the frame is no hello of this version.
func parseHello(frame []byte) (hello, error) {
	rest, ok := bytes.CutPrefix(frame, []byte(magic))
	if !ok || len(rest) < 2 {
		return hello{}, refuse(ReasonHello, "the peer speaks something else than the link of a cluster")
	}
	if v := binary.BigEndian.Uint16(rest); v != version {
		return hello{}, refuse(ReasonVersion, "the peer speaks version %d of the link, this node speaks version %d", v, version)
	}
	rest = rest[2:]
	var h hello
	for _, field := range []*string{&h.cluster, &h.node, &h.peer, &h.refusal} {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return hello{}, refuse(ReasonHello, "the peer's hello is cut short")
		}
		end := 1 + int(rest[0])
		*field, rest = string(rest[1:end]), rest[end:]
	}
	if len(rest) > 0 {
		return hello{}, refuse(ReasonHello, "the peer's hello has %d bytes too many", len(rest))
	}
	for _, name := range []string{h.cluster, h.node, h.peer} {
		if !nameForm.MatchString(name) {
			return hello{}, refuse(ReasonHello, "the peer's hello has the name %q, "+nameWant, name)
		}
	}
	return h, nil
}

// Reason is why an attempt to connect came to nothing: the label of a counter.
type Reason string

// All reasons.
const (
	ReasonDial    Reason = "dial"    // nobody listens, or the network is down
	ReasonTLS     Reason = "tls"     // one side does not accept the other's certificate, or does not speak TLS 1.3
	ReasonSlow    Reason = "slow"    // the handshake took longer than Config.HandshakeTimeout
	ReasonHello   Reason = "hello"   // what came was no hello
	ReasonVersion Reason = "version" // of the link
	ReasonCluster Reason = "cluster" // the peer belongs to another one
	ReasonNode    Reason = "node"    // the peer is not the node that was wanted, or not the one that it says it is
	ReasonCrowd   Reason = "crowd"   // Config.HandshakesMax or Config.ConnsMax is reached
	ReasonPeer    Reason = "peer"    // the listener has refused this node, and said why
	ReasonClosed  Reason = "closed"  // this side, or the peer, was closed meanwhile
)

// Reasons are all of them, for counters that start at 0.
var Reasons = []Reason{
	ReasonDial, ReasonTLS, ReasonSlow, ReasonHello, ReasonVersion, ReasonCluster, ReasonNode, ReasonCrowd, ReasonPeer, ReasonClosed,
}

// Refusal is the error of an attempt to connect that came to nothing.
type Refusal struct {
	Reason Reason
	Err    error
}

// Error says it for a log.
func (r *Refusal) Error() string { return "link: " + r.Err.Error() }

// Unwrap is what it came from.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Err: fmt.Errorf(format, args...)}
}

package link

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// secretBytesMin is the length of the shortest secret.
const secretBytesMin = 16

// keyPurpose sets the key that is derived from the secret apart from any other that may be derived from it one day.
const keyPurpose = "plywire cluster link: key of the certificate authority, version 1"

// Certificates that are made here are valid for ever: they live as long as the process, their authority as long as the secret,
// and the clocks of nodes need not agree. The end is the one of RFC 5280, 4.1.2.5, for what has none.
var (
	validFrom = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	validTo   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// Identity is who a node is, and how it knows who belongs to its cluster. Make it with FromSecret or FromFiles; the zero value
// is invalid.
type Identity struct {
	node string
	// certified says that certificates name their node.
	certified bool
	// current is called for every handshake. With an error it may return credentials as well, that are still good.
	current func() (credentials, error)
}

// credentials are a node's certificate and the authorities whose certificates it accepts.
type credentials struct {
	own   tls.Certificate
	roots *x509.CertPool
}

// Node is the node's id.
func (i Identity) Node() string { return i.node }

// FromSecret makes the identity of a node in a cluster whose nodes share a secret. Who knows the secret belongs to the cluster
// and can be any node of it. It must be random, not a password: who can connect to a node can try secrets at home.
//
// The secret gives the key of a certificate authority, by HKDF (RFC 5869); the authority signs a certificate with the node's
// id for a key that is drawn here and never leaves memory.
func FromSecret(secret []byte, node string) (Identity, error) {
	if err := checkNode(node); err != nil {
		return Identity{}, err
	}
	if len(secret) < secretBytesMin {
		return Identity{}, fmt.Errorf("link: the cluster's secret has %d bytes, want at least %d, drawn at random: openssl rand -hex 32", len(secret), secretBytesMin)
	}
	authority, key, err := authorityOf(secret)
	if err != nil {
		return Identity{}, fmt.Errorf("link: make an authority of the secret: %w", err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("link: draw a key: %w", err)
	}
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		Subject:   pkix.Name{CommonName: node},
		NotBefore: validFrom, NotAfter: validTo,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, authority, public, key)
	if err != nil {
		return Identity{}, fmt.Errorf("link: make a certificate: %w", err)
	}
	own := credentials{
		own:   tls.Certificate{Certificate: [][]byte{leaf}, PrivateKey: private},
		roots: x509.NewCertPool(),
	}
	own.roots.AddCert(authority)
	return Identity{node: node, certified: true, current: func() (credentials, error) { return own, nil }}, nil
}

// authorityOf makes the same authority of the same secret, on every node.
func authorityOf(secret []byte) (*x509.Certificate, ed25519.PrivateKey, error) {
	seed, err := hkdf.Key(sha256.New, secret, nil, keyPurpose, ed25519.SeedSize)
	if err != nil {
		return nil, nil, err
	}
	key := ed25519.NewKeyFromSeed(seed)
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "plywire cluster"},
		NotBefore:    validFrom, NotAfter: validTo,
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	authority, err := x509.ParseCertificate(der)
	return authority, key, err
}

func checkNode(node string) error {
	if !nameForm.MatchString(node) {
		return fmt.Errorf("link: the node's id is %q, %s", node, nameWant)
	}
	return nil
}

func (i Identity) check() error {
	if i.current == nil {
		return errors.New("link: the identity is empty: make it with FromSecret or FromFiles")
	}
	return nil
}

// protocol is what TLS negotiates (ALPN, RFC 7301), so that an authority which also signs for others does not let their
// connections in.
const protocol = "plywire-link"

// dialing is the side of TLS that dials. Nodes are known by their ids, and not by the names of their hosts.
func (c credentials) dialing() *tls.Config {
	config := c.both()
	config.InsecureSkipVerify = true // it would want a host's name; what it leaves out is done here
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if err := c.verify(state.PeerCertificates, x509.ExtKeyUsageServerAuth); err != nil {
			return err
		}
		return negotiated(state)
	}
	return config
}

// listening is the side of TLS that listens.
func (c credentials) listening() *tls.Config {
	config := c.both()
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.ClientCAs = c.roots
	config.VerifyConnection = negotiated
	return config
}

func (c credentials) both() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{c.own},
		NextProtos:             []string{protocol},
		SessionTicketsDisabled: true,
		// A batch is in records of the largest size from its first byte on: a record is a call of the kernel.
		DynamicRecordSizingDisabled: true,
	}
}

// verify tells whether a chain, the leaf first, leads to one of the authorities.
func (c credentials) verify(chain []*x509.Certificate, use x509.ExtKeyUsage) error {
	if len(chain) == 0 {
		return errors.New("there is no certificate")
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: c.roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{use}})
	return err
}

func negotiated(state tls.ConnectionState) error {
	if state.NegotiatedProtocol != protocol {
		return fmt.Errorf("the peer wants the protocol %q, not %q", state.NegotiatedProtocol, protocol)
	}
	return nil
}

package link

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// rereadAfter is for how long files are taken to be as they were.
const rereadAfter = time.Minute

// FromFiles makes the identity of a node from a certificate, its key, and the authorities whose certificates are accepted, all
// PEM. The certificate must be good for both sides of a connection (serverAuth and clientAuth). The files are read again, when
// a connection is made, after a minute at the earliest, so that they may be renewed; while they are wrong the ones before stay
// in use.
//
// The certificate does not name the node: whoever has one of an authority belongs to the cluster and can be any node of it. So
// the authority should sign for nothing else.
func FromFiles(cert, key, ca string, node string) (Identity, error) {
	if err := checkNode(node); err != nil {
		return Identity{}, err
	}
	f := &files{cert: cert, key: key, ca: ca}
	if _, err := f.current(); err != nil {
		return Identity{}, err
	}
	return Identity{node: node, current: f.current}, nil
}

// files are credentials that may be renewed.
type files struct {
	cert, key, ca string

	mu    sync.Mutex
	last  credentials // the last good ones
	fault error       // of the last reading
	read  time.Time
}

// current are the last good credentials, and what is wrong with the files.
func (f *files) current() (credentials, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); f.read.IsZero() || now.Sub(f.read) >= rereadAfter {
		f.read = now
		fresh, err := f.load()
		if err == nil {
			f.last = fresh
		}
		f.fault = err
	}
	return f.last, f.fault
}

func (f *files) load() (credentials, error) {
	own, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return credentials{}, fmt.Errorf("link: read the certificate %s and its key %s: %w", f.cert, f.key, err)
	}
	pem, err := os.ReadFile(f.ca)
	if err != nil {
		return credentials{}, fmt.Errorf("link: read the authorities: %w", err)
	}
	loaded := credentials{own: own, roots: x509.NewCertPool()}
	if !loaded.roots.AppendCertsFromPEM(pem) {
		return credentials{}, fmt.Errorf("link: %s has no certificate of an authority in PEM", f.ca)
	}
	var chain []*x509.Certificate
	for _, der := range own.Certificate {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return credentials{}, fmt.Errorf("link: %s: %w", f.cert, err)
		}
		chain = append(chain, certificate)
	}
	// Peers have the same authorities: what is refused here they would refuse as well.
	var faults []error
	for use, name := range map[x509.ExtKeyUsage]string{x509.ExtKeyUsageServerAuth: "who listens (serverAuth)", x509.ExtKeyUsageClientAuth: "who dials (clientAuth)"} {
		if err := loaded.verify(chain, use); err != nil {
			faults = append(faults, fmt.Errorf("link: the certificate %s is not good for %s under %s: %w", f.cert, name, f.ca, err))
		}
	}
	return loaded, errors.Join(faults...)
}

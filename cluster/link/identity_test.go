package link

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestASecretMakesOneAuthority(t *testing.T) {
	one, _, err1 := authorityOf(secret)
	again, _, err2 := authorityOf(bytes.Clone(secret))
	other, _, err3 := authorityOf(append(bytes.Clone(secret), '\n'))
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	if !one.Equal(again) {
		t.Error("the same secret has made two authorities")
	}
	if bytes.Equal(one.RawSubjectPublicKeyInfo, other.RawSubjectPublicKeyInfo) {
		t.Error("two secrets have made one authority")
	}
}

// The authority of a secret must be the same in all versions that can be in one cluster.
func TestTheAuthorityOfASecretStaysTheSame(t *testing.T) {
	_, key, err := authorityOf([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	// HKDF written out by other means.
	const want = "ab3f5122acef89a04aa4583e13a83e08b9ef0731bed23afa5088482ec901036c"
	if got := hex.EncodeToString(key.Seed()); got != want {
		t.Errorf("the key is %s, want %s", got, want)
	}
}

func TestEachNodeDrawsItsOwnKey(t *testing.T) {
	one, _ := identity(t, "a").current()
	two, _ := identity(t, "a").current()
	if bytes.Equal(one.own.Certificate[0], two.own.Certificate[0]) {
		t.Error("two identities share a certificate")
	}
}

// The clocks of nodes may be wrong by years.
func TestCertificatesDoNotDependOnClocks(t *testing.T) {
	current, _ := identity(t, "a").current()
	leaf, err := x509.ParseCertificate(current.own.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, year := range []int{1971, 2026, 2400} {
		for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			_, err := leaf.Verify(x509.VerifyOptions{Roots: current.roots, KeyUsages: []x509.ExtKeyUsage{use}, CurrentTime: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)})
			if err != nil {
				t.Errorf("in %d: %v", year, err)
			}
		}
	}
}

func TestIdentitiesThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		secret, node, want string
	}{
		"short secret": {"fifteen bytes..", "a", "has 15 bytes, want at least 16"},
		"no secret":    {"", "a", "has 0 bytes"},
		"no node":      {string(secret), "", `the node's id is ""`},
		"a space":      {string(secret), "a b", `the node's id is "a b"`},
		"a long node":  {string(secret), strings.Repeat("a", 65), "want 1 to 64"},
	} {
		if _, err := FromSecret([]byte(test.secret), test.node); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	if _, err := Listen("127.0.0.1:0", Identity{}, DefaultConfig(), newMeeting().come); err == nil {
		t.Error("an empty identity was taken")
	}
	if _, err := Dial("127.0.0.1:1", "", identity(t, "a"), DefaultConfig(), newMeeting().come); err == nil {
		t.Error("an empty peer was taken")
	}
}

// office signs certificates into files, as an operator would.
type office struct {
	folder string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{folder: t.TempDir()}
	o.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "office"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, o.key.Public(), o.key)
	if err != nil {
		t.Fatal(err)
	}
	o.cert, _ = x509.ParseCertificate(der)
	o.write(t, "ca.pem", "CERTIFICATE", der)
	return o
}

func (o *office) path(name string) string { return filepath.Join(o.folder, name) }

func (o *office) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(o.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sign writes name.pem and name.key.
func (o *office) sign(t *testing.T, name string, uses ...x509.ExtKeyUsage) {
	t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	form := &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: uses}
	der, err := x509.CreateCertificate(rand.Reader, form, o.cert, key.Public(), o.key)
	if err != nil {
		t.Fatal(err)
	}
	private, _ := x509.MarshalPKCS8PrivateKey(key)
	o.write(t, name+".pem", "CERTIFICATE", der)
	o.write(t, name+".key", "PRIVATE KEY", private)
}

func (o *office) identity(t *testing.T, name, node string) Identity {
	t.Helper()
	id, err := FromFiles(o.path(name+".pem"), o.path(name+".key"), o.path("ca.pem"), node)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var bothUses = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}

func TestNodesWithCertificatesInFiles(t *testing.T) {
	here, elsewhere := newOffice(t), newOffice(t)
	here.sign(t, "one", bothUses...)
	elsewhere.sign(t, "two", bothUses...)
	atA, atB := newMeeting(), newMeeting()
	// One certificate may do for all nodes.
	l := listen(t, here.identity(t, "one", "b"), quick(), atB)
	dial(t, l.Addr().String(), "b", here.identity(t, "one", "a"), quick(), atA)
	a, b := atA.next(t), atB.next(t)
	if a.conn.Peer() != "b" || b.conn.Peer() != "a" {
		t.Errorf("the peers are %s and %s", a.conn.Peer(), b.conn.Peer())
	}
	a.conn.Send(numbered(0, 8))
	b.awaitFrames(t, 1)
	for name, test := range map[string]struct {
		id   Identity
		peer string
		want Reason
	}{
		"another authority": {elsewhere.identity(t, "two", "c"), "b", ReasonTLS},
		"a secret":          {identity(t, "c"), "b", ReasonTLS},
		"another node":      {here.identity(t, "one", "c"), "x", ReasonNode},
	} {
		cfg := quick()
		told := refusals(&cfg)
		d := dial(t, l.Addr().String(), test.peer, test.id, cfg, newMeeting())
		if reason, text := awaitErr(t, d, told); reason != test.want {
			t.Errorf("%s: %s: %s; want %s", name, reason, text, test.want)
		}
	}
}

// An authority may have others sign for it: their certificates follow the node's own in its file.
func TestAChainOfAuthorities(t *testing.T) {
	root, branch := newOffice(t), newOffice(t)
	form := &x509.Certificate{Subject: pkix.Name{CommonName: "branch"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, root.cert, branch.key.Public(), root.key)
	if err != nil {
		t.Fatal(err)
	}
	branch.cert, _ = x509.ParseCertificate(der)
	branch.sign(t, "one", bothUses...)
	own, _ := os.ReadFile(branch.path("one.pem"))
	os.WriteFile(branch.path("one.pem"), append(own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), 0o600)
	branch.write(t, "ca.pem", "CERTIFICATE", root.cert.Raw)
	atA, atB := newMeeting(), newMeeting()
	l := listen(t, branch.identity(t, "one", "b"), quick(), atB)
	dial(t, l.Addr().String(), "b", branch.identity(t, "one", "a"), quick(), atA)
	atA.next(t)
	atB.next(t)
}

func TestFilesThatAreRefused(t *testing.T) {
	o := newOffice(t)
	o.sign(t, "good", bothUses...)
	o.sign(t, "server", x509.ExtKeyUsageServerAuth)
	o.sign(t, "client", x509.ExtKeyUsageClientAuth)
	other := newOffice(t)
	other.sign(t, "good", bothUses...)
	os.WriteFile(o.path("empty.pem"), nil, 0o600)
	for name, test := range map[string]struct {
		cert, key, ca, want string
	}{
		"no certificate":    {o.path("none.pem"), o.path("good.key"), o.path("ca.pem"), "none.pem"},
		"no key":            {o.path("good.pem"), o.path("none.key"), o.path("ca.pem"), "none.key"},
		"no authority":      {o.path("good.pem"), o.path("good.key"), o.path("none.pem"), "none.pem"},
		"another's key":     {o.path("good.pem"), o.path("server.key"), o.path("ca.pem"), "private key does not match"},
		"empty authority":   {o.path("good.pem"), o.path("good.key"), o.path("empty.pem"), "no certificate of an authority"},
		"another authority": {o.path("good.pem"), o.path("good.key"), other.path("ca.pem"), "signed by unknown authority"},
		"for servers only":  {o.path("server.pem"), o.path("server.key"), o.path("ca.pem"), "who dials (clientAuth)"},
		"for clients only":  {o.path("client.pem"), o.path("client.key"), o.path("ca.pem"), "who listens (serverAuth)"},
	} {
		if _, err := FromFiles(test.cert, test.key, test.ca, "a"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	if _, err := FromFiles(o.path("good.pem"), o.path("good.key"), o.path("ca.pem"), ""); err == nil {
		t.Error("a node without an id was taken")
	}
}

func TestFilesAreReadAgain(t *testing.T) {
	o := newOffice(t)
	o.sign(t, "one", bothUses...)
	f := &files{cert: o.path("one.pem"), key: o.path("one.key"), ca: o.path("ca.pem")}
	current := func() []byte {
		t.Helper()
		c, _ := f.current()
		return c.own.Certificate[0]
	}
	before := current()
	o.sign(t, "one", bothUses...)
	if !bytes.Equal(current(), before) {
		t.Error("the files were read again at once")
	}
	f.read = f.read.Add(-rereadAfter)
	renewed := current()
	if bytes.Equal(renewed, before) {
		t.Error("a renewed certificate was not taken")
	}
	os.WriteFile(f.cert, []byte("half a fi"), 0o600)
	f.read = f.read.Add(-rereadAfter)
	for range 2 {
		if c, err := f.current(); err == nil || !bytes.Equal(c.own.Certificate[0], renewed) {
			t.Errorf("while the file is wrong: %v; want the last good certificate, and an error", err)
		}
	}
}

func TestConfigsThatAreRefused(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{Cluster: "a b", FrameBytesMax: 1 << 20, QueueBytes: 1 << 20, PingInterval: time.Second, IdleMax: time.Second, RetryMin: 2, RetryMax: 1}.Validate()
	if err == nil {
		t.Fatal("it was taken")
	}
	faults := []string{"cluster's name", "the queue", "given up", "dialing", "a handshake", "closing", "longest time between attempts", "handshakes", "connections"}
	if n := strings.Count(err.Error(), "\n") + 1; n != len(faults) {
		t.Errorf("%d faults, want %d", n, len(faults))
	}
	for _, want := range faults {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if _, err := Listen("127.0.0.1:0", identity(t, "a"), Config{}, newMeeting().come); err == nil {
		t.Error("the zero Config was taken")
	}
}

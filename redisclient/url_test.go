package redisclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestParse(t *testing.T) {
	for url, want := range map[string]string{
		"redis://localhost":                             "Redis at localhost:6379",
		"redis://u:secret@[::1]:7/2":                    "Redis at [::1]:7",
		"rediss://:secret@h:7?skip_verify=true":         "Redis at h:7",
		"unix:///run/redis.sock?db=3":                   "Redis at /run/redis.sock",
		"redis+sentinel://a,b:1,[::1],[::2]:4/main":     "Redis, primary main of the sentinels a:26379, b:1, [::1]:26379, [::2]:4",
		"rediss+sentinel://u:secret@a:1/main/5":         "Redis, primary main of the sentinels a:1",
		"redis+cluster://u:secret@a,b:1":                "Redis Cluster at a:6379, b:1",
		"rediss+cluster://:se%2fcret%40@a:1/":           "Redis Cluster at a:1",
		"redis+sentinel://a/m?sentinel_password=secret": "Redis, primary m of the sentinels a:26379",
	} {
		target, err := Parse(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := fmt.Sprintf("%v", target); got != want || strings.Contains(got, "secret") {
			t.Errorf("%s is %s, want %s", url, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"":                                    "want redis://",
		"secret":                              "want redis://",
		"http://:secret@h":                    "want redis://",
		"redis://:secret@h:port":              "want redis://",
		"redis://:secret@a:1,b:2":             "want redis+sentinel://",
		"redis://:secret@h/2/3":               "want redis://",
		"redis://h?secret=1":                  "want redis://",
		"unix://":                             "want redis://",
		"redis+sentinel://:secret@a:1":        "does not name the primary",
		"redis+sentinel://:secret@a:1/":       "does not name the primary",
		"redis+sentinel://:secret@a:1/m/x":    "number of a database",
		"redis+sentinel://:secret@a:1/m/-1":   "number of a database",
		"redis+sentinel://:secret@a:1/m?db=1": "options that are not known",
		"redis+sentinel://:secret@/m":         "want redis://",
		"redis+sentinel://:secret@a:1,/m":     "want redis://",
		"redis+sentinel://:secret@a:0/m":      "want redis://",
		"redis+cluster://:secret@a:65536":     "want redis://",
		"redis+cluster://:secret@a:1:2":       "want redis://",
		"redis+cluster://:secret@a:1/2":       "only one",
		"redis+cluster://:se?cret@a:1":        "want redis://",
		"redis+cluster://a:1?secret=1":        "options that are not known",
		"redis://:secret@h?ca=x":              "want rediss",
		"rediss://:secret@h?cert=x":           "want both",
		"rediss://:secret@h?ca=/nowhere":      "/nowhere",
		"rediss+cluster://h?cert=/no&key=/no": "our certificate",
		"rediss+sentinel://h/m?ca=/nowhere":   "/nowhere",
		"redis+cluster://:secret%zz@a:1":      "want redis://",
		"redis+cluster://u:sec\x00ret@a:1":    "want redis://",
	} {
		_, err := Parse(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want something with %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the secret is told: %v", url, err)
		}
	}
}

// What the URL says reaches the client, of whichever kind.
func TestOptions(t *testing.T) {
	ca, cert, key := certificate(t)
	files := "?ca=" + ca + "&cert=" + cert + "&key=" + key
	one, err := Parse("rediss://u:p@h:7/3" + files)
	if err != nil {
		t.Fatal(err)
	}
	o := one.Open(time.Second, 5).(*redis.Client).Options()
	if o.Addr != "h:7" || o.Username != "u" || o.Password != "p" || o.DB != 3 || o.PoolSize != 5 || o.ReadTimeout != time.Second {
		t.Errorf("one server: %+v", o)
	}
	if c := o.TLSConfig; c.RootCAs == nil || len(c.Certificates) != 1 || c.ServerName != "h" || c.InsecureSkipVerify {
		t.Errorf("one server: TLS %+v", c)
	}
	many, err := Parse("rediss+sentinel://u:p@a:1,b:2/main/3" + files + "&sentinel_user=su&sentinel_password=sp")
	if err != nil {
		t.Fatal(err)
	}
	if !many.Sentinel() || many.Cluster() {
		t.Error("it is not known for what it is")
	}
	s := many.sentinelOptions(time.Second, 5)
	if s.MasterName != "main" || len(s.SentinelAddrs) != 2 || s.Username != "u" || s.Password != "p" || s.DB != 3 ||
		s.SentinelUsername != "su" || s.SentinelPassword != "sp" || s.TLSConfig.RootCAs == nil || s.TLSConfig.ServerName != "" {
		t.Errorf("sentinel: %+v", s)
	}
	if many, err = Parse("rediss+cluster://u:p@a:1,b:2" + files); err != nil {
		t.Fatal(err)
	}
	if many.Sentinel() || !many.Cluster() {
		t.Error("it is not known for what it is")
	}
	c := many.Open(time.Second, 5).(*redis.ClusterClient).Options()
	if len(c.Addrs) != 2 || c.Username != "u" || c.Password != "p" || c.TLSConfig.RootCAs == nil || c.TLSConfig.ServerName != "" || c.PoolSize != 5 {
		t.Errorf("cluster: %+v", c)
	}
	if _, err := Parse("rediss://h?ca=" + key); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("a key in the place of a certificate: %v", err)
	}
}

// certificate makes files with an authority, and with a certificate by it and its key.
func certificate(t *testing.T) (ca, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert = write("cert", "CERTIFICATE", der)
	return cert, cert, write("key", "EC PRIVATE KEY", secret)
}

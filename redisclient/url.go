package redisclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// schemes are what a URL may begin with.
var schemes = map[string]struct {
	kind kind
	tls  bool
	port string // where none is named
}{
	"redis":           {single, false, "6379"},
	"rediss":          {single, true, "6379"},
	"unix":            {single, false, ""},
	"redis+sentinel":  {sentinel, false, "26379"},
	"rediss+sentinel": {sentinel, true, "26379"},
	"redis+cluster":   {cluster, false, "6379"},
	"rediss+cluster":  {cluster, true, "6379"},
}

// The URL may hold a password, and so may the causes that libraries tell: none of them is repeated.
var errForm = errors.New("the URL of Redis is not one: want redis://[user:password@]host:port[/db], unix:///path, " +
	"redis+sentinel://[user:password@]host:port[,host:port…]/NAME[/db], or redis+cluster://[user:password@]host:port[,host:port…]; " +
	"rediss instead of redis for TLS")

// Parse reads a URL:
//
//	redis://[user:password@]host:port[/db]                                  one server
//	unix:///path                                                            one server, by a socket
//	redis+sentinel://[user:password@]host:port[,host:port…]/NAME[/db]       the primary that Sentinel calls NAME
//	redis+cluster://[user:password@]host:port[,host:port…]                  a Redis Cluster, by some of its nodes
//
// and with rediss in the place of redis over TLS, 1.2 or newer. There, ?ca=FILE names the authorities to trust (PEM) instead
// of the system's, and ?cert=FILE&key=FILE what we show of ourselves; Parse reads these files. The user and password are those
// of the servers; where the sentinels want some as well, they are ?sentinel_user= and ?sentinel_password=. The form of one
// server knows the options of redis.ParseURL besides, of which retries, times and numbers of connections have no effect.
//
// No error repeats a password.
func Parse(text string) (Target, error) {
	schemeName, rest, _ := strings.Cut(text, "://")
	scheme, known := schemes[schemeName]
	if !known {
		return Target{}, errForm
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	user, hosts := "", rest[:end]
	if at := strings.LastIndex(hosts, "@"); at >= 0 {
		user, hosts = hosts[:at+1], hosts[at+1:]
	}
	plain := text
	if scheme.kind == single && strings.Contains(hosts, ",") {
		return Target{}, errors.New("the URL of Redis names several servers: want redis+sentinel:// or redis+cluster:// in the place of redis://")
	}
	if scheme.kind != single { // several hosts are no URL: the first stands for them
		first, _, _ := strings.Cut(hosts, ",")
		plain = "redis://" + user + first + rest[end:]
	}
	u, err := url.Parse(plain)
	if err != nil {
		return Target{}, errForm
	}
	t := Target{kind: scheme.kind}
	query := u.Query()
	if t.tls, err = secure(scheme.tls, query); err != nil {
		return Target{}, err
	}
	if t.kind == single {
		return t.parseOne(u, query)
	}
	return t.parseMany(u, query, strings.Split(hosts, ","), scheme.port)
}

func (t Target) parseOne(u *url.URL, query url.Values) (Target, error) {
	u.RawQuery = query.Encode()
	o, err := redis.ParseURL(u.String())
	if err != nil {
		return Target{}, errForm
	}
	if t.tls != nil {
		t.tls.ServerName, t.tls.InsecureSkipVerify = o.TLSConfig.ServerName, o.TLSConfig.InsecureSkipVerify
		o.TLSConfig = t.tls
	}
	t.one = *o
	return t, nil
}

func (t Target) parseMany(u *url.URL, query url.Values, hosts []string, port string) (Target, error) {
	t.login.user = u.User.Username()
	t.login.password, _ = u.User.Password()
	for _, host := range hosts {
		address, err := addressOf(host, port)
		if err != nil {
			return Target{}, err
		}
		t.addresses = append(t.addresses, address)
	}
	name, db, more := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if t.kind == sentinel {
		t.asking = login{user: take(query, "sentinel_user"), password: take(query, "sentinel_password")}
		if name == "" {
			return Target{}, errors.New("the URL of Redis does not name the primary that the sentinels watch: want redis+sentinel://host:port/NAME")
		}
		t.name = name
		if more {
			number, err := strconv.Atoi(db)
			if err != nil || number < 0 {
				return Target{}, errors.New("the URL of Redis ends in something else than the number of a database")
			}
			t.db = number
		}
	} else if name != "" || more {
		return Target{}, errors.New("the URL of a Redis Cluster names a database: a cluster has only one")
	}
	if len(query) > 0 {
		return Target{}, errors.New("the URL of Redis has options that are not known: ca, cert and key are, and sentinel_user and sentinel_password")
	}
	return t, nil
}

// addressOf is where a host of the URL listens.
func addressOf(host, port string) (string, error) {
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if name, number, err := net.SplitHostPort(host); err == nil {
		bare, port = name, number
	} else if bare == host && strings.Contains(host, ":") {
		return "", errForm
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || bare == "" {
		return "", errForm
	}
	return net.JoinHostPort(bare, port), nil
}

// take removes a parameter from the query and returns it.
func take(query url.Values, name string) string {
	value := query.Get(name)
	query.Del(name)
	return value
}

// secure is the configuration of TLS; nil without.
func secure(wanted bool, query url.Values) (*tls.Config, error) {
	ca, cert, key := take(query, "ca"), take(query, "cert"), take(query, "key")
	if !wanted {
		if ca+cert+key != "" {
			return nil, errors.New("the URL of Redis names a certificate, but is not one for TLS: want rediss in the place of redis")
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("the authorities to trust for Redis (ca): %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("the authorities to trust for Redis (ca): there is no certificate in %s; want PEM", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("the URL of Redis has one of cert and key: want both")
	}
	if cert != "" {
		own, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("our certificate for Redis (cert and key): %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

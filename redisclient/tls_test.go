package redisclient

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/loadtest/process"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// A real Redis over TLS: with its authority and a certificate of our own it answers; without, the error says what is wrong.
func TestTLS(t *testing.T) {
	ca, cert, key := certificate(t)
	address, err := process.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(address, ":")
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca, "--tls-auth-clients", "yes")
	own := fmt.Sprintf("&cert=%s&key=%s", cert, key)
	for name, test := range map[string]struct{ url, want string }{
		"good":                     {"rediss://" + address + "?ca=" + ca + own, ""},
		"an authority not known":   {"rediss://" + address + "?" + own[1:], "certificate"},
		"no certificate of ours":   {"rediss://" + address + "?ca=" + ca, "certificate"},
		"no TLS where there is it": {"redis://" + address, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			target, err := Parse(test.url)
			if err != nil {
				t.Fatal(err)
			}
			client := target.Open(5*time.Second, 1)
			defer client.Close()
			switch err := client.Ping(t.Context()).Err(); {
			case test.want == "" && err != nil:
				t.Errorf("Redis does not answer: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
		})
	}
}

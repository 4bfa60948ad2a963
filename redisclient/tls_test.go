package redisclient

import (
	"context"
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
	plain := redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca, "--tls-auth-clients", "yes")
	own := fmt.Sprintf("&cert=%s&key=%s", cert, key)
	for name, test := range map[string]struct{ url, want, hint string }{
		"good":                      {"rediss://" + address + "?ca=" + ca + own, "", ""},
		"an authority not known":    {"rediss://" + address + "?" + own[1:], "certificate", "?ca=FILE"},
		"a certificate for another": {"rediss://localhost:" + port + "?ca=" + ca + own, "certificate", "another name"},
		"no certificate of ours":    {"rediss://" + address + "?ca=" + ca, "certificate", ""},
		"no TLS to who speaks it":   {"redis://" + address, "EOF", "rediss://"},
		"TLS to who does not":       {"rediss://" + plain.Address + "?ca=" + ca, "", "redis://"},
	} {
		t.Run(name, func(t *testing.T) {
			target, err := Parse(test.url)
			if err != nil {
				t.Fatal(err)
			}
			client := target.Open(500*time.Millisecond, 1)
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			err = client.Ping(ctx).Err()
			if test.want == "" && test.hint == "" {
				if err != nil {
					t.Errorf("Redis does not answer: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(target.Explain(err), test.hint) {
				t.Errorf("the error is %v, %q; want one with %q, and %q", err, target.Explain(err), test.want, test.hint)
			}
		})
	}
}

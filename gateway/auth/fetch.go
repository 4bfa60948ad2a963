package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// jwksBytesMax bounds the answer of a JWKS URL.
const jwksBytesMax = 512 << 10

func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DisableKeepAlives:      true, // the next fetch is minutes away
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// newClient makes a client that follows no redirect: it could lead to where keys can be exchanged on the way.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// download fetches and reads a key set. It blocks until ctx ends at the latest.
func download(ctx context.Context, client *http.Client, address string) (*publishedKeys, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the address is not a URL")
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := client.Do(request)
	if err != nil {
		// Without what package http puts around it: the whole address, which may hold a password.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; {
	case status >= 300 && status < 400:
		return nil, fmt.Errorf("the answer is %d, and redirects are not followed: configure the address it leads to", status)
	case status != http.StatusOK:
		return nil, fmt.Errorf("the answer is %d, want %d", status, http.StatusOK)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, jwksBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(raw) > jwksBytesMax {
		return nil, fmt.Errorf("the answer has more than %d bytes", jwksBytesMax)
	}
	return readKeySet(raw)
}

// hostOf is what logs may show of an address.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// network answers requests without one.
type network func(*http.Request) (*http.Response, error)

func (n network) RoundTrip(r *http.Request) (*http.Response, error) { return n(r) }

// guarded is a value, or a log, that two goroutines share.
type guarded[T any] struct {
	mu    sync.Mutex
	value T
}

func (g *guarded[T]) with(use func(*T)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	use(&g.value)
}

// notes is a log that a test reads.
type notes struct{ guarded[strings.Builder] }

func (n *notes) Write(line []byte) (written int, err error) {
	n.with(func(b *strings.Builder) { written, err = b.Write(line) })
	return written, err
}

func (n *notes) String() (text string) {
	n.with(func(b *strings.Builder) { text = b.String() })
	return text
}

const someKeySet = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

func answer(body string) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}
}

func testKeySet(t *testing.T, transport network, log io.Writer) *keySet {
	t.Helper()
	config := DefaultConfig()
	config.JWKSURL = "https://login.example/jwks"
	set := newKeySet(config, time.Now, transport, zerolog.New(log))
	if err := set.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return set
}

// TestKeySetRefreshes sees when the set is fetched: in the interval, and after failures sooner, and ever later.
func TestKeySetRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at guarded[[]time.Time]
		var away atomic.Bool
		set := testKeySet(t, func(*http.Request) (*http.Response, error) {
			at.with(func(at *[]time.Time) { *at = append(*at, time.Now()) })
			if away.Load() {
				return nil, errors.New("away")
			}
			return answer(someKeySet), nil
		}, io.Discard)
		defer set.close()
		var fetched []time.Time // the last of an earlier phase, and those since
		sleep := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
			at.with(func(at *[]time.Time) {
				fetched = append([]time.Time(nil), *at...)
				*at = fetched[len(fetched)-1:]
			})
		}
		wantGaps := func(gaps ...time.Duration) {
			t.Helper()
			if len(fetched) < len(gaps)+1 {
				t.Fatalf("%d fetches, want at least %d", len(fetched), len(gaps)+1)
			}
			for i, want := range gaps {
				if gap := fetched[i+1].Sub(fetched[i]); gap < want-want/10 || gap > want+want/10 {
					t.Errorf("fetch %d comes %v after the last, want %v give or take a tenth", i+1, gap, want)
				}
			}
		}
		sleep(time.Hour)
		const interval = 15 * time.Minute
		wantGaps(interval, interval, interval)
		away.Store(true)
		sleep(25 * time.Minute)
		wantGaps(interval, time.Second, 2*time.Second, 4*time.Second, 8*time.Second, 16*time.Second, 32*time.Second, time.Minute, time.Minute)
		away.Store(false)
		sleep(time.Hour)
		wantGaps(time.Minute, interval, interval)
	})
}

// TestKeySetAskedWhileFetching sees that a fetch serves those who asked for one before it began, and is not followed by
// another.
func TestKeySetAskedWhileFetching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := newKeySet(DefaultConfig(), time.Now, network(func(*http.Request) (*http.Response, error) {
			return answer(someKeySet), nil
		}), zerolog.Nop())
		served := make(chan error, 2)
		for range 2 {
			go func() { served <- set.refresh(t.Context()) }()
		}
		synctest.Wait()
		if len(set.asked) != 1 {
			t.Fatalf("asked %d times, want once", len(set.asked))
		}
		set.fetch(t.Context()) // as the timer would
		for range 2 {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
		if len(set.asked) != 0 {
			t.Error("another fetch is still asked for")
		}
	})
}

func TestKeySetWaits(t *testing.T) {
	set := newKeySet(DefaultConfig(), time.Now, nil, zerolog.Nop())
	for failed, want := range map[int]time.Duration{
		0: 15 * time.Minute, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute,
	} {
		set.failed = failed
		least, most := time.Hour, time.Duration(0)
		for range 1000 {
			wait := set.wait()
			least, most = min(least, wait), max(most, wait)
		}
		if least < want-want/10 || most > want+want/10 || least > want-want/20 || most < want+want/20 {
			t.Errorf("after %d failures it waits %v to %v, want %v give or take a tenth", failed, least, most, want)
		}
	}
	set.interval, set.failed = 3*time.Second, 5
	if wait := set.wait(); wait > 3300*time.Millisecond {
		t.Errorf("it waits %v after a failure, longer than the interval", wait)
	}
}

func TestKeySetGivesUpSlowAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log notes
		began := time.Now()
		set := testKeySet(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		}, &log)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("start took %v, want 5s", took)
		}
		if !strings.Contains(log.String(), "no whole answer within 5s") {
			t.Errorf("the log says %s", &log)
		}
		time.Sleep(2 * time.Second) // into the second fetch
		closing := time.Now()
		set.close()
		if took := time.Since(closing); took != 0 {
			t.Errorf("close took %v", took)
		}
		if strings.Count(log.String(), "\n") != 1 {
			t.Errorf("the end of a fetch by close was logged: %s", &log)
		}
	})
}

// TestKeySetLogsChanges sees that a set that stays the same is not logged again and again.
func TestKeySetLogsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log notes
		var body atomic.Value // a string, empty for an outage
		body.Store(someKeySet)
		set := testKeySet(t, func(*http.Request) (*http.Response, error) {
			if body.Load() == "" {
				return nil, errors.New("away")
			}
			return answer(body.Load().(string)), nil
		}, &log)
		defer set.close()
		lines := func() int { return strings.Count(log.String(), "\n") }
		time.Sleep(time.Hour)
		synctest.Wait()
		if lines() != 1 || !strings.Contains(log.String(), "key set fetched") {
			t.Fatalf("want one line: %s", &log)
		}
		other := strings.Replace(someKeySet, `"kid":"k"`, `"kid":"l"`, 1)
		body.Store(other)
		time.Sleep(time.Hour)
		synctest.Wait()
		if lines() != 2 || !strings.Contains(log.String(), `EdDSA \"l\"`) {
			t.Fatalf("want a second line: %s", &log)
		}
		body.Store("")
		time.Sleep(17 * time.Minute)
		synctest.Wait()
		failures := lines() - 2
		if failures < 2 || failures > 25 {
			t.Fatalf("%d lines in some minutes of outage: %s", failures, &log)
		}
		body.Store(other)
		time.Sleep(time.Hour)
		synctest.Wait()
		if lines() != failures+3 || !strings.HasSuffix(log.String(), "key set fetched\"}\n") {
			t.Errorf("want one line that it is over: %s", &log)
		}
	})
}

func TestKeySetOverTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, someKeySet) }))
	defer server.Close()
	transport, _ := newTransport().(*http.Transport)
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	keys, err := download(t.Context(), newClient(transport), server.URL)
	if err != nil || len(keys.names) != 1 {
		t.Errorf("%+v, %v, want one key", keys, err)
	}
}

func TestClientKeepsNoConnection(t *testing.T) {
	transport, ok := newTransport().(*http.Transport)
	if !ok || !transport.DisableKeepAlives || transport.Proxy == nil || transport.TLSClientConfig != nil {
		t.Errorf("%+v: want no idle connections, the environment's proxy, and certificates checked", transport)
	}
}

func TestHostOf(t *testing.T) {
	for address, want := range map[string]string{"https://login.example:8443/jwks?key=sesame": "login.example:8443", "%zz": ""} {
		if got := hostOf(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

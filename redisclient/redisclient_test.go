package redisclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Each way of reaching Redis asks once: an answer that is lost is told, and nothing is sent again.
func TestNothingIsSentTwice(t *testing.T) {
	for name, form := range map[string]string{
		"one server": "redis://%s",
		"sentinel":   "redis+sentinel://%s/main",
		"cluster":    "redis+cluster://%s",
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			client := open(t, fmt.Sprintf(form, f.address()))
			if err := client.Incr(t.Context(), "count").Err(); err == nil {
				t.Error("nobody is told that the answer is lost")
			}
			pipe := client.Pipeline()
			pipe.Incr(t.Context(), "count")
			pipe.Incr(t.Context(), "count")
			if _, err := pipe.Exec(t.Context()); err == nil {
				t.Error("nobody is told that the answers are lost")
			}
			one, err := Master(t.Context(), client, "count")
			if err != nil {
				t.Fatal(err)
			}
			if err := one.Incr(t.Context(), "count").Err(); err == nil {
				t.Error("nobody is told that the answer is lost")
			}
			if n := f.asked("incr"); n != 3 {
				t.Errorf("it was asked %d times on a connection each, want 3", n)
			}
		})
	}
}

// Who asks is bounded by his context, whatever the time-outs, by a server that says nothing.
func TestContextBoundsTheWait(t *testing.T) {
	for name, form := range map[string]string{
		"one server": "redis://%s",
		"sentinel":   "redis+sentinel://%s/main",
		"cluster":    "redis+cluster://%s",
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			target, err := Parse(fmt.Sprintf(form, f.address()))
			if err != nil {
				t.Fatal(err)
			}
			client := target.Open(10*time.Minute, 2)
			defer client.Close()
			ended := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
				defer cancel()
				ended <- client.Get(ctx, "hang").Err()
			}()
			select {
			case err := <-ended:
				if err == nil {
					t.Error("there is an answer")
				}
			case <-time.After(time.Minute):
				t.Error("it waits for longer than it may")
			}
		})
	}
}

func TestMasters(t *testing.T) {
	f := startFake(t)
	for _, form := range []string{"redis://%s", "redis+cluster://%s"} {
		client := open(t, fmt.Sprintf(form, f.address()))
		n := 0
		if err := EachMaster(t.Context(), client, func(ctx context.Context, one *redis.Client) error {
			n++
			return one.Ping(ctx).Err()
		}); err != nil || n != 1 {
			t.Errorf("%s: %d masters, %v", form, n, err)
		}
		err := client.Get(t.Context(), "elsewhere").Err()
		if !Redirected(err) {
			t.Errorf("%s: %v is not taken for a redirection", form, err)
		}
		Reload(t.Context(), client)
	}
	for _, said := range []error{nil, errors.New("MOVED 1 h:1"), saidError("ERR MOVE"), saidError("ASKED")} {
		if Redirected(said) {
			t.Errorf("%v is taken for a redirection", said)
		}
	}
	for _, said := range []string{"ASK 1 h:1", "TRYAGAIN later", "CLUSTERDOWN Hash slot not served"} {
		if !Redirected(saidError(said)) {
			t.Errorf("%v is not taken for a redirection", said)
		}
	}
}

// saidError is an error that Redis says.
type saidError string

func (e saidError) Error() string { return string(e) }
func (saidError) RedisError()     {}

func open(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	target, err := Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	client := target.Open(10*time.Second, 2)
	t.Cleanup(func() {
		if err := client.Close(); err != nil && !strings.Contains(err.Error(), "closed") {
			t.Error(err)
		}
	})
	return client
}

package process

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// readyEvery is the time between two questions whether the server is ready: short beside the time that a start takes.
const readyEvery = 5 * time.Millisecond

// WaitReady returns nil when Config.Ready does. The error says that the program has ended, or what was not ready when ctx
// ended, or after a minute.
func (p *Process) WaitReady(ctx context.Context) error {
	if p.config.Ready == nil {
		return nil
	}
	p.mu.Lock()
	l := p.life
	p.mu.Unlock()
	if l == nil {
		return ErrNotRunning
	}
	ctx, cancel := context.WithTimeout(ctx, readyMax)
	defer cancel()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	var last error // before ctx ended, which ends the question, too
	for {
		err := p.config.Ready(ctx)
		if err == nil && !l.over() {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-l.done:
			return fmt.Errorf("process: it has ended before it was ready: %w", endedAs(l.err))
		case <-ctx.Done():
			return fmt.Errorf("process: not ready: %w; the last answer: %w", context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// endedAs is how a process ended, which may have been without an error.
func endedAs(err error) error {
	if err == nil {
		return fmt.Errorf("exit status 0")
	}
	return err
}

// ReadyAt asks the server at that URL, such as "http://127.0.0.1:8080", whether it is ready: GET /readyz answers 200.
func ReadyAt(url string) func(ctx context.Context) error {
	// Each question has a connection of its own: one that a dead server has left behind tells nothing about the next.
	asker := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := asker.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s/readyz: %s", url, response.Status)
		}
		return nil
	}
}

// Package driver drives a real Chromium without a window, through chromedriver and the W3C WebDriver protocol
// (https://www.w3.org/TR/webdriver2/), for tests of the page.
//
// It must know nothing of the page.
package driver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"time"
)

// ErrMissing means that a program is not installed; the error says which.
var ErrMissing = errors.New("not installed (on Debian: apt-get install chromium chromium-driver)")

// callTimeout bounds every call to chromedriver; waitTimeout how long a Tab waits for its page.
const (
	callTimeout = 60 * time.Second
	waitTimeout = 20 * time.Second
)

// Browser is a running Chromium with a profile of its own. Its tabs share one session of the protocol: use them from one
// goroutine at a time.
type Browser struct {
	driver  *exec.Cmd
	profile string
	session string // URL
	first   string // handle of the window that is there from the beginning; without a window no other can be opened
	current string // handle of the window that commands go to
}

// Start starts chromedriver and a Chromium. Close has to be called in the end. Without the programs it fails with
// ErrMissing.
func Start(ctx context.Context) (*Browser, error) {
	for _, program := range []string{"chromedriver", "chromium"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s: %w", program, ErrMissing)
		}
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "chromium-*")
	if err != nil {
		return nil, err
	}
	b := &Browser{profile: profile}
	address, err := b.startDriver(ctx)
	if err != nil {
		b.Close()
		return nil, err
	}
	arguments := []string{"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--window-size=1280,900", "--user-data-dir=" + profile}
	var made struct {
		SessionID string `json:"sessionId"`
	}
	err = b.call(http.MethodPost, address+"/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName": "chrome", "goog:loggingPrefs": map[string]string{"browser": "ALL"}, "timeouts": map[string]any{"script": waitTimeout.Milliseconds()},
		"goog:chromeOptions": map[string]any{"binary": chromium, "args": arguments},
	}}}, &made)
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	b.session = address + "/session/" + made.SessionID
	if err := b.call(http.MethodGet, b.session+"/window", nil, &b.first); err != nil {
		b.Close()
		return nil, fmt.Errorf("find the first window: %w", err)
	}
	b.current = b.first
	return b, nil
}

var announced = regexp.MustCompile(`started successfully on port (\d+)`)

// startDriver starts chromedriver on a free port and returns its address.
func (b *Browser) startDriver(ctx context.Context) (string, error) {
	b.driver = exec.CommandContext(ctx, "chromedriver", "--port=0")
	output, err := b.driver.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := b.driver.Start(); err != nil {
		b.driver = nil
		return "", fmt.Errorf("start chromedriver: %w", err)
	}
	silent := time.AfterFunc(callTimeout, func() { _ = b.driver.Process.Kill() })
	defer silent.Stop()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if port := announced.FindStringSubmatch(lines.Text()); port != nil {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return "http://127.0.0.1:" + port[1], nil
		}
	}
	return "", fmt.Errorf("start chromedriver: it ended without telling its port: %w", errors.Join(lines.Err(), b.driver.Wait()))
}

// Close ends the browser and all that it has started. It may be called again.
func (b *Browser) Close() {
	if b.session != "" {
		_ = b.call(http.MethodDelete, b.session, nil, nil)
		b.session = ""
	}
	if b.driver != nil {
		_ = b.driver.Process.Kill()
		_ = b.driver.Wait()
		b.driver = nil
	}
	_ = os.RemoveAll(b.profile)
}

// Tab is one tab of the browser. Its errors say what was tried.
type Tab struct {
	browser *Browser
	handle  string
}

// NewTab opens a tab. It shares nothing with the others but the browser.
func (b *Browser) NewTab() (*Tab, error) {
	var opened struct {
		Handle string `json:"handle"`
	}
	if err := b.switchTo(b.first); err != nil {
		return nil, err
	}
	if err := b.call(http.MethodPost, b.session+"/window/new", map[string]any{"type": "tab"}, &opened); err != nil {
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	return &Tab{browser: b, handle: opened.Handle}, nil
}

// switchTo has the commands go to a window.
func (b *Browser) switchTo(handle string) error {
	if b.current == handle {
		return nil
	}
	if err := b.call(http.MethodPost, b.session+"/window", map[string]any{"handle": handle}, nil); err != nil {
		return fmt.Errorf("switch to a tab: %w", err)
	}
	b.current = handle
	return nil
}

// Tabs returns all tabs, in no order.
func (b *Browser) Tabs() ([]*Tab, error) {
	var handles []string
	if err := b.call(http.MethodGet, b.session+"/window/handles", nil, &handles); err != nil {
		return nil, fmt.Errorf("list the tabs: %w", err)
	}
	tabs := make([]*Tab, len(handles))
	for i, handle := range handles {
		tabs[i] = &Tab{browser: b, handle: handle}
	}
	return tabs, nil
}

// Faults returns what the pages have complained about in their consoles since the last call: errors that nobody caught,
// what the policy has forbidden, files that were not found.
func (b *Browser) Faults() ([]string, error) {
	var entries []struct{ Level, Message string }
	if err := b.call(http.MethodPost, b.session+"/se/log", map[string]any{"type": "browser"}, &entries); err != nil {
		return nil, fmt.Errorf("read the console: %w", err)
	}
	var faults []string
	for _, entry := range entries {
		if entry.Level == "SEVERE" {
			faults = append(faults, entry.Message)
		}
	}
	return faults, nil
}

var client = sync.OnceValue(func() *http.Client { return &http.Client{Timeout: callTimeout} })

// call sends one command, and decodes the value of its answer into result unless that is nil.
func (b *Browser) call(method, url string, body, result any) error {
	var sent io.Reader
	if method == http.MethodPost {
		if body == nil {
			body = struct{}{}
		}
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, url, sent)
	if err != nil {
		return err
	}
	response, err := client().Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %w", response.Status, err)
	}
	if response.StatusCode != http.StatusOK {
		var fault struct{ Error, Message string }
		_ = json.Unmarshal(answer.Value, &fault)
		return fmt.Errorf("%s: %.400s", fault.Error, fault.Message)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, result)
}

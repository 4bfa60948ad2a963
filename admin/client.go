package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Config configures a Client. Start from DefaultConfig.
type Config struct {
	URL     string // of a node's address for operators, as http://127.0.0.1:9090
	Token   string // that opens it
	Timeout time.Duration
}

// DefaultConfig is a node on this machine; it has no token.
func DefaultConfig() Config { return Config{URL: "http://127.0.0.1:9090", Timeout: time.Minute} }

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		faults = append(faults, fmt.Errorf("the node's address for operators is %q, want one as http://127.0.0.1:9090", c.URL))
	}
	if c.Timeout <= 0 {
		faults = append(faults, fmt.Errorf("the time for an answer is %v, want more", c.Timeout))
	}
	return errors.Join(append(faults, CheckToken(c.Token))...)
}

// Client says to one node what an operator wants of the cluster. It is safe for concurrent use. Its methods block until the
// node has answered. An error that wraps ErrRefused says that the node has, and why it could not be done; after another one
// nobody knows what was done. Everything may be asked again.
type Client struct {
	config Config
	http   *http.Client
}

// ErrRefused means that the node has answered with an error.
var ErrRefused = errors.New("refused")

// answerBytesMax bounds what is read of an answer: the largest cluster's has a few MiB.
const answerBytesMax = 64 << 20

// New makes a client.
func New(config Config) (*Client, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Client{config: config, http: &http.Client{Timeout: config.Timeout}}, nil
}

// Cluster is how the cluster stands, as the node sees it.
func (c *Client) Cluster(ctx context.Context) (cluster Cluster, err error) {
	err = c.do(ctx, http.MethodGet, "cluster", nil, &cluster)
	return cluster, err
}

// Pin has a shard served by a node whenever that is there.
func (c *Client) Pin(ctx context.Context, shard int, node string) (Done, error) {
	return c.order(ctx, http.MethodPut, shardPath(shard, "pin"), &Order{Node: node})
}

// Unpin ends that.
func (c *Client) Unpin(ctx context.Context, shard int) (Done, error) {
	return c.order(ctx, http.MethodDelete, shardPath(shard, "pin"), nil)
}

// Move pins a shard to a node, and waits until it is served there.
func (c *Client) Move(ctx context.Context, shard int, node string) (Done, error) {
	return c.order(ctx, http.MethodPost, shardPath(shard, "move"), &Order{Node: node})
}

// Rebalance ends all pins.
func (c *Client) Rebalance(ctx context.Context) (Done, error) {
	return c.order(ctx, http.MethodPost, "rebalance", nil)
}

// Drain has a node hand over all that it has, and waits until it has; empty: the node that is asked.
func (c *Client) Drain(ctx context.Context, node string) (Done, error) {
	return c.order(ctx, http.MethodPost, "drain", &Order{Node: node})
}

// Undrain lets shards come to it again.
func (c *Client) Undrain(ctx context.Context, node string) (Done, error) {
	return c.order(ctx, http.MethodDelete, "drain", &Order{Node: node})
}

func shardPath(shard int, what string) string { return "shards/" + strconv.Itoa(shard) + "/" + what }

func (c *Client) order(ctx context.Context, method, path string, body *Order) (done Done, err error) {
	err = c.do(ctx, method, path, body, &done)
	return done, err
}

func (c *Client) do(ctx context.Context, method, path string, body *Order, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.config.URL, "/")+"/admin/v1/"+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.config.Token)
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	if err != nil {
		return fmt.Errorf("read the node's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return refusal(response.Status, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("the node's answer is not what this release understands: %w", err)
	}
	return nil
}

// refusal is what a node says that does not do something.
func refusal(status string, text []byte) error {
	var failure Failure
	if json.Unmarshal(text, &failure) != nil || failure.Error == "" {
		return fmt.Errorf("%w: %s: is that a node's address for operators?", ErrRefused, status)
	}
	return fmt.Errorf("%w: %s", ErrRefused, failure.Error)
}

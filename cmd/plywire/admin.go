package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/plywire/plywire/admin"
)

// adminCommand are the flags of plywire admin. What comes from the environment has names of its own: a server's address is
// another one for its clients.
type adminCommand struct {
	URL       string `help:"Address for operators of any node." default:"http://127.0.0.1:9090" name:"url" env:"PLYWIRE_ADMIN_URL"`
	TokenFile string `help:"File with the operators' token." default:"./data/admin.token" type:"path" env:"PLYWIRE_ADMIN_TOKEN_FILE"`
	Token     string `help:"The token itself, instead. Better given as $$PLYWIRE_ADMIN_TOKEN than where others can read it." env:"PLYWIRE_ADMIN_TOKEN" placeholder:"TOKEN"`
	JSON      bool   `help:"Print what the node answers." name:"json" env:"-"`

	Nodes     nodesCommand     `cmd:"" help:"List the nodes."`
	Shards    shardsCommand    `cmd:"" help:"List the shards: where each is, and how."`
	Move      moveCommand      `cmd:"" help:"Move a shard to a node, and keep it there: it is pinned."`
	Pin       pinCommand       `cmd:"" help:"Have a shard served by a node whenever that is there."`
	Unpin     unpinCommand     `cmd:"" help:"Let a shard go where it would be by itself."`
	Drain     drainCommand     `cmd:"" help:"Have a node hand over all its shards, and get none."`
	Undrain   undrainCommand   `cmd:"" help:"Let shards come to it again."`
	Rebalance rebalanceCommand `cmd:"" help:"End all pins, so that every shard goes where it would be by itself."`
}

// client is who asks.
func (c *adminCommand) client() (*admin.Client, error) {
	config := admin.DefaultConfig()
	config.URL, config.Token = c.URL, c.Token
	if c.Token == "" {
		token, err := admin.ReadToken(c.TokenFile)
		if err != nil {
			return nil, err
		}
		config.Token = token
	}
	return admin.New(config)
}

// list asks how the cluster stands, and prints it.
func (c *adminCommand) list(ctx context.Context, table func(admin.Cluster, io.Writer) error) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	cluster, err := client.Cluster(ctx)
	switch {
	case err != nil:
		return err
	case c.JSON:
		return printJSON(cluster)
	}
	return table(cluster, os.Stdout)
}

// order has something done, and prints what came of it.
func (c *adminCommand) order(do func(*admin.Client) (admin.Done, error)) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	done, err := do(client)
	switch {
	case err != nil:
		return err
	case c.JSON:
		return printJSON(done)
	}
	fmt.Println(done)
	return nil
}

func printJSON(what any) error {
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(what)
}

type nodesCommand struct{}

// Run lists the nodes.
func (nodesCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.list(ctx, admin.Cluster.WriteNodes)
}

type shardsCommand struct{}

// Run lists the shards.
func (shardsCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.list(ctx, admin.Cluster.WriteShards)
}

type moveCommand struct {
	Shard int    `arg:"" help:"Its number."`
	Node  string `arg:"" help:"Name of a node, or its ID."`
}

// Run moves a shard.
func (m moveCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.order(func(a *admin.Client) (admin.Done, error) { return a.Move(ctx, m.Shard, m.Node) })
}

type pinCommand struct {
	Shard int    `arg:"" help:"Its number."`
	Node  string `arg:"" help:"Name of a node, or its ID."`
}

// Run pins a shard.
func (p pinCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.order(func(a *admin.Client) (admin.Done, error) { return a.Pin(ctx, p.Shard, p.Node) })
}

type unpinCommand struct {
	Shard int `arg:"" help:"Its number."`
}

// Run ends a pin.
func (u unpinCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.order(func(a *admin.Client) (admin.Done, error) { return a.Unpin(ctx, u.Shard) })
}

type drainCommand struct {
	Node string `arg:"" optional:"" help:"Name of a node, or its ID; the one that is asked, if none is named."`
}

// Run drains a node.
func (d drainCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.order(func(a *admin.Client) (admin.Done, error) { return a.Drain(ctx, d.Node) })
}

type undrainCommand struct {
	Node string `arg:"" optional:"" help:"Name of a node, or its ID; the one that is asked, if none is named."`
}

// Run ends that.
func (u undrainCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.order(func(a *admin.Client) (admin.Done, error) { return a.Undrain(ctx, u.Node) })
}

type rebalanceCommand struct{}

// Run ends all pins.
func (rebalanceCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.order(func(a *admin.Client) (admin.Done, error) { return a.Rebalance(ctx) })
}

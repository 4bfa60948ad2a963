package admin

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// WriteNodes writes the nodes as a table.
func (c Cluster) WriteNodes(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tSTATE\tSHARDS\tGAMES\tCONNECTIONS\tLEASE\tUP\tLINK\tURL\tID")
	for _, n := range c.Nodes {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", n.Name, n.State(), n.Shards, n.Games, n.Connections,
			c.lease(n), time.Since(n.Since).Round(time.Second), dash(n.Link), dash(n.URL), dash(n.ID))
	}
	return table.Flush()
}

func (c Cluster) lease(n Node) string {
	if c.Alone {
		return "-"
	}
	return (time.Duration(n.LeaseLeftMS) * time.Millisecond).Round(100 * time.Millisecond).String()
}

// State is how the node is, in a word or a few.
func (n Node) State() string {
	state := "serving"
	if n.Draining {
		state = "draining"
	}
	if n.Silent != "" {
		state = "silent (" + n.Silent + ")"
	}
	return state
}

// WriteShards writes the shards as a table.
func (c Cluster) WriteShards(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SHARD\tNODE\tSTATE\tPIN\tEPOCH\tGAMES\tQUEUE\tJOURNAL\tLAG")
	for _, s := range c.Shards {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t", s.Index, dash(s.Node), s.State(), dash(s.Pin))
		if s.Known {
			lag := time.Duration(s.LagMS * float64(time.Millisecond)).Round(100 * time.Microsecond)
			fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%s\n", s.Epoch, s.Games, s.Queued, s.Journal, lag)
		} else {
			fmt.Fprintln(table, "?\t?\t?\t?\t?")
		}
	}
	return table.Flush()
}

// State is how the shard is, in a few words.
func (s Shard) State() string {
	switch {
	case s.Moving && s.Wanted != "" && s.Wanted != s.Node:
		return "moving to " + s.Wanted
	case s.Moving:
		return "being taken"
	case s.Node != "" && !s.Known:
		return "unknown"
	case !s.Served:
		return "not served"
	case s.Wanted != "" && s.Wanted != s.Node:
		return "to go to " + s.Wanted
	}
	return "served"
}

func dash(text string) string { return cmp.Or(text, "-") }

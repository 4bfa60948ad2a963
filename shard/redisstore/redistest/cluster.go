package redistest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
)

// clusterSlots is how many slots a Redis Cluster has (Redis cluster specification).
const clusterSlots = 16384

// Cluster is a Redis Cluster of a test's own.
type Cluster struct {
	Masters  []*Server // when it was made; each has an equal part of the slots
	Replicas []*Server // of the masters, in turn
}

// StartCluster starts a Redis Cluster and waits until it can be used.
func StartCluster(t testing.TB, masters, replicas int) *Cluster {
	t.Helper()
	c := &Cluster{}
	var buses []string
	for range masters + replicas {
		_, bus, _ := net.SplitHostPort(freeAddress(t))
		buses = append(buses, bus)
		c.Masters = append(c.Masters, Start(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "1500", "--cluster-replica-validity-factor", "0"))
	}
	host, port, _ := net.SplitHostPort(c.Masters[0].Address)
	for i, r := range c.Masters {
		client := Client(t, r.URL())
		do := func(args ...any) {
			t.Helper()
			if err := client.Do(t.Context(), args...).Err(); err != nil {
				t.Fatal(err)
			}
		}
		do("cluster", "set-config-epoch", i+1)
		if i < masters {
			do("cluster", "addslotsrange", i*clusterSlots/masters, (i+1)*clusterSlots/masters-1)
		}
		if i > 0 {
			do("cluster", "meet", host, port, buses[0])
		}
	}
	c.await(t, c.Masters, masters+replicas)
	c.Masters, c.Replicas = c.Masters[:masters], c.Masters[masters:]
	for i, r := range c.Replicas {
		id, err := Client(t, c.Masters[i%masters].URL()).Do(t.Context(), "cluster", "myid").Text()
		if err != nil {
			t.Fatal(err)
		}
		if err := Client(t, r.URL()).Do(t.Context(), "cluster", "replicate", id).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range c.Replicas {
		awaitReplicas(t, c.Masters[i%masters], r)
	}
	return c
}

// await waits until servers see the whole cluster.
func (c *Cluster) await(t testing.TB, servers []*Server, nodes int) {
	t.Helper()
	for _, r := range servers {
		client := Client(t, r.URL())
		Await(t, "the Redis Cluster to find together", func() error {
			said, err := client.ClusterInfo(context.Background()).Result()
			if err == nil && !(strings.Contains(said, "cluster_state:ok") && strings.Contains(said, fmt.Sprintf("cluster_known_nodes:%d\r", nodes))) {
				err = fmt.Errorf("%s says %q", r.Address, said)
			}
			return err
		})
	}
}

// URL is where the cluster is.
func (c *Cluster) URL() string {
	var all []string
	for _, r := range c.Masters {
		all = append(all, r.Address)
	}
	return "redis+cluster://" + strings.Join(all, ",")
}

// Kill ends all masters at once.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	for _, r := range c.Masters {
		if err := r.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

// Again starts the masters again after Kill, and waits until the cluster can be used.
func (c *Cluster) Again(t testing.TB) {
	t.Helper()
	for _, r := range c.Masters {
		r.Again(t)
	}
	c.await(t, c.Masters, len(c.Masters)+len(c.Replicas))
}

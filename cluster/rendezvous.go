package cluster

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// wanted says which member should hold each shard, by its ID; empty where there is none that could. It is the same on every
// node that sees the same members: each shard goes to the member with the highest score (rendezvous hashing; Thaler and
// Ravishankar, 1998), so that who comes or goes moves nothing but its own share.
func wanted(shards int, members []Standing, pins map[int]string) []string {
	able := make([]Standing, 0, len(members))
	names := make(map[string]int, len(members))
	for _, m := range members {
		if m.Left > 0 && !m.Draining {
			able = append(able, m)
			names[m.Name]++
		}
	}
	all := make([]string, shards)
	for i := range all {
		var best uint64
		for _, m := range able {
			if pins[i] == m.Name {
				all[i] = m.ID
				break
			}
			key := m.Name // the same after the node was started again
			if names[m.Name] > 1 {
				key = m.ID
			}
			if s := score(key, i); all[i] == "" || s > best || s == best && m.ID < all[i] {
				all[i], best = m.ID, s
			}
		}
	}
	return all
}

func score(key string, shard int) uint64 {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(shard))
	d := xxhash.New()
	_, _ = d.WriteString(key)
	_, _ = d.Write(number[:])
	return d.Sum64()
}

//go:build !race

package shard_test

import (
	"testing"

	"github.com/plywire/plywire/shard"
)

// What a command costs the shard, apart from its actor, is no garbage. The race detector allocates: this runs without it.
func TestAllocations(t *testing.T) {
	node, answers := benchNode(t, 1), &tally{}
	warm(node, answers)
	for name, test := range map[string]struct {
		body any
		want float64
	}{"command": {counted, 1}, "read": {nil, 0}} {
		i := 0
		got := testing.AllocsPerRun(2000, func() {
			_ = node.Send(shard.Command{Actor: shard.ID{1, byte(i)}, Body: test.body, Sender: answers})
			i++
		})
		// A snapshot now and then is an allocation too, and rounds up to nothing.
		if got > test.want {
			t.Errorf("a %s allocates %v times, want %v: the bytes of its event", name, got, test.want)
		}
	}
}

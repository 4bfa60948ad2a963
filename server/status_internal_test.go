package server

import (
	"errors"
	"testing"
	"time"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/shard"
)

// What is not known is told as such, and who has gone goes by his ID.
func TestWhatIsTold(t *testing.T) {
	m := &cluster.Map{Self: "id1", Members: []cluster.MemberState{
		{Standing: cluster.Standing{Member: cluster.Member{ID: "id1", Name: "n1", Games: 3, Conns: 4}, Left: 1500 * time.Millisecond}},
		{Standing: cluster.Standing{Member: cluster.Member{ID: "id2", Name: "n2", Draining: true}, Left: -time.Second}, Unheard: errors.New("no answer")},
	}, Shards: []cluster.ShardState{
		{Holder: "id1", Wanted: "id1", Told: true, Status: shard.Status{Served: true, Epoch: 7, Loaded: 3, Queued: 2, Head: 9, Journal: 5, Lag: 1500 * time.Microsecond}},
		{Holder: "id2", Wanted: "id1", Pin: "n1", Moving: true},
		{Holder: "id3", Wanted: "id1", Told: true},
		{},
	}}
	c := told("n1", m)
	if n := c.Nodes[0]; c.Node != "n1" || c.Alone || n.Silent != "" || n.Shards != 1 || n.Games != 3 || n.Connections != 4 || n.LeaseLeftMS != 1500 || n.Draining {
		t.Errorf("the first node is %+v", n)
	}
	if n := c.Nodes[1]; n.Silent != "no answer" || n.Shards != 1 || n.LeaseLeftMS != -1000 || !n.Draining {
		t.Errorf("the second node is %+v", n)
	}
	if s := c.Shards[0]; s.Node != "n1" || !s.Known || !s.Served || s.Epoch != 7 || s.Games != 3 || s.Queued != 2 || s.Head != 9 || s.Journal != 5 || s.LagMS != 1.5 {
		t.Errorf("the first shard is %+v", s)
	}
	if s := c.Shards[1]; s.Index != 1 || s.Node != "n2" || s.NodeID != "id2" || s.Wanted != "n1" || s.Pin != "n1" || !s.Moving || s.Known {
		t.Errorf("the second shard is %+v", s)
	}
	if s := c.Shards[2]; s.Node != "id3" || !s.Known || s.Served {
		t.Errorf("the third shard is %+v", s)
	}
	if s := c.Shards[3]; s.Node != "" || s.Wanted != "" || s.Known {
		t.Errorf("the fourth shard is %+v", s)
	}
}

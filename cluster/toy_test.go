package cluster_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/shard"
)

// What a list can be asked.
type (
	add  struct{ value uint64 } // reply: its place, counted from 1, the same when it is asked again
	look struct{ after uint64 } // reply: the values behind that place
	ring struct{}               // is done as often as it is asked
	gone struct{ node string }
)

// heard is a reply: values behind a place. added is a notice: a value and its place.
type (
	heard struct {
		after  uint64
		values []uint64
	}
	added struct{ place, value uint64 }
)

// list is an actor: values, each once, in the order in which they were added.
type list struct{ values []uint64 }

func (l *list) Receive(_ time.Time, body any) shard.Turn {
	switch b := body.(type) {
	case add:
		if at := slices.Index(l.values, b.value); at >= 0 {
			return shard.Turn{Reply: heard{after: uint64(at + 1)}}
		}
		l.values = append(l.values, b.value)
		place := uint64(len(l.values))
		return shard.Turn{Events: [][]byte{binary.BigEndian.AppendUint64(nil, b.value)}, Reply: heard{after: place}, Notice: added{place, b.value}}
	case look:
		return shard.Turn{Reply: heard{after: b.after, values: slices.Clone(l.values[min(b.after, uint64(len(l.values))):])}}
	}
	return shard.Turn{}
}

func (l *list) Apply(event []byte) error {
	l.values = append(l.values, binary.BigEndian.Uint64(event))
	return nil
}

func (l *list) AppendSnapshot(dst []byte) []byte {
	for _, v := range l.values {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return dst
}

func (l *list) Needs() shard.Needs { return shard.Needs{} }
func (l *list) Visible(time.Time)  {}

type lists struct{}

func (lists) New(shard.ID) shard.Actor { return new(list) }
func (lists) Restore(_ shard.ID, snapshot []byte) (shard.Actor, error) {
	l := new(list)
	for ; len(snapshot) > 0; snapshot = snapshot[8:] {
		l.values = append(l.values, binary.BigEndian.Uint64(snapshot))
	}
	return l, nil
}

// codec writes what is said to lists.
type codec struct{}

var errCodec = errors.New("not said to lists")

func numbers(dst []byte, kind byte, all ...uint64) []byte {
	dst = append(dst, kind)
	for _, v := range all {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return dst
}

func parseNumbers(frame []byte) (kind byte, all []uint64) {
	if len(frame) == 0 {
		return 0, nil
	}
	for rest := frame[1:]; len(rest) >= 8; rest = rest[8:] {
		all = append(all, binary.BigEndian.Uint64(rest))
	}
	return frame[0], all
}

func (codec) AppendRequest(dst []byte, body any) ([]byte, error) {
	switch b := body.(type) {
	case add:
		return numbers(dst, 1, b.value), nil
	case look:
		return numbers(dst, 2, b.after), nil
	case ring:
		return numbers(dst, 3), nil
	}
	return dst, errCodec
}

func (codec) ParseRequest(frame []byte) (any, error) {
	switch kind, all := parseNumbers(frame); {
	case kind == 1 && len(all) == 1:
		return add{all[0]}, nil
	case kind == 2 && len(all) == 1:
		return look{all[0]}, nil
	case kind == 3:
		return ring{}, nil
	}
	return nil, errCodec
}

func (codec) AppendReply(dst []byte, body any) ([]byte, error) {
	h, _ := body.(heard)
	return numbers(dst, 1, append([]uint64{h.after}, h.values...)...), nil
}

func (codec) ParseReply(frame []byte) (any, error) {
	_, all := parseNumbers(frame)
	if len(all) == 0 {
		return nil, errCodec
	}
	return heard{all[0], all[1:]}, nil
}

func (codec) AppendNotice(dst []byte, body any) ([]byte, error) {
	a := body.(added)
	return numbers(dst, 1, a.place, a.value), nil
}

func (codec) ParseNotice(frame []byte) (any, error) {
	_, all := parseNumbers(frame)
	if len(all) != 2 {
		return nil, errCodec
	}
	return added{all[0], all[1]}, nil
}

func (codec) Watches(body any) bool    { _, is := body.(look); return is }
func (codec) Repeatable(body any) bool { _, is := body.(ring); return !is }
func (codec) Departed(node string) any { return gone{node} }

// viewer is a gateway with one watcher of each list that it watches.
type viewer struct {
	node *cluster.Node
	fail func(format string, args ...any)

	mu    sync.Mutex
	lists map[shard.ID][]uint64
	conns int
	news  chan struct{}
}

func newViewer() *viewer {
	return &viewer{lists: make(map[shard.ID][]uint64), news: make(chan struct{}, 1)}
}

// watch has the viewer watch a list from now on.
func (v *viewer) watch(id shard.ID) { v.ask(id, 0) }

func (v *viewer) ask(id shard.ID, after uint64) {
	if err := v.node.Post(shard.Command{Actor: id, Body: look{after}, Sender: &catchUp{v, id}}); err != nil {
		(&catchUp{v, id}).Answer(nil, err)
	}
}

// catchUp hears what was missed of a list.
type catchUp struct {
	*viewer
	id shard.ID
}

func (c *catchUp) Answer(reply any, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		after := uint64(len(c.lists[c.id]))
		time.AfterFunc(20*time.Millisecond, func() { c.ask(c.id, after) })
		return
	}
	h := reply.(heard)
	known := c.lists[c.id]
	if known == nil {
		known = []uint64{}
	}
	for i, value := range h.values {
		switch place := h.after + uint64(i); {
		case place == uint64(len(known)):
			known = append(known, value)
		case place < uint64(len(known)) && known[place] != value:
			c.fail("%s: place %d was %d and is %d", c.id, place+1, known[place], value)
		}
	}
	c.lists[c.id] = known
	c.tell()
}

func (v *viewer) tell() {
	select {
	case v.news <- struct{}{}:
	default:
	}
}

func (v *viewer) Publish(id shard.ID, notice any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	known, watched := v.lists[id]
	if !watched {
		return
	}
	switch n := notice.(added); {
	case n.place == uint64(len(known))+1:
		v.lists[id] = append(known, n.value)
		v.tell()
	case n.place > uint64(len(known)):
		after := uint64(len(known))
		go v.ask(id, after)
	case known[n.place-1] != n.value:
		v.fail("%s: place %d was %d and is %d", id, n.place, known[n.place-1], n.value)
	}
}

func (v *viewer) Flush() {}

func (v *viewer) count(conns int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conns = conns
}

func (v *viewer) Connections() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.conns
}

func (v *viewer) Watches(id shard.ID) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, is := v.lists[id]
	return is
}

func (v *viewer) EachWatched(f func(shard.ID)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id := range v.lists {
		f(id)
	}
}

func (v *viewer) Resync(lost func(shard.ID) bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, known := range v.lists {
		if lost(id) {
			after := uint64(len(known))
			go v.ask(id, after)
		}
	}
}

// seen is what the viewer has seen of a list.
func (v *viewer) seen(id shard.ID) []uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.lists[id])
}

func (v *viewer) forget(id shard.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.lists, id)
}

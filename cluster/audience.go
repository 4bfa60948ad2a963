package cluster

import (
	"slices"
	"sync"

	"github.com/plywire/plywire/shard"
)

// audience is which other nodes want to hear of which actors.
type audience struct {
	parts [64]audiencePart
}

type audiencePart struct {
	mu     sync.RWMutex
	guests map[shard.ID][]*guest
}

func newAudience() *audience {
	a := new(audience)
	for i := range a.parts {
		a.parts[i].guests = make(map[shard.ID][]*guest)
	}
	return a
}

func (a *audience) part(actor shard.ID) *audiencePart { return &a.parts[actor[15]%64] }

// of are those who want to hear of an actor. It must not be changed.
func (a *audience) of(actor shard.ID) []*guest {
	part := a.part(actor)
	part.mu.RLock()
	defer part.mu.RUnlock()
	return part.guests[actor]
}

func (a *audience) add(g *guest, actor shard.ID) {
	part := a.part(actor)
	part.mu.Lock()
	defer part.mu.Unlock()
	part.guests[actor] = append(slices.Clip(part.guests[actor]), g)
}

func (a *audience) drop(g *guest, actor shard.ID) {
	part := a.part(actor)
	part.mu.Lock()
	defer part.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(part.guests[actor]), func(each *guest) bool { return each == g })
	if len(left) == 0 {
		delete(part.guests, actor)
	} else {
		part.guests[actor] = left
	}
}

func (a *audience) dropAll(g *guest, actors map[shard.ID]struct{}) {
	for actor := range actors {
		a.drop(g, actor)
	}
}

// each calls f for every actor and every node that wants to hear of it.
func (a *audience) each(f func(actor shard.ID, g *guest)) {
	for i := range a.parts {
		part := &a.parts[i]
		part.mu.RLock()
		for actor, guests := range part.guests {
			for _, g := range guests {
				f(actor, g)
			}
		}
		part.mu.RUnlock()
	}
}

// has tells whether a node wants to hear of an actor.
func (a *audience) has(id string, actor shard.ID) bool {
	return slices.ContainsFunc(a.of(actor), func(g *guest) bool { return g.id == id })
}

// Publish implements shard.Publisher: what an actor says goes to all who watch it, on every node.
func (n *Node) Publish(actor shard.ID, notice any) {
	n.gateway.Publish(actor, notice)
	guests := n.audience.of(actor)
	if len(guests) == 0 {
		return
	}
	buffer := frames.Get().(*[]byte)
	frame, err := n.codec.AppendNotice(appendMessage((*buffer)[:0], &message{kind: kindNotice, actor: actor}), notice)
	if err != nil {
		n.log.Error().Err(err).Stringer("actor", actor).Msg("notice cannot be sent to other nodes")
		return
	}
	for _, g := range guests {
		g.say(frame)
	}
	giveBack(buffer, frame)
}

// Flush implements shard.Flusher.
func (n *Node) Flush() { n.gateway.Flush() }

package gateway

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// listener is a watcher that remembers.
type listener struct{ heard []string }

func (l *listener) push(message []byte) { l.heard = append(l.heard, string(message)) }

func notice(n int) *table.Notice {
	return &table.Notice{First: uint64(n), Last: uint64(n), Frames: table.Frames{All: fmt.Append(nil, n)}}
}

// While something waits for the watchers, nothing overtakes it, even when so many have left that there is no crowd any more.
// Players do not wait.
func TestNothingOvertakesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // so that nobody counts the watchers meanwhile
		h := newHub(func(shard.Command) error { return nil }, &burst{}, newMetrics(prometheus.NewRegistry()))
		id := game.ID{1}
		player, watcher := &listener{}, &listener{}
		h.watch(nil, id, player, "ann", &table.Reply{Seat: 0})
		h.watch(nil, id, watcher, "bob", &table.Reply{Seat: game.NoSeat})
		var others []*subscription
		for range promptMax {
			others = append(others, h.watch(nil, id, &listener{}, "cas", &table.Reply{Seat: game.NoSeat}))
		}
		topic := h.lock(id, false)
		topic.fanning = true // as if its goroutine were at work
		topic.mu.Unlock()
		h.Publish(id, notice(1))
		for _, sub := range others {
			h.leave(sub)
		}
		late := &listener{}
		h.watch(nil, id, late, "dot", &table.Reply{Seat: game.NoSeat, Seq: 1})
		h.Publish(id, notice(2))
		if want := []string{"1", "2"}; !slices.Equal(player.heard, want) || len(watcher.heard) != 0 {
			t.Fatalf("the player has heard %v, want %v; the watcher %v, want nothing yet", player.heard, want, watcher.heard)
		}
		h.fan(topic)
		h.Publish(id, notice(3))
		if want := []string{"1", "2", "3"}; !slices.Equal(player.heard, want) || !slices.Equal(watcher.heard, want) {
			t.Errorf("the player has heard %v, the watcher %v, want %v", player.heard, watcher.heard, want)
		}
		if want := []string{"2", "3"}; !slices.Equal(late.heard, want) {
			t.Errorf("who came late has heard %v, want %v", late.heard, want)
		}
	})
}

// What waits for the watchers of a game has a bound.
func TestNoticesHaveABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // so that nobody counts the watchers meanwhile
		h := newHub(func(shard.Command) error { return nil }, &burst{}, newMetrics(prometheus.NewRegistry()))
		id := game.ID{1}
		for range promptMax + 1 {
			h.watch(nil, id, &listener{}, "cas", &table.Reply{Seat: game.NoSeat})
		}
		topic := h.lock(id, false)
		topic.fanning = true
		topic.mu.Unlock()
		for n := range noticesMax + 10 {
			h.Publish(id, notice(n+1))
		}
		if len(topic.notices) != noticesMax {
			t.Errorf("%d notices wait, want %d", len(topic.notices), noticesMax)
		}
		h.fan(topic)
	})
}

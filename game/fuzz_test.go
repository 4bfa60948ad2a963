package game_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/plywire/plywire/game"
)

// FuzzDecodeEvent reads anything: it is an error of a known kind, or an event that is written and read as the same.
func FuzzDecodeEvent(f *testing.F) {
	for _, ev := range goldenEvents() {
		f.Add(game.AppendEvent(nil, ev))
	}
	f.Add(unknown(event(1, 4, 2, 5), 900))
	f.Add(event(1, 300))
	f.Fuzz(func(t *testing.T, written []byte) {
		ev, err := game.DecodeEvent(written)
		if err != nil {
			if !errors.Is(err, game.ErrDamaged) && !errors.Is(err, game.ErrNewer) || !reflect.DeepEqual(ev, game.Event{}) {
				t.Fatalf("%+v, error %v", ev, err)
			}
			return
		}
		again := game.AppendEvent(nil, ev)
		read, err := game.DecodeEvent(again)
		if err != nil {
			t.Fatalf("%+v is written as %x, and that is refused: %v", ev, again, err)
		}
		// A field that this kind of event does not have is not written.
		if third := game.AppendEvent(nil, read); !bytes.Equal(again, third) {
			t.Fatalf("written as %x and then as %x", again, third)
		}
		g := game.New(game.ID{}, registry)
		if err := g.Apply(ev); err == nil && g.Status() != game.StatusWaiting {
			t.Fatalf("the first event is %+v", ev)
		}
	})
}

// FuzzRestore reads anything as a snapshot: it is refused, or a game that can be used.
func FuzzRestore(f *testing.F) {
	for _, snapshot := range snapshots(f) {
		f.Add(snapshot)
	}
	f.Fuzz(exercise)
}

// FuzzCommands plays what the bytes say, beside the model.
func FuzzCommands(f *testing.F) {
	random := rand.New(rand.NewPCG(5, 6))
	for size := 40; size <= 320; size += 40 {
		bytes := make([]byte, size)
		for i := range bytes {
			bytes[i] = byte(random.Uint32())
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if len(bytes) > 1000 {
			bytes = bytes[:1000]
		}
		newWalk(t, &script{bytes}).run()
	})
}

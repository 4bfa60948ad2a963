package server

import "testing"

func TestGarbageFor(t *testing.T) {
	for live, want := range map[uint64]int{0: 1600, 4 << 20: 1600, 10 << 20: 600, 30 << 20: 200, 64 << 20: 100, 65 << 20: 100, 8 << 30: 100} {
		if got := garbageFor(live); got != want {
			t.Errorf("with %d MiB alive, %d %% may gather, want %d %%", live>>20, got, want)
		}
	}
}

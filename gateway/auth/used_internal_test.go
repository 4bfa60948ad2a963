package auth

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func sessionOf(n int) (id SessionID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// TestUsedAgainstModel compares the table with one that is easy to see through.
func TestUsedAgainstModel(t *testing.T) {
	const ttl, most = time.Hour, 20
	random := rand.New(rand.NewPCG(1, 2))
	now := time.UnixMilli(1_000_000_000_000)
	table := newUsedTable(most, ttl, zerolog.Nop())
	type entry struct {
		newest turn
		at     time.Time
	}
	model := map[SessionID]entry{}
	var order []SessionID // oldest first
	drop := func(id SessionID) {
		delete(model, id)
		for i, each := range order {
			if each == id {
				order = append(order[:i:i], order[i+1:]...)
				return
			}
		}
	}
	for step := range 50_000 {
		now = now.Add(time.Duration(random.IntN(int(20 * time.Minute))))
		if random.IntN(50) == 0 {
			now = now.Add(2 * ttl)
		}
		for range 2 {
			if len(order) > 0 && now.Sub(model[order[0]].at) >= ttl {
				drop(order[0])
			}
		}
		id := sessionOf(random.IntN(30))
		used := turn{uint64(random.IntN(6)), uint64(random.IntN(2))}
		held, known := model[id]
		want := !known || used.generation > held.newest.generation || used == held.newest
		if got := table.use(id, used, now); got != want {
			t.Fatalf("step %d: %v of %v with %v: %v, want %v", step, used, id, held, got, want)
		}
		if want {
			if !known && len(model) == most {
				drop(order[0])
			}
			drop(id)
			model[id], order = entry{used, now}, append(order, id)
		}
		if len(table.index) != len(model) || len(table.slots) > most+1 {
			t.Fatalf("step %d: the table has %d sessions in %d slots, want %d", step, len(table.index), len(table.slots), len(model))
		}
	}
}

// TestUsedForgets sees that sessions which nobody resumes any more make room.
func TestUsedForgets(t *testing.T) {
	const many = 10_000
	now := time.UnixMilli(1_000_000_000_000)
	table := newUsedTable(many, time.Hour, zerolog.Nop())
	for i := range many {
		table.use(sessionOf(i), turn{1, 1}, now)
	}
	now = now.Add(time.Hour)
	for i := range many {
		table.use(sessionOf(many+i), turn{1, 1}, now)
	}
	if len(table.index) != many || len(table.slots) != many+1 {
		t.Errorf("%d sessions in %d slots, want %d in one more", len(table.index), len(table.slots), many)
	}
	for i := range many {
		if _, known := table.index[sessionOf(i)]; known {
			t.Fatalf("session %d is still known", i)
		}
	}
}

func TestUsedClockGoesBack(t *testing.T) {
	now := time.UnixMilli(1_000_000_000_000)
	table := newUsedTable(10, time.Hour, zerolog.Nop())
	table.use(sessionOf(1), turn{5, 1}, now)
	table.use(sessionOf(2), turn{5, 1}, now.Add(-24*time.Hour))
	if table.use(sessionOf(1), turn{4, 1}, now.Add(-24*time.Hour)) {
		t.Error("what was replaced is good again")
	}
}

func BenchmarkUsed(b *testing.B) {
	table := newUsedTable(200_000, time.Hour, zerolog.Nop())
	now := time.UnixMilli(1_000_000_000_000)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		table.use(sessionOf(n), turn{1, 1}, now)
	}
}

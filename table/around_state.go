package table

import (
	"encoding/json"
	"fmt"
	"time"
)

// around is what is around a table and not durable, as it goes with it from one node to another.
type around struct {
	Seats  []aroundSeat  `json:"seats,omitempty"`
	Crowds []aroundCrowd `json:"crowds,omitempty"`
	Said   []string      `json:"said,omitempty"`
	Lines  int           `json:"lines,omitempty"`
	Offset time.Duration `json:"offset,omitempty"`
}

type aroundSeat struct {
	At     []string  `json:"at,omitempty"`
	GoneAt time.Time `json:"gone_at"`
}

type aroundCrowd struct {
	From  string `json:"from"`
	Count int    `json:"count"`
}

// AppendAround implements shard.Surrounded.
func (t *Table) AppendAround(dst []byte) []byte {
	a := around{Said: t.said, Lines: t.lines, Offset: t.offset}
	for i := range t.seats {
		a.Seats = append(a.Seats, aroundSeat{t.seats[i].at, t.seats[i].goneAt})
	}
	for _, c := range t.crowds {
		a.Crowds = append(a.Crowds, aroundCrowd{c.from, c.count})
	}
	text, err := json.Marshal(a)
	if err != nil {
		return dst // a time that is no time: everybody comes back by himself
	}
	return append(dst, text...)
}

// RestoreAround implements shard.Surrounded.
func (t *Table) RestoreAround(text []byte) error {
	var a around
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("table: who is around the game: %w", err)
	}
	if len(a.Seats) > len(t.game.SeatNames()) || len(a.Crowds) > gatewaysMax || len(a.Said) > saidMax || a.Lines < 0 || a.Offset < 0 {
		return fmt.Errorf("table: who is around the game: %d seats, %d gateways and %d lines are more than there can be", len(a.Seats), len(a.Crowds), len(a.Said))
	}
	t.said, t.lines, t.offset = a.Said, a.Lines, a.Offset
	t.seats, t.crowds = nil, nil
	for _, seat := range a.Seats {
		t.seats = append(t.seats, presence{at: seat.At, goneAt: seat.GoneAt})
	}
	for _, c := range a.Crowds {
		t.crowds = append(t.crowds, crowd{c.From, max(0, c.Count)})
	}
	return nil
}

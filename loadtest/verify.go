package loadtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/plywire/plywire/wire"
)

// clockTolerance is what times in whole milliseconds may be apart.
const clockTolerance = 5 * time.Millisecond

// verify compares what everybody saw, what the server says now, and the record. Requires: all have seen the end.
func (m *match) verify(ctx context.Context) (faults []error) {
	var state wire.Message
	var list struct {
		Seq    uint64         `json:"seq"`
		Events []wire.Message `json:"events"`
	}
	if err := m.run.get(ctx, "/v1/games/"+m.id, &state); err != nil {
		return []error{err}
	}
	if err := m.run.get(ctx, "/v1/games/"+m.id+"/events?after=0", &list); err != nil {
		return []error{err}
	}
	for _, e := range m.all() {
		// What comes after the end, if anything, has still to arrive.
		if err := e.untilSeq(ctx, list.Seq); err != nil {
			faults = append(faults, err)
		}
		faults = append(faults, e.check(list.Events)...)
	}
	faults = append(faults, m.checkState(state)...)
	faults = append(faults, m.checkAcks(list.Events)...)
	return append(faults, m.checkClocks(list.Events)...)
}

// get reads JSON over HTTP, and tries again while the server is away.
func (r *run) get(ctx context.Context, path string, into any) error {
	for {
		err := r.getOnce(ctx, path, into)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func (r *run) getOnce(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		return err
	}
	response, err := r.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// checkState compares the game's state with the record.
func (m *match) checkState(state wire.Message) (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if state.Position == nil || !samePosition(*state.Position, m.record.FinalFEN) {
		fault("the position is %v, want %s", deref(state.Position), m.record.FinalFEN)
	}
	if !slices.Equal(state.Moves, m.record.Moves) {
		fault("the moves are %s, want %s", strings.Join(state.Moves, " "), strings.Join(m.record.Moves, " "))
	}
	switch {
	case state.Result == nil:
		fault("the game has no result, want %s by %s", m.plan.score, m.plan.reason)
	case state.Result.Score != m.plan.score || state.Result.Reason != m.plan.reason:
		fault("the result is %s by %s, want %s by %s", state.Result.Score, state.Result.Reason, m.plan.score, m.plan.reason)
	}
	return faults
}

func deref(s *string) string {
	if s == nil {
		return "nothing"
	}
	return *s
}

// checkAcks looks for everything that the server has acknowledged: it is there, once.
func (m *match) checkAcks(events []wire.Message) (faults []error) {
	for _, ack := range m.acks {
		if ack.seq < 1 || ack.seq > uint64(len(events)) {
			faults = append(faults, fmt.Errorf("ply %d was acknowledged with seq %d, and is lost", ack.ply, ack.seq))
			m.run.lost.Add(1)
			continue
		}
		if ev := events[ack.seq-1]; ev.Type != "moved" || ev.Plies() != ack.ply || deref(ev.Move) != ack.move {
			faults = append(faults, fmt.Errorf("ply %d was acknowledged with seq %d, where %s now is", ack.ply, ack.seq, canonical(ev)))
			m.run.lost.Add(1)
		}
	}
	moved := 0
	for i, ev := range events {
		if ev.Seq != uint64(i+1) {
			faults = append(faults, fmt.Errorf("the server's event %d has seq %d", i+1, ev.Seq))
		}
		if ev.Type == "moved" {
			if moved++; ev.Plies() != moved {
				faults = append(faults, fmt.Errorf("event %d is ply %d, want %d: a move is doubled or lost", ev.Seq, ev.Plies(), moved))
				m.run.doubled.Add(1)
			}
		}
	}
	return faults
}

// checkClocks follows the clocks through the game: never below zero, the mover charged for no more than the time that went
// by, the other not at all.
func (m *match) checkClocks(events []wire.Message) (faults []error) {
	if m.clock == nil {
		return nil
	}
	increment := m.clock.IncrementMS
	left := wire.Times{}
	var turn time.Time // when the clock of the side to move began to run, at the earliest
	for _, ev := range events {
		at, err := time.Parse(time.RFC3339, ev.At)
		if err != nil {
			return append(faults, fmt.Errorf("event %d has the time %q", ev.Seq, ev.At))
		}
		if ev.Clock == nil || ev.Clock.Terms != nil {
			continue
		}
		now := ev.Clock.Left
		for _, each := range now {
			before := left.Of(each.Seat)
			switch {
			case each.MS < 0:
				faults = append(faults, fmt.Errorf("event %d: %s has %d ms left", ev.Seq, each.Seat, each.MS))
			case len(left) == 0 || ev.Type != "moved":
			case each.Seat != ev.Seat && each.MS != before:
				faults = append(faults, fmt.Errorf("event %d: %s, who did not move, went from %d to %d ms", ev.Seq, each.Seat, before, each.MS))
			case each.Seat == ev.Seat:
				charged := time.Duration(before+increment-each.MS) * time.Millisecond
				if passed := at.Sub(turn); charged < 0 || charged > passed+clockTolerance {
					faults = append(faults, fmt.Errorf("event %d: %s was charged %v of %v", ev.Seq, each.Seat, charged, passed))
				}
			}
		}
		left = now
		turn = at
	}
	return faults
}

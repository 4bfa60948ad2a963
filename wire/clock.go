package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Clock is the field "clock" of messages from the server. Events tell what each seat has left: {"white":300000,…}. The
// message game and the event created tell the terms, and the first also the rest: {"initial_ms":…, "left":{…},
// "running":["white"]}.
type Clock struct {
	Terms   *ClockTerms
	Left    Times
	Running []string
}

// Times is an amount of time a seat, in turn order.
type Times []SeatTime

// SeatTime is what one seat has left, in milliseconds.
type SeatTime struct {
	Seat string
	MS   int64
}

// Of is the time of the seat with that name; 0 if there is none.
func (t Times) Of(seat string) int64 {
	for _, each := range t {
		if each.Seat == seat {
			return each.MS
		}
	}
	return 0
}

// MarshalJSON writes an object in the order of the seats.
func (t Times) MarshalJSON() ([]byte, error) { return t.appendJSON(nil), nil }

func (t Times) appendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, each := range t {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, each.Seat), ':')
		dst = strconv.AppendInt(dst, each.MS, 10)
	}
	return append(dst, '}')
}

// UnmarshalJSON reads an object and keeps its order.
func (t *Times) UnmarshalJSON(src []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(src))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return fmt.Errorf("times are %.20q, want an object", src)
	}
	*t = nil
	for decoder.More() {
		seat, err := decoder.Token()
		if err != nil {
			return fmt.Errorf("times: %w", err)
		}
		var ms *int64
		if err := decoder.Decode(&ms); err != nil {
			return fmt.Errorf("time of %v: %w", seat, err)
		}
		if ms == nil {
			return fmt.Errorf("time of %v is null, want milliseconds", seat)
		}
		*t = append(*t, SeatTime{Seat: seat.(string), MS: *ms})
	}
	return nil
}

type clockWithTerms struct {
	ClockTerms
	Left    Times    `json:"left,omitempty"`
	Running []string `json:"running,omitempty"`
}

// MarshalJSON writes the form with the terms if there are any.
func (c Clock) MarshalJSON() ([]byte, error) {
	if c.Terms == nil {
		return c.Left.MarshalJSON()
	}
	return json.Marshal(clockWithTerms{*c.Terms, c.Left, c.Running})
}

// UnmarshalJSON reads both forms; no seat is ever named initial_ms.
func (c *Clock) UnmarshalJSON(src []byte) error {
	var probe struct {
		Initial *int64 `json:"initial_ms"`
	}
	if err := json.Unmarshal(src, &probe); err != nil || probe.Initial == nil {
		return c.Left.UnmarshalJSON(src)
	}
	var full clockWithTerms
	if err := json.Unmarshal(src, &full); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	c.Terms, c.Left, c.Running = &full.ClockTerms, full.Left, full.Running
	return nil
}

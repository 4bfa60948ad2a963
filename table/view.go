package table

import (
	"encoding/json"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/wire"
)

// frameBytes is the size at which the events for somebody who has missed many are cut into frames.
const frameBytes = 8 << 10

// look brings somebody up to date.
func (t *Table) look(at time.Time, look *Look) *Reply {
	if t.game.Status() == game.StatusNone {
		return t.refused(look.ID, game.ErrNotFound)
	}
	seq, seat := t.game.Seq(), t.game.SeatOf(look.User)
	reply := &Reply{Frame: wire.AppendOK(nil, look.ID, t.name, seq), Seq: seq, Seat: seat}
	if look.Seated {
		reply.Seated = t.seated()
	}
	if look.After > seq && seat != game.NoSeat { // what anybody else claims proves nothing
		t.config.Lost(t.id, seq, look.After)
	}
	if look.Events && look.After >= seq {
		return reply
	}
	tooMany := !look.Events && (look.After == 0 || seq-look.After > uint64(t.config.ResumeMax))
	if look.Whole || look.After > seq || tooMany {
		reply.Seen = [][]byte{t.state(at, seat)}
		return reply
	}
	var frame []byte
	for ev := range t.game.EventsAfter(look.After) {
		if len(frame) > frameBytes {
			reply.Seen, frame = append(reply.Seen, frame), nil
		}
		if frame != nil {
			frame = append(frame, '\n')
		}
		frame = t.appendFrame(frame, &ev, seat)
	}
	if frame != nil {
		reply.Seen = append(reply.Seen, frame)
	}
	return reply
}

// seated are those who have a seat.
func (t *Table) seated() (all []Joined) {
	for i := range t.game.SeatNames() {
		if player := t.game.Player(game.Seat(i)); player.ID != "" {
			all = append(all, Joined{User: player.ID, Seat: game.Seat(i)})
		}
	}
	return all
}

// appendFrame appends the event as viewer may see it.
func (t *Table) appendFrame(dst []byte, ev *game.Event, viewer game.Seat) []byte {
	if ev.Kind == game.EventMoved {
		return t.appendMoved(dst, ev, viewer)
	}
	return append(dst, wire.Encode(t.message(*ev))...)
}

func (t *Table) appendMoved(dst []byte, ev *game.Event, viewer game.Seat) []byte {
	shown := ev.Move
	if t.game.Hides() {
		shown = t.game.Redact(*ev, viewer).Move
	}
	var room [2]wire.SeatTime
	return wire.AppendMoved(dst, wire.Moved{Game: t.name, Seq: ev.Seq, Ply: ev.Ply, Seat: t.seatName(ev.Seat), Move: shown.Text,
		Hidden: shown.Text == "", Outcome: shown.Outcome, Clock: t.appendTimes(room[:0], ev.Clocks), At: ev.At})
}

// message is the event, which is no move, as the wire has it.
func (t *Table) message(ev game.Event) *wire.Message {
	m := &wire.Message{Type: ev.Kind.String(), Game: t.name, Seq: ev.Seq, At: wire.FormatTime(ev.At), What: string(ev.Offer)}
	switch ev.Kind {
	case game.EventCreated:
		terms := *ev.Terms
		m.Rules, m.Rated, m.Source, m.Opponent = terms.Rules, &terms.Rated, string(terms.Source), terms.Opponent
		m.Options = json.RawMessage(terms.Options)
		m.Clock = clockTerms(terms.Clock)
	case game.EventJoined:
		m.Seat, m.User = t.seatName(ev.Seat), wireUser(ev.Player)
	case game.EventStarted, game.EventClockAdjusted:
		m.Clock = t.clock(ev.Clocks)
	case game.EventOffered, game.EventDeclined:
		m.Seat = t.seatName(ev.Seat)
	case game.EventAccepted:
		m.Seat, m.Next = t.seatName(ev.Seat), ev.Next
	case game.EventTakenBack:
		m.Seat, m.Ply, m.Clock = t.seatName(ev.Seat), &ev.Ply, t.clock(ev.Clocks)
	case game.EventEnded:
		m.Result, m.Clock = t.result(ev.Result), t.clock(ev.Clocks)
	}
	return m
}

// state is the message that tells the whole game as viewer may see it.
func (t *Table) state(at time.Time, viewer game.Seat) []byte {
	terms, position, ply := t.game.Terms(), t.game.Show(viewer), t.game.Ply()
	m := &wire.Message{Type: wire.TypeGame, Game: t.name, Seq: t.game.Seq(), Rules: terms.Rules, Rated: &terms.Rated,
		Status: t.game.Status().String(), Source: string(terms.Source), Opponent: terms.Opponent,
		Options: json.RawMessage(terms.Options), Position: &position, Ply: &ply, At: wire.FormatTime(at),
		Result: t.result(t.game.Result())}
	if next := t.game.Next(); next != (game.ID{}) {
		m.Next = next.String()
	}
	m.Clock = clockTerms(terms.Clock)
	for i, name := range t.game.SeatNames() {
		seat := game.Seat(i)
		m.Seats = append(m.Seats, wire.Seat{Seat: name, User: wireUser(t.game.Player(seat)), Present: t.seats[i].here()})
		if m.Clock != nil && t.game.Status() != game.StatusWaiting {
			m.Clock.Left = append(m.Clock.Left, wire.SeatTime{Seat: name, MS: t.game.Left(seat, at).Milliseconds()})
		}
	}
	for seat := range t.game.Turn().All() {
		m.Turn = append(m.Turn, t.seatName(seat))
	}
	if m.Clock != nil {
		m.Clock.Running = m.Turn
	}
	for _, moved := range t.game.Moves() {
		shown := t.game.Redact(game.Event{Kind: game.EventMoved, Seat: moved.Seat, Move: moved.Move}, viewer)
		m.Moves = append(m.Moves, shown.Move.Text)
	}
	for _, offer := range t.game.Offers() {
		m.Offers = append(m.Offers, wire.Offer{What: string(offer.Offer), Seat: t.seatName(offer.Seat)})
	}
	return wire.Encode(m)
}

// appendTimes appends what each seat has left. It returns nil where there are no clocks.
func (t *Table) appendTimes(dst wire.Times, left []time.Duration) wire.Times {
	if left == nil {
		return nil
	}
	for i := range left {
		dst = append(dst, wire.SeatTime{Seat: t.seatName(game.Seat(i)), MS: left[i].Milliseconds()})
	}
	return dst
}

func (t *Table) clock(left []time.Duration) *wire.Clock {
	if left == nil {
		return nil
	}
	return &wire.Clock{Left: t.appendTimes(nil, left)}
}

func clockTerms(clock game.Clock) *wire.Clock {
	if !clock.Clocked() {
		return nil
	}
	return &wire.Clock{Terms: &wire.ClockTerms{InitialMS: clock.Initial.Milliseconds(),
		IncrementMS: clock.Increment.Milliseconds(), DelayMS: clock.Delay.Milliseconds()}}
}

func (t *Table) result(result *game.Result) *wire.Result {
	if result == nil {
		return nil
	}
	shown := &wire.Result{Score: result.Score(len(t.game.SeatNames())), Reason: string(result.Reason)}
	if result.Winner != game.NoSeat {
		winner := t.seatName(result.Winner)
		shown.Winner = &winner
	}
	return shown
}

func (t *Table) transcribe() *Reply {
	if t.game.Status() == game.StatusNone {
		return t.refused("", game.ErrNotFound)
	}
	transcript := t.game.Transcript()
	return &Reply{Seq: t.game.Seq(), Seat: game.NoSeat, Transcript: &transcript}
}

package table

import (
	"slices"

	"github.com/plywire/plywire/game"
)

// outcome is the memory of one turn, taken at once: there is one for every move. Frames are not in it, because they live
// longer, in the queue of a slow connection.
type outcome struct {
	reply  Reply
	notice Notice
	events [1][]byte
	room   [eventBytes]byte
}

// The bytes that the event of a move takes in the journal with ids of usual length, and its frame, and the reply's. Where
// they are more, they find room elsewhere.
const (
	eventBytes = 224
	frameMoved = 224
	frameOK    = 96
)

// journal is the journal's form of the events. It lies in the outcome as far as there is room.
func (o *outcome) journal(events []game.Event) [][]byte {
	if len(events) == 0 {
		return nil
	}
	written, room := o.events[:0], o.room[:0]
	for i := range events {
		event := game.AppendEvent(room, events[i])
		written, room = append(written, slices.Clip(event)), nil
	}
	return written
}

// sheet is a piece of memory on which the frames of a turn are written one behind the other.
type sheet []byte

func newSheet(events int) sheet { return make(sheet, 0, frameMoved*events+frameOK) }

// since is what was written from there on. What is written later does not get into it.
func (s *sheet) since(from int) []byte { return (*s)[from:len(*s):len(*s)] }

// notice writes the events as each of those around the table may see them.
func (t *Table) notice(frames *sheet, events []game.Event) Notice {
	notice := Notice{First: events[0].Seq, Last: events[len(events)-1].Seq}
	moved := false
	for i := range events {
		moved = moved || events[i].Kind == game.EventMoved
		if events[i].Kind == game.EventJoined {
			notice.Joined = append(notice.Joined, Joined{User: events[i].Player.ID, Seat: events[i].Seat})
		}
	}
	if !moved || !t.game.Hides() {
		notice.Frames.All = t.frames(frames, events, game.NoSeat)
		return notice
	}
	for i := range t.game.SeatNames() {
		notice.Frames.Seats = append(notice.Frames.Seats, t.frames(frames, events, game.Seat(i)))
	}
	notice.Frames.Watchers = t.frames(frames, events, game.NoSeat)
	return notice
}

// frames writes the events on the sheet as viewer may see them.
func (t *Table) frames(frames *sheet, events []game.Event, viewer game.Seat) []byte {
	from := len(*frames)
	for i := range events {
		if i > 0 {
			*frames = append(*frames, '\n')
		}
		*frames = t.appendFrame(*frames, &events[i], viewer)
	}
	return frames.since(from)
}

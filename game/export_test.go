package game

// ForcedSnapshot is the snapshot of a game with that log, whether or not its events fit each other.
func ForcedSnapshot(state []byte, seats int, events ...Event) []byte {
	g := &Game{status: StatusPlaying, seats: make([]seat, seats), pos: fixedState{state: state}}
	for _, ev := range events {
		short := g.track.shorten(ev)
		g.log.add(&short)
		if ev.Kind != EventCreated || ev.Terms != nil {
			g.track.follow(&ev)
		}
	}
	return g.AppendSnapshot(nil)
}

type fixedState struct {
	Position
	state []byte
}

func (f fixedState) AppendState(dst []byte) []byte { return append(dst, f.state...) }

// EventKinds are all kinds of events.
func EventKinds() []EventKind {
	var kinds []EventKind
	for kind := range len(eventNames) {
		if kind > 0 {
			kinds = append(kinds, EventKind(kind))
		}
	}
	return kinds
}

// LogSize is how many bytes the log of a game has, and has room for.
func (g *Game) LogSize() (size, room int) { return len(g.log.bytes), cap(g.log.bytes) }

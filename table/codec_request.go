package table

import (
	"time"

	"github.com/plywire/plywire/game"
)

// The flags of an Act and of its Create.
const (
	actWatch = 1 << iota
	actCreate
	actAbsent
	actAlive
	actAll = 1<<iota - 1
)

func appendAct(dst []byte, act *Act) []byte {
	cmd := &act.Command
	dst = append(dst, byte(cmd.Kind), flags(act.Watch, cmd.Create != nil, cmd.Absent, !cmd.Alive.IsZero()))
	dst = appendText(appendUser(dst, cmd.User), cmd.ID)
	dst = appendText(appendInt(dst, int64(cmd.Ply)), cmd.Move)
	dst = appendText(appendInt(dst, int64(cmd.Lag)), cmd.Seat)
	dst = appendText(dst, cmd.What)
	if !cmd.Alive.IsZero() {
		dst = appendUint(appendInt(dst, cmd.Alive.Unix()), uint64(cmd.Alive.Nanosecond()))
	}
	if create := cmd.Create; create != nil {
		dst = appendTerms(dst, &create.Terms)
		dst = appendUint(appendText(dst, create.Seat), uint64(len(create.Players)))
		for _, player := range create.Players {
			dst = appendUser(dst, player)
		}
	}
	return dst
}

func appendTerms(dst []byte, terms *game.Terms) []byte {
	dst = appendText(append(dst, flags(terms.Rated)), terms.Rules)
	for _, d := range [...]time.Duration{terms.Clock.Initial, terms.Clock.Increment, terms.Clock.Delay} {
		dst = appendInt(dst, int64(d))
	}
	dst = appendText(appendText(dst, terms.Options), terms.Opponent)
	return appendUint(appendText(dst, string(terms.Source)), terms.Seed)
}

func (r *reader) act() *Act {
	act := new(Act)
	cmd := &act.Command
	cmd.Kind = game.CommandKind(r.one("the command's kind"))
	has := r.flags("the flags of a command", actAll)
	act.Watch, cmd.Absent = has&actWatch != 0, has&actAbsent != 0
	cmd.User, cmd.ID = r.user(), r.string("the command's id")
	cmd.Ply, cmd.Move = int(r.int("the ply")), r.string("the move")
	cmd.Lag, cmd.Seat = r.duration("the lag"), r.string("the seat")
	cmd.What = r.string("what is meant")
	if has&actAlive != 0 {
		cmd.Alive = r.time("the sign of life")
	}
	if has&actCreate != 0 {
		cmd.Create = r.create()
	}
	if cmd.Kind < game.CommandCreate || cmd.Kind > game.CommandThaw {
		r.fail("a command of kind %d", cmd.Kind)
	}
	if cmd.Kind == game.CommandCreate && cmd.Create == nil {
		r.fail("it creates a game, and does not say which")
	}
	return act
}

func (r *reader) create() *game.Create {
	create := &game.Create{Terms: r.terms(), Seat: r.string("the creator's seat")}
	if n := r.count("players", userBytesMin); n > 0 {
		create.Players = make([]game.User, n)
		for i := range create.Players {
			create.Players[i] = r.user()
		}
	}
	return create
}

func (r *reader) terms() game.Terms {
	return game.Terms{
		Rated: r.flags("the flags of terms", 1) != 0,
		Rules: r.string("the rules"),
		Clock: game.Clock{Initial: r.duration("the clock"), Increment: r.duration("the clock's increment"), Delay: r.duration("the clock's delay")},

		Options:  r.string("the options"),
		Opponent: r.string("the opponent"),
		Source:   game.Source(r.string("the source")),
		Seed:     r.uint("the seed"),
	}
}

// The flags of a Look.
const (
	lookWhole = 1 << iota
	lookEvents
	lookWatch
	lookSeated
	lookAll = 1<<iota - 1
)

func appendLook(dst []byte, look *Look) []byte {
	dst = append(dst, flags(look.Whole, look.Events, look.Watch, look.Seated))
	return appendUint(appendText(appendText(dst, look.User), look.ID), look.After)
}

func (r *reader) look() *Look {
	has := r.flags("the flags of a look", lookAll)
	return &Look{Whole: has&lookWhole != 0, Events: has&lookEvents != 0, Watch: has&lookWatch != 0, Seated: has&lookSeated != 0,
		User: r.string("the user"), ID: r.string("the id"), After: r.uint("the last event seen")}
}

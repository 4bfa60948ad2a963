package game_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"google.golang.org/protobuf/encoding/protowire"
)

// unknown is a field of each wire type with a number that this version does not know.
func unknown(dst []byte, number protowire.Number) []byte {
	dst = protowire.AppendVarint(protowire.AppendTag(dst, number, protowire.VarintType), 1<<60)
	dst = protowire.AppendFixed32(protowire.AppendTag(dst, number+1, protowire.Fixed32Type), 7)
	dst = protowire.AppendFixed64(protowire.AppendTag(dst, number+2, protowire.Fixed64Type), 7)
	dst = protowire.AppendBytes(protowire.AppendTag(dst, number+3, protowire.BytesType), []byte("later"))
	dst = protowire.AppendTag(dst, number+4, protowire.StartGroupType)
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), 1)
	return protowire.AppendTag(dst, number+4, protowire.EndGroupType)
}

// A newer version can add fields, and this one reads the rest.
func TestUnknownFieldsAreSkipped(t *testing.T) {
	for _, ev := range goldenEvents() {
		written := game.AppendEvent(nil, ev)
		for _, more := range [][]byte{unknown(slices.Clone(written), 1000), append(unknown(nil, 22), written...)} {
			if read, err := game.DecodeEvent(more); err != nil || !reflect.DeepEqual(read, ev) {
				t.Fatalf("%s with unknown fields: %+v, error %v", ev.Kind, read, err)
			}
		}
	}
	// In the terms, which are a message of their own.
	created := goldenEvents()[0]
	const fieldTerms = 18
	terms := unknown(protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "nim"), 50)
	written := game.AppendEvent(nil, game.Event{Kind: game.EventCreated, Seq: 1, At: created.At, Seat: game.NoSeat})
	written = protowire.AppendBytes(protowire.AppendTag(written, fieldTerms, protowire.BytesType), terms)
	if read, err := game.DecodeEvent(written); err != nil || *read.Terms != (game.Terms{Rules: "nim"}) {
		t.Errorf("%+v, error %v", read, err)
	}
	// In a snapshot.
	r := started(t, clocked("nim", game.Clock{Initial: time.Minute}))
	r.play("1:1")
	snapshot := r.live.AppendSnapshot(nil)
	restored, err := game.Restore(r.live.ID(), registry, unknown(slices.Clone(snapshot), 60))
	if err != nil || !bytes.Equal(restored.AppendSnapshot(nil), snapshot) {
		t.Errorf("error %v", err)
	}
}

// What a newer version has written and this one cannot understand is refused as that, and not as damage.
func TestNewerIsRefused(t *testing.T) {
	next := uint64(len(game.EventKinds()) + 1)
	for _, kind := range []uint64{next, 255, 256, 257, 1 << 40} {
		written := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), kind)
		_, err := game.DecodeEvent(written)
		if !errors.Is(err, game.ErrNewer) || errors.Is(err, game.ErrDamaged) || !strings.Contains(err.Error(), "this program knows 1 to 10") {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
	for _, version := range []uint64{2, 1 << 40} {
		written := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), version)
		_, err := game.Restore(game.ID{}, registry, written)
		if !errors.Is(err, game.ErrNewer) || !strings.Contains(err.Error(), "this program reads 1 to 1") {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

// event is the form of an event with the given fields: a number is varint, a string is bytes.
func event(fields ...any) []byte {
	var dst []byte
	for i := 0; i < len(fields); i += 2 {
		number := protowire.Number(fields[i].(int))
		switch v := fields[i+1].(type) {
		case int:
			dst = protowire.AppendVarint(protowire.AppendTag(dst, number, protowire.VarintType), uint64(v))
		case string:
			dst = protowire.AppendString(protowire.AppendTag(dst, number, protowire.BytesType), v)
		}
	}
	return dst
}

func TestDamagedEvents(t *testing.T) {
	const clockMax = 16720*60*60*1000 + 1
	tests := map[string][]byte{
		"empty":                   nil,
		"created without terms":   event(1, 1),
		"no kind":                 event(2, 1),
		"kind is 0":               event(1, 0),
		"kind is text":            event(1, "created"),
		"tag is cut off":          {0x80},
		"number is cut off":       {0x08, 0x80},
		"text is cut off":         {0x42, 5, 'e'},
		"very long text":          {0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 'e'},
		"field 0":                 {0x00, 0x01},
		"end of no group":         append(event(1, 4), 0x0c),
		"group without end":       append(event(1, 4), 0x0b),
		"seat 8":                  event(1, 4, 6, 9),
		"seat 255":                event(1, 4, 6, 256),
		"seat far away":           event(1, 4, 6, 1<<40),
		"ply too large":           event(1, 4, 7, game.EventsMax+1),
		"ply far too large":       event(1, 4, 7, -1),
		"elapsed too long":        event(1, 4, 12, clockMax),
		"lag too long":            event(1, 4, 13, -1),
		"clock is cut off":        event(1, 4, 14, "\x80"),
		"clock too long":          event(1, 4, 14, string(binary.AppendUvarint(nil, clockMax))),
		"nine clocks":             event(1, 4, 14, "\x01\x01\x01\x01\x01\x01\x01\x01\x01"),
		"terms cut off":           event(1, 1, 18, "\x0a\x05ch"),
		"initial time too long":   event(1, 1, 18, string(event(2, -1))),
		"increment too long":      event(1, 1, 18, string(event(3, clockMax))),
		"delay too long":          event(1, 1, 18, string(event(4, 1<<62))),
		"winner is nobody's seat": event(1, 10, 19, 9),
	}
	for name, written := range tests {
		ev, err := game.DecodeEvent(written)
		if !errors.Is(err, game.ErrDamaged) || errors.Is(err, game.ErrNewer) || !reflect.DeepEqual(ev, game.Event{}) {
			t.Errorf("%s: %+v, error %v", name, ev, err)
		}
	}
	// And the last that can be read.
	good := event(1, 4, 6, 8, 7, game.EventsMax, 12, clockMax-1, 14, "\x01\x01\x01\x01\x01\x01\x01\x01")
	if ev, err := game.DecodeEvent(good); err != nil || ev.Seat != 7 || ev.Ply != game.EventsMax || ev.Elapsed != 16720*time.Hour || len(ev.Clocks) != 8 {
		t.Errorf("%+v, error %v", ev, err)
	}
}

// TestWhatCannotFollow gives a game each event that it cannot have next: as an event of the journal, and as one of a
// snapshot's log.
func TestWhatCannotFollow(t *testing.T) {
	clock := game.Clock{Initial: time.Minute}
	terms := clocked("toy", clock)
	at := start.Truncate(ms)
	left := []time.Duration{time.Minute, time.Minute}
	ev := func(kind game.EventKind, change func(*game.Event)) game.Event {
		ev := game.Event{Kind: kind, At: at, Seat: game.NoSeat}
		if change != nil {
			change(&ev)
		}
		return ev
	}
	created := ev(game.EventCreated, func(ev *game.Event) { ev.Terms = &terms })
	joined := func(seat game.Seat, user game.User) game.Event {
		return ev(game.EventJoined, func(ev *game.Event) { ev.Seat, ev.Player = seat, user })
	}
	startedEv := ev(game.EventStarted, func(ev *game.Event) { ev.Clocks = left })
	moved := func(change func(*game.Event)) game.Event {
		return ev(game.EventMoved, func(ev *game.Event) {
			ev.Seat, ev.Ply, ev.Clocks, ev.Move.Text = 0, 1, left, "pass"
			if change != nil {
				change(ev)
			}
		})
	}
	offered := func(kind game.EventKind, seat game.Seat, what game.Offer) game.Event {
		return ev(kind, func(ev *game.Event) { ev.Seat, ev.Offer = seat, what })
	}
	ended := ev(game.EventEnded, func(ev *game.Event) { ev.Result, ev.Clocks = &game.Result{Winner: game.NoSeat}, left })
	abandoned := ev(game.EventEnded, func(ev *game.Event) { ev.Result = &game.Result{Winner: game.NoSeat} })

	none := []game.Event{}
	waiting := []game.Event{created, joined(0, ann)}
	full := append(slices.Clone(waiting), joined(1, bob))
	playing := append(slices.Clone(full), startedEv)
	offering := append(slices.Clone(playing), offered(game.EventOffered, 0, "draw"))
	over := append(slices.Clone(playing), ended)
	other := terms
	other.Rules = "chess2"
	options := terms
	options.Options = `{"seats":9}`
	tests := map[string]struct {
		before []game.Event
		ev     game.Event
		want   error // nil: ErrDamaged
	}{
		"moved first":             {none, moved(nil), nil},
		"joined first":            {none, joined(0, ann), nil},
		"created without terms":   {none, ev(game.EventCreated, nil), nil},
		"unknown rules":           {none, ev(game.EventCreated, func(ev *game.Event) { ev.Terms = &other }), game.ErrUnknownRules},
		"bad options":             {none, ev(game.EventCreated, func(ev *game.Event) { ev.Terms = &options }), nil},
		"created with clocks":     {none, ev(game.EventCreated, func(ev *game.Event) { ev.Terms, ev.Clocks = &terms, left }), nil},
		"created twice":           {waiting, created, nil},
		"joined no seat":          {waiting, joined(game.NoSeat, bob), nil},
		"joined a third seat":     {waiting, joined(2, bob), nil},
		"joined a taken seat":     {waiting, joined(0, bob), nil},
		"joined twice":            {waiting, joined(1, ann), nil},
		"joined by nobody":        {waiting, joined(1, game.User{}), nil},
		"started too early":       {waiting, startedEv, nil},
		"started without clocks":  {full, ev(game.EventStarted, nil), nil},
		"started with one clock":  {full, ev(game.EventStarted, func(ev *game.Event) { ev.Clocks = left[:1] }), nil},
		"started with no clock":   {full, ev(game.EventStarted, func(ev *game.Event) { ev.Clocks = left[:0] }), nil},
		"started with many":       {full, ev(game.EventStarted, func(ev *game.Event) { ev.Clocks = append(left[:2:2], left...) }), nil},
		"started twice":           {playing, startedEv, nil},
		"joined too late":         {playing, joined(1, cid), nil},
		"moved too early":         {full, moved(nil), nil},
		"moved by nobody":         {playing, moved(func(ev *game.Event) { ev.Seat = game.NoSeat }), nil},
		"moved by the third":      {playing, moved(func(ev *game.Event) { ev.Seat = 2 }), nil},
		"moved too far":           {playing, moved(func(ev *game.Event) { ev.Ply = 2 }), nil},
		"moved with a clock less": {playing, moved(func(ev *game.Event) { ev.Clocks = left[:1] }), nil},
		"moved below zero":        {playing, moved(func(ev *game.Event) { ev.Clocks, ev.Elapsed = nil, 2*time.Minute }), nil},
		"adjusted too early":      {full, ev(game.EventClockAdjusted, func(ev *game.Event) { ev.Clocks = left }), nil},
		"adjusted to nothing":     {playing, ev(game.EventClockAdjusted, nil), nil},
		"offered tea":             {playing, offered(game.EventOffered, 0, "tea"), nil},
		"offered nothing":         {playing, offered(game.EventOffered, 0, ""), nil},
		"offered by nobody":       {playing, offered(game.EventOffered, game.NoSeat, "draw"), nil},
		"offered twice":           {offering, offered(game.EventOffered, 1, "draw"), nil},
		"offered a rematch":       {playing, offered(game.EventOffered, 0, "rematch"), nil},
		"offered after the end":   {over, offered(game.EventOffered, 0, "draw"), nil},
		"accepted nothing":        {playing, offered(game.EventAccepted, 1, "draw"), nil},
		"accepted another":        {offering, offered(game.EventAccepted, 1, "takeback"), nil},
		"accepted tea":            {offering, offered(game.EventAccepted, 1, "tea"), nil},
		"accepted by nobody":      {offering, offered(game.EventAccepted, game.NoSeat, "draw"), nil},
		"accepted with no id":     {offering, ev(game.EventAccepted, func(ev *game.Event) { ev.Seat, ev.Offer, ev.Next = 1, "draw", "x" }), nil},
		"declined nothing":        {playing, offered(game.EventDeclined, 1, "draw"), nil},
		"declined by nobody":      {offering, offered(game.EventDeclined, game.NoSeat, "draw"), nil},
		"taken back nothing":      {playing, ev(game.EventTakenBack, func(ev *game.Event) { ev.Seat, ev.Clocks = 0, left }), nil},
		"taken back to later":     {append(playing[:4:4], moved(nil)), ev(game.EventTakenBack, func(ev *game.Event) { ev.Seat, ev.Ply, ev.Clocks = 0, 1, left }), nil},
		"taken back after it":     {over, ev(game.EventTakenBack, func(ev *game.Event) { ev.Seat, ev.Clocks = 0, left }), nil},
		"ended twice":             {over, abandoned, nil},
		"ended without clocks":    {playing, abandoned, nil},
		"ended with clocks":       {waiting, ended, nil},
		"won by the third":        {playing, ev(game.EventEnded, func(ev *game.Event) { ev.Result, ev.Clocks = &game.Result{Winner: 2}, left }), nil},
		"moved after the end":     {over, moved(nil), nil},
		"adjusted after the end":  {over, ev(game.EventClockAdjusted, func(ev *game.Event) { ev.Clocks = left }), nil},
	}
	state := []byte{1, 2, 0, 1, 0, 0}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := game.New(game.ID{}, registry)
			for i, before := range test.before {
				before.Seq = uint64(i) + 1
				if err := g.Apply(before); err != nil {
					t.Fatal(err)
				}
			}
			next := test.ev
			next.Seq = g.Seq() + 1
			want := test.want
			if want == nil {
				want = game.ErrDamaged
			}
			if next.Kind != game.EventMoved || next.Clocks != nil { // else only the log leaves the clocks out
				if err := g.Apply(next); !errors.Is(err, want) {
					t.Errorf("Apply: %v, want %v", err, want)
				}
			}
			good, bad := game.ForcedSnapshot(state, 2, test.before...), game.ForcedSnapshot(state, 2, append(test.before[:len(test.before):len(test.before)], test.ev)...)
			if _, err := game.Restore(game.ID{}, registry, good); err != nil && len(test.before) > 0 {
				t.Fatalf("Restore of what came before: %v", err)
			}
			if name == "bad options" {
				return // a snapshot has a position, and nothing is set up
			}
			if _, err := game.Restore(game.ID{}, registry, bad); !errors.Is(err, want) {
				t.Errorf("Restore: %v, want %v", err, want)
			}
		})
	}
}

// An event has to be the next one.
func TestApplyWantsTheNextEvent(t *testing.T) {
	r := started(t, game.Terms{Rules: "toy"})
	events, err := r.live.Decide(r.move("pass", 0), r.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{0, 1, 4, 6, 1 << 63} {
		ev := events[0]
		if ev.Seq = seq; !errors.Is(r.live.Apply(ev), game.ErrDamaged) {
			t.Errorf("seq %d after 4 is accepted", seq)
		}
	}
	ev := events[0]
	ev.Seat = 1
	if err := r.live.Apply(ev); !errors.Is(err, game.ErrDamaged) || !strings.Contains(err.Error(), "apply event 5, moved: ") {
		t.Errorf("a move out of turn: %v", err)
	}
	// A game without clocks has none to adjust.
	if err := r.live.Apply(game.Event{Kind: game.EventClockAdjusted, Seq: 5, Seat: game.NoSeat}); !errors.Is(err, game.ErrDamaged) {
		t.Errorf("clock_adjusted: %v", err)
	}
	if r.live.Seq() != 4 || !bytes.Equal(r.live.AppendSnapshot(nil), r.replay.AppendSnapshot(nil)) {
		t.Error("a refused event has changed the game")
	}
	if err := r.live.Apply(events[0]); err != nil {
		t.Error(err)
	}
}

// exercise uses a game that was restored from bytes that may be damaged, if it was.
func exercise(t *testing.T, snapshot []byte) {
	t.Helper()
	g, err := game.Restore(game.ID{}, registry, snapshot)
	if err != nil {
		if !errors.Is(err, game.ErrDamaged) && !errors.Is(err, game.ErrNewer) && !errors.Is(err, game.ErrUnknownRules) {
			t.Errorf("%x: error of no kind: %v", snapshot, err)
		}
		return
	}
	(&rig{TB: t}).look(g)
	written := g.AppendSnapshot(nil)
	again, err := game.Restore(game.ID{}, registry, written)
	if err != nil {
		t.Fatalf("%x is read, but what is written of it is not: %v", snapshot, err)
	}
	if twice := again.AppendSnapshot(nil); !bytes.Equal(written, twice) {
		t.Fatalf("%x is written as %x and then as %x", snapshot, written, twice)
	}
	now := start
	g.Answer("ann", "command-1")
	g.Visible(now)
	g.Deadline()
	for _, cmd := range []game.Command{{Kind: game.CommandThaw, Alive: now}, {Kind: game.CommandTick}, {Kind: game.CommandResign, User: ann}} {
		events, _ := g.Decide(cmd, now)
		for _, ev := range events {
			if err := g.Apply(ev); err != nil {
				t.Fatalf("%x: what it decides it does not take: %v", snapshot, err)
			}
		}
	}
}

// snapshots are of games in several stages.
func snapshots(tb testing.TB) [][]byte {
	clock := game.Clock{Initial: time.Minute, Increment: sec}
	none := game.New(game.ID{}, registry)
	played := started(tb, clocked("chess", clock))
	played.play("e2e4", "e7e5", "g1f3")
	played.must(offer(ann, "draw"))
	thrown := started(tb, clocked("rps", clock))
	thrown.play("rock")
	over := started(tb, game.Terms{Rules: "nim"})
	over.play("1:3", "2:4", "3:5")
	over.must(offer(ann, "rematch"))
	over.must(accept(bob, "rematch"))
	list := [][]byte{none.AppendSnapshot(nil)}
	for _, r := range []*rig{waiting(tb, clocked("connectfour", clock)), played, thrown, over} {
		list = append(list, r.live.AppendSnapshot(nil))
	}
	return list
}

// Whatever a broken store gives back is an error, or a game that can be used; it is never a panic.
func TestDamagedSnapshots(t *testing.T) {
	for _, snapshot := range snapshots(t) {
		for i := range snapshot {
			exercise(t, snapshot[:i])
			for _, bit := range []byte{0x01, 0x02, 0x08, 0x40, 0x80, 0xff} {
				changed := bytes.Clone(snapshot)
				changed[i] ^= bit
				exercise(t, changed)
			}
		}
		for i := range len(snapshot) - 1 {
			exercise(t, slices.Delete(bytes.Clone(snapshot), i, i+1))
		}
	}
}

// TestSnapshotParts breaks a snapshot on purpose.
func TestSnapshotParts(t *testing.T) {
	r := started(t, game.Terms{Rules: "nim"})
	snapshot := r.live.AppendSnapshot(nil)
	one := waiting(t, game.Terms{Rules: "toy", Options: `{"seats":1}`}).live.AppendSnapshot(nil)
	part := func(snapshot []byte, keep func(number protowire.Number, value []byte) []byte) []byte {
		var dst []byte
		for len(snapshot) > 0 {
			number, kind, n := protowire.ConsumeField(snapshot)
			_ = kind
			if changed := keep(number, snapshot[:n]); changed != nil {
				dst = append(dst, changed...)
			}
			snapshot = snapshot[n:]
		}
		return dst
	}
	without := func(number protowire.Number) []byte {
		return part(snapshot, func(n protowire.Number, field []byte) []byte {
			if n == number {
				return nil
			}
			return field
		})
	}
	turn := func(fields ...any) []byte { return event(4, string(event(fields...))) }
	tests := map[string][]byte{
		"no version":           without(1),
		"version 0":            append(event(1, 0), without(1)...),
		"no log":               without(2),
		"no position":          without(3),
		"no turns":             without(4),
		"a turn more":          append(bytes.Clone(snapshot), turn()...),
		"many turns":           append(bytes.Clone(snapshot), bytes.Repeat(turn(), 1000)...),
		"turn is cut off":      append(without(4), append(turn(), event(4, "\x08")...)...),
		"turn of a far ply":    append(without(4), append(turn(), turn(1, game.EventsMax+1)...)...),
		"record is cut off":    append(without(2), event(2, "\x09")...),
		"hash is cut off":      append(without(2), event(2, "\x09hash")...),
		"header is cut off":    append(without(2), event(2, "\x80")...),
		"header is too long":   append(without(2), event(2, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")...),
		"very long record":     append(without(2), event(2, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")...),
		"record of nothing":    append(without(2), event(2, "\x00")...),
		"created, no terms":    append(without(2), event(2, "\x04\x08\x01")...),
		"position of others":   append(without(3), event(3, "\x01\x00")...),
		"position of one seat": append(part(one, func(n protowire.Number, field []byte) []byte { return map[bool][]byte{true: field}[n != 3] }), event(3, "\x01\x02\x00\x01\x00\x00")...),
	}
	for name, written := range tests {
		if _, err := game.Restore(game.ID{}, registry, written); !errors.Is(err, game.ErrDamaged) || !strings.Contains(err.Error(), "restore game 00000000-") {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty := game.New(game.ID{7}, registry).AppendSnapshot(nil)
	if g, err := game.Restore(game.ID{7}, registry, empty); err != nil || g.Status() != game.StatusNone || g.ID() != (game.ID{7}) {
		t.Errorf("a game before its first event: %v", err)
	}
	if _, err := game.Restore(r.live.ID(), game.NewRegistry(), snapshot); !errors.Is(err, game.ErrUnknownRules) || errors.Is(err, game.ErrDamaged) {
		t.Errorf("unknown rules: %v", err)
	}
}

// A few bytes cannot make Restore or DecodeEvent take much memory.
func TestDamageCostsNoMemory(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x7f}
	inputs := [][]byte{
		append([]byte{0x42}, huge...), append([]byte{0x72}, huge...), append([]byte{0x08, 0x01, 0x12}, huge...), append([]byte{0x12}, huge...),
		append(event(1, 1), event(2, string(append([]byte{0xfe}, huge...)))...), bytes.Repeat([]byte{0x22, 0}, 5000), bytes.Repeat([]byte{0x72, 1, 1}, 5000),
	}
	for _, input := range inputs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = game.DecodeEvent(input)
		_, _ = game.Restore(game.ID{}, registry, input)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10+64*uint64(len(input)) {
			t.Errorf("%d bytes of input take %d of memory", len(input), used)
		}
	}
}

// A journal with its events in any other order is refused, or makes a game; it is never a panic. The rules of this game take
// any move.
func TestShuffledJournal(t *testing.T) {
	r := started(t, clocked("toy", game.Clock{Initial: time.Minute, Increment: sec}))
	r.play("pass", "again", "roll", "pass", "pass")
	r.must(offer(ann, "takeback"))
	r.must(accept(bob, "takeback"))
	r.must(game.Command{Kind: game.CommandThaw, Alive: r.now})
	r.play("pass", "win")
	r.must(offer(ann, "rematch"))
	r.must(accept(bob, "rematch"))
	random := rand.New(rand.NewPCG(3, 4))
	refused := 0
	for range 5000 {
		events := slices.Clone(r.events)
		for range 1 + random.IntN(3) {
			i, j := random.IntN(len(events)), random.IntN(len(events))
			switch random.IntN(3) {
			case 0:
				events[i], events[j] = events[j], events[i]
			case 1:
				events[i] = events[j]
			case 2:
				events = slices.Delete(events, i, i+1)
			}
		}
		g := game.New(r.live.ID(), registry)
		var err error
		for i, ev := range events {
			ev.Seq = uint64(i) + 1
			if err = g.Apply(ev); err != nil {
				break
			}
		}
		if err != nil {
			if refused++; !errors.Is(err, game.ErrDamaged) {
				t.Fatal(err)
			}
			continue
		}
		snapshot := g.AppendSnapshot(nil)
		restored, err := game.Restore(g.ID(), registry, snapshot)
		if err != nil || !bytes.Equal(restored.AppendSnapshot(nil), snapshot) {
			t.Fatalf("%v: restored with error %v", names(events), err)
		}
	}
	if refused < 1000 || refused > 4900 {
		t.Errorf("%d of 5000 were refused", refused)
	}
}

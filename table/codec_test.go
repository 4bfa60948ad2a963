package table_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

var codec = table.Codec{Registry: game.NewRegistry(chess.Rules{}, rps.Rules{})}

// requests has one of each type of request.
func requests() []any {
	return []any{&table.Act{Command: game.Command{Kind: game.CommandMove}}, &table.Look{}, &table.Transcribe{}, &table.Presence{}, &table.Say{}, &table.Advance{},
		&table.Watching{}, &table.Departed{}}
}

// filler fills whatever it is given with values that are different from each other and from zero, so that a field which
// somebody adds and a codec does not know is found.
type filler struct{ n int64 }

func (f *filler) fill(t *testing.T, v reflect.Value) {
	t.Helper()
	f.n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1_790_000_000+f.n, 7_000_000*f.n).UTC()))
		return
	case game.Rules:
		v.Set(reflect.ValueOf(rps.Rules{}))
		return
	case game.CommandKind:
		v.Set(reflect.ValueOf(game.CommandCreate))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(t, v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			f.fill(t, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(t, v.Index(i))
		}
	case reflect.Interface: // of game.Rules, which is nil yet
		v.Set(reflect.ValueOf(rps.Rules{}))
	case reflect.String:
		v.SetString(fmt.Sprint("text ", f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(-f.n * 1001)
	case reflect.Uint8:
		v.SetUint(uint64(f.n%200 + 1))
	case reflect.Uint64:
		v.SetUint(uint64(f.n) << 50)
	default:
		t.Fatalf("a field of type %v: teach the filler, and the codec", v.Type())
	}
}

// trip is a way there and back.
type trip struct {
	append func([]byte, any) ([]byte, error)
	parse  func([]byte) (any, error)
}

var (
	requestTrip = trip{codec.AppendRequest, codec.ParseRequest}
	replyTrip   = trip{codec.AppendReply, codec.ParseReply}
	noticeTrip  = trip{codec.AppendNotice, codec.ParseNotice}
)

// there writes, reads, and checks that the same comes back, whatever becomes of the bytes afterwards; and that no beginning
// of them is taken for all.
func (way trip) there(t *testing.T, body any) {
	t.Helper()
	written, err := way.append([]byte("before"), body)
	if err != nil || !bytes.HasPrefix(written, []byte("before")) {
		t.Fatalf("%+v is written as %q, %v", body, written, err)
	}
	written = written[len("before"):]
	for cut := range written {
		if part, err := way.parse(written[:cut]); !errors.Is(err, table.ErrGarbled) {
			t.Fatalf("the first %d of %d bytes are read as %+v, %v", cut, len(written), part, err)
		}
	}
	if more, err := way.parse(append(written, 0)); !errors.Is(err, table.ErrGarbled) {
		t.Fatalf("with a byte too many it is read as %+v, %v", more, err)
	}
	read, err := way.parse(written)
	for i := range written {
		written[i] = 0xee // the caller uses his buffer again
	}
	if err != nil || !reflect.DeepEqual(read, body) {
		t.Fatalf("%+v comes back as %+v, %v", body, read, err)
	}
}

func TestCodecKeepsEveryField(t *testing.T) {
	for way, bodies := range map[*trip][]any{&requestTrip: requests(), &replyTrip: {&table.Reply{}}, &noticeTrip: {&table.Notice{}}} {
		for _, body := range bodies {
			t.Run(fmt.Sprintf("%T", body), func(t *testing.T) {
				way.there(t, body) // with nothing in it
				new(filler).fill(t, reflect.ValueOf(body).Elem())
				way.there(t, body)
			})
		}
	}
	replyTrip.there(t, nil)
}

// What a table says over a whole game is the same behind a link, and so is what it hears.
func TestCodecOverWholeGames(t *testing.T) {
	for _, rules := range []string{"chess", "rps"} {
		r := newRig(t, nil)
		moves := map[string][]string{"chess": {"f2f3", "e7e5", "g2g4", "d8h4"}, "rps": {"rock", "paper", "rock", "paper"}}[rules]
		cmds := []game.Command{{Kind: game.CommandCreate, User: ann, ID: "c", Create: &game.Create{Seat: seatOf(rules), Terms: game.Terms{Rules: rules, Seed: 7}}},
			{Kind: game.CommandJoin, User: bob, ID: "j"}}
		for ply, text := range moves {
			cmds = append(cmds, move([]game.User{ann, bob}[ply%2], ply, text))
		}
		bodies := []any{&table.Presence{User: ann.ID, Present: true, From: "a"}}
		for _, cmd := range cmds {
			bodies = append(bodies, &table.Act{Command: cmd, Watch: true}, &table.Look{User: bob.ID, After: 1, Seated: true})
		}
		for _, body := range append(bodies, &table.Look{Whole: true}, &table.Transcribe{}) {
			if cmd, is := body.(*table.Act); is {
				requestTrip.there(t, cmd)
			}
			turn := r.give(body)
			replyTrip.there(t, turn.Reply)
			if turn.Notice != nil {
				noticeTrip.there(t, turn.Notice)
			}
		}
	}
}

func TestCodecRefuses(t *testing.T) {
	request, _ := codec.AppendRequest(nil, &table.Say{User: ann, ID: "1", Text: "hello"})
	newer := append([]byte{request[0] + 1}, request[1:]...)
	for name, way := range map[string]trip{"request": requestTrip, "reply": replyTrip, "notice": noticeTrip} {
		if _, err := way.parse(newer); !errors.Is(err, table.ErrRelease) {
			t.Errorf("a %s of a newer release: %v", name, err)
		}
		if _, err := way.append(nil, shard.Tick{}); err == nil {
			t.Errorf("a Tick is a %s", name)
		}
	}
	transcript, err := codec.AppendReply(nil, &table.Reply{Transcript: &game.Transcript{Rules: rps.Rules{}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]table.Codec{"none": {}, "another": {Registry: game.NewRegistry(chess.Rules{})}} {
		if _, err := other.ParseReply(transcript); !errors.Is(err, game.ErrUnknownRules) {
			t.Errorf("a transcript of rules that are not in the registry, of which there is %s: %v", name, err)
		}
	}
	for name, body := range map[string]any{"a create of nothing": &table.Act{Command: game.Command{Kind: game.CommandCreate}},
		"a command of no kind": &table.Act{Command: game.Command{Kind: game.CommandThaw + 1}}} {
		written, err := codec.AppendRequest(nil, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := codec.ParseRequest(written); !errors.Is(err, table.ErrGarbled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatMayBeSentAgainAndWhatWatches(t *testing.T) {
	for _, body := range append(requests(), shard.Tick{}, "x") {
		_, advances := body.(*table.Advance)
		_, ticks := body.(shard.Tick)
		if got, want := codec.Repeatable(body), !advances && !ticks && body != "x"; got != want {
			t.Errorf("%T may be sent again: %v, want %v", body, got, want)
		}
		if codec.Watches(body) {
			t.Errorf("%T watches", body)
		}
	}
	if !codec.Watches(&table.Act{Watch: true}) || !codec.Watches(&table.Look{Watch: true}) {
		t.Error("who watches does not")
	}
	if got := codec.Departed("b"); !reflect.DeepEqual(got, &table.Departed{Node: "b"}) {
		t.Errorf("departed is %+v", got)
	}
}

// FuzzCodec reads anything. What is read is written again, and read as the same.
func FuzzCodec(f *testing.F) {
	ways := []trip{requestTrip, replyTrip, noticeTrip}
	add := func(way byte, body any) {
		written, err := ways[way].append(nil, body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(way, written)
	}
	for _, body := range requests() {
		if _, is := body.(*table.Act); !is {
			add(0, body)
		}
	}
	add(0, &table.Act{Command: move(ann, 3, "e2e4"), Watch: true})
	add(0, &table.Act{Command: game.Command{Kind: game.CommandCreate, User: ann, ID: "c", Create: &game.Create{Terms: game.Terms{Rules: "chess"}, Players: []game.User{ann, bob}}}})
	add(1, nil)
	add(1, &table.Reply{Frame: []byte("{}"), Seen: [][]byte{nil, {}, []byte("x")}, Seated: []table.Joined{{User: "ann"}}, Transcript: &game.Transcript{Rules: chess.Rules{}}})
	add(2, &table.Notice{First: 3, Last: 4, Frames: table.Frames{Seats: [][]byte{[]byte("x")}}, Joined: []table.Joined{{User: "bob", Seat: 1}}})
	f.Fuzz(func(t *testing.T, which byte, in []byte) {
		way := ways[int(which)%len(ways)]
		read, err := way.parse(bytes.Clone(in))
		if err != nil {
			if !errors.Is(err, table.ErrGarbled) && !errors.Is(err, table.ErrRelease) && !errors.Is(err, game.ErrUnknownRules) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		written, err := way.append(nil, read)
		if err != nil {
			t.Fatalf("%+v was read, and cannot be written: %v", read, err)
		}
		again, err := way.parse(written)
		if err != nil || !reflect.DeepEqual(again, read) {
			t.Fatalf("%+v comes back as %+v, %v", read, again, err)
		}
	})
}

// hop is a move on its way to another node and back: its request, reply and notice, there written and here read.
type hop struct {
	body          any
	reply, notice any
	room          [3][]byte
}

func newHop(tb testing.TB) *hop {
	c, tables := courses(tb)[0], chessTables(tb)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	actor := c.begin(tb, tables, at)
	body := &table.Act{Command: game.Command{Kind: game.CommandMove, User: c.players[0], ID: "5dd2c4a0-0", Move: "e2e4", Lag: 43 * time.Millisecond}}
	turn := actor.Receive(at, body)
	return &hop{body: body, reply: turn.Reply, notice: turn.Notice}
}

func (h *hop) pass(tb testing.TB) {
	for i, what := range []struct {
		way  *trip
		body any
	}{{&requestTrip, h.body}, {&replyTrip, h.reply}, {&noticeTrip, h.notice}} {
		written, err := what.way.append(h.room[i][:0], what.body)
		if err != nil {
			tb.Fatal(err)
		}
		h.room[i] = written
		if _, err := what.way.parse(written); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkCodec is what it costs that a move is decided on another node, less the network.
func BenchmarkCodec(b *testing.B) {
	h := newHop(b)
	b.ReportAllocs()
	for b.Loop() {
		h.pass(b)
	}
	b.ReportMetric(float64(len(h.room[0])+len(h.room[1])+len(h.room[2])), "bytes/move")
}

// TestAllocationsOfCodec guards what BenchmarkCodec has won: of request, reply and notice each a struct, and a copy of the
// bytes.
func TestAllocationsOfCodec(t *testing.T) {
	const most = 6
	h := newHop(t)
	h.pass(t)
	if per := testing.AllocsPerRun(100, func() { h.pass(t) }); per > most {
		t.Errorf("%.1f allocations a move, want at most %d", per, most)
	}
}

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzRequestAgain reads any text as a request. One that is good is written and read as the same; one that is not is refused
// in words that fit into an answer, with whatever id can be given back.
func FuzzRequestAgain(f *testing.F) {
	for _, seed := range []string{
		`{"type":"move","id":"1","game":"g","ply":0,"move":"e2e4"}`, `{"type":"hello","id":"h","games":[{"game":"g","after":3}],"token":"t"}`,
		`{"type":"create","id":"1","rules":"chess","clock":{"initial_ms":1},"options":{"a":"<\u2028>"},"rated":true}`,
		`{"type":"say","id":"1","game":"g","text":"\u2028\ud800"}`, `{"type":"ping","sent":[1e400,{"x":null}]}`, `{"type":"watch","id":"1","game":"g","after":18446744073709551615}`,
		`{"type":"advance","id":"1","game":"g","advance_ms":-9223372036854775808}`, `{"type":"move","id":{"x":1},"ply":"0"}`, `{"TYPE":"ping","type":null}`, `{}`, `[[[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		read, err := DecodeRequest(src)
		if err != nil {
			if read != nil && (utf8.RuneCountInString(read.ID) > IDCharsMax || !errors.Is(err, ErrBadMessage)) {
				t.Fatalf("%+v with %v", read, err)
			}
			if !utf8.ValidString(err.Error()) || strings.Contains(err.Error(), "Go ") {
				t.Fatalf("words of Go's: %v", err)
			}
			return
		}
		written, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeRequest(written)
		if err != nil {
			t.Fatalf("%s is good, and %s is not: %v", src, written, err)
		}
		rewritten, err := json.Marshal(again)
		if err != nil || !bytes.Equal(written, rewritten) {
			t.Fatalf("written as %s and then as %s (%v)", written, rewritten, err)
		}
		for _, r := range []*Request{read, again} {
			r.Sent, r.Options = nil, nil // their bytes may be written in another way
			if len(r.Games) == 0 {
				r.Games = nil
			}
		}
		if !reflect.DeepEqual(read, again) {
			t.Fatalf("%s is read as\n%+v and then as\n%+v", src, read, again)
		}
	})
}

// FuzzMessage reads any text as a message from a server, as the client does. What is read is written, read and written the
// same.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"type":"moved","game":"g","seq":9223372036854775808,"ply":1,"seat":"white","move":null,"clock":{"white":1,"black":-2},"at":"x","outcome":{"a":[1]}}`,
		`{"type":"game","seats":[{"seat":"a","user":null}],"clock":{"initial_ms":1,"increment_ms":2,"delay_ms":3,"left":{"a":4},"running":["a"]},"moves":["x",null]}`,
		`{"type":"error","code":"internal","retry_after_ms":9223372036854775807}`, `{"clock":{}}`, `{"clock":null,"moves":null}`, `{"clock":{"a":1,"a":2,"":3}}`, `null`, `{"clock":{"initial_ms":null,"x":1}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		m := new(Message)
		if json.Unmarshal(src, m) != nil {
			return
		}
		written := Encode(m)
		again := new(Message)
		if err := json.Unmarshal(written, again); err != nil {
			t.Fatalf("%s is read and written as %s, which cannot be read: %v", src, written, err)
		}
		if rewritten := Encode(again); !bytes.Equal(written, rewritten) {
			t.Fatalf("written as %s and then as %s", written, rewritten)
		}
		if m.Seq != again.Seq || m.Type != again.Type || m.Plies() != again.Plies() || !reflect.DeepEqual(m.Move, again.Move) {
			t.Fatalf("%+v became %+v", m, again)
		}
	})
}

// FuzzFrames writes what is written by hand for every move, and has the library read it.
func FuzzFrames(f *testing.F) {
	f.Add("g", "white", "e2e4", uint64(5), int64(180000), int64(1_700_000_000_123))
	f.Add("\"", "<\u2028>", "\xff\x00", uint64(1<<63), int64(-1), int64(-62135596800000))
	f.Fuzz(func(t *testing.T, name, seat, move string, seq uint64, left, at int64) {
		when := time.UnixMilli(at % (253402300800000)) // up to the year 9999
		text := AppendMoved(nil, Moved{Game: name, Seq: seq, Ply: int(left % 1000), Seat: seat, Move: move, Clock: Times{{seat, left}, {name, at}}, At: when})
		text = append(append(text, '\n'), AppendOK(nil, move, name, seq)...)
		var read []Message
		Split(text, func(part []byte) bool {
			var m Message
			if err := json.Unmarshal(part, &m); err != nil {
				t.Fatalf("%s: %v", part, err)
			}
			read = append(read, m)
			return true
		})
		same := func(got, want string) bool {
			return got == strings.ToValidUTF8(want, "\ufffd") || !utf8.ValidString(want)
		}
		if len(read) != 2 {
			t.Fatalf("%d messages in %q", len(read), text)
		}
		moved, ok := read[0], read[1]
		if moved.Type != "moved" || !same(moved.Game, name) || !same(moved.Seat, seat) || moved.Move == nil || !same(*moved.Move, move) || moved.Seq != seq ||
			moved.Plies() != int(left%1000) || len(moved.Clock.Left) != 2 || moved.Clock.Left[0].MS != left || moved.Clock.Left[1].MS != at {
			t.Fatalf("%s is read as %+v", text, moved)
		}
		if parsed, err := time.Parse(TimeFormat, moved.At); when.UTC().Year() >= 0 && (err != nil || !parsed.Equal(when)) {
			t.Fatalf("%v is written as %s (%v)", when, moved.At, err)
		}
		if ok.Type != TypeOK || !same(ok.Re, move) || !same(ok.Game, name) || ok.Seq != seq {
			t.Fatalf("%s is read as %+v", text, ok)
		}
	})
}

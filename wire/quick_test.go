package wire

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// decodeByLibrary is DecodeRequest as it is without quick.
func decodeByLibrary(src []byte) (*Request, error) {
	request := new(Request)
	if err := json.Unmarshal(src, request); err != nil {
		return decodeHead(src, err)
	}
	if request.Type == "" {
		return nil, ErrNotProtocol
	}
	return request, request.check()
}

const quickMove = `{"type":"move","id":"5dd2c4a0-17","game":"7d1c5d3e-9d0a-8c4f-8a31-0b8ad0a1d2f3","ply":17,"move":"e2e4"}`

func TestQuickReadsWhatComesAllTheTime(t *testing.T) {
	for name, text := range map[string]string{
		"move":                      quickMove,
		"move, from the first":      strings.Replace(quickMove, "17,", "0,", 1),
		"ping":                      `{"type":"ping","sent":1795363200000}`,
		"ping with an id":           `{"type":"ping","id":"3"}`,
		"resign":                    `{"type":"resign","id":"3","game":"g"}`,
		"offer":                     `{"type":"offer","id":"3","game":"g","what":"draw"}`,
		"spaces":                    " { \"type\" : \"move\" ,\t\"ply\" : 3 , \"move\":\"\" ,\r\n\"id\":\"1\" } \n",
		"a field that is missing":   `{"type":"move","id":"1","game":"g"}`,
		"an id that is too long":    `{"type":"ping","id":"` + strings.Repeat("x", IDCharsMax+1) + `"}`,
		"a type that nobody knows":  `{"type":"castle"}`,
		"an empty one, then a full": `{"type":"","type":"ping"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if quick([]byte(text)) == nil {
				t.Error("it is left to the library")
			}
			compareQuick(t, []byte(text))
		})
	}
}

func TestQuickLeavesTheRestToTheLibrary(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "an array": "[]", "no type": `{}`, "an empty type": `{"type":""}`, "an escape": `{"type":"p\u0069ng"}`,
		"not ASCII": `{"type":"ping","id":"é"}`, "not UTF-8": "{\"type\":\"ping\",\"id\":\"\xff\"}", "a control character": "{\"type\":\"ping\",\"id\":\"\x01\"}",
		"a name in capitals": `{"Type":"ping"}`, "a name of hello's": `{"type":"hello","token":"t"}`, "a name of nobody's": `{"type":"ping","later":1}`,
		"twice": `{"type":"ping","type":"move"}`, "a ply twice": `{"type":"move","ply":1,"ply":2}`, "a move twice": `{"type":"move","move":"a","move":"b"}`,
		"sent twice": `{"type":"ping","sent":1,"sent":2}`, "null": `{"type":"ping","id":null}`, "a fraction": `{"type":"move","ply":1.0}`,
		"an exponent": `{"type":"move","ply":1e1}`, "a sign": `{"type":"move","ply":-1}`, "a zero in front": `{"type":"move","ply":01}`,
		"many digits": `{"type":"move","ply":1234567890}`, "no digits": `{"type":"move","ply":}`, "a number that is text": `{"type":"move","ply":"1"}`,
		"text that is a number": `{"type":"move","move":1}`, "sent as text": `{"type":"ping","sent":"x"}`, "cut off": quickMove[:len(quickMove)-1],
		"something behind": quickMove + "}", "a zero byte behind": quickMove + "\x00", "a comma too many": `{"type":"ping",}`,
		"a comma too few": `{"type":"ping""id":"1"}`, "very long": `{"type":"ping","id":"` + strings.Repeat("x", quickBytesMax) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if r := quick([]byte(text)); r != nil {
				t.Errorf("read as %+v", *r)
			}
		})
	}
}

// compareQuick reads a message both ways.
func compareQuick(t *testing.T, src []byte) {
	t.Helper()
	read := quick(src)
	if read == nil {
		return
	}
	got, gotErr := DecodeRequest(src)
	want, wantErr := decodeByLibrary(src)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q is read as\n%+v, and by the library as\n%+v", src, got, want)
	}
	if (gotErr == nil) != (wantErr == nil) || gotErr != nil && (gotErr.Error() != wantErr.Error() || !errors.Is(gotErr, ErrBadMessage)) {
		t.Errorf("%q: error %v, and by the library %v", src, gotErr, wantErr)
	}
	// The source is the session's buffer, which is used again.
	for i := range src {
		src[i] = 'x'
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the request has kept the source")
	}
}

func TestQuickAllocates(t *testing.T) {
	src := []byte(quickMove)
	if n := testing.AllocsPerRun(100, func() { _, _ = DecodeRequest(src) }); n > 2 {
		t.Errorf("a move is read with %.0f allocations, want 2", n)
	}
}

// FuzzDecodeRequestFast compares the quick way with the library's.
func FuzzDecodeRequestFast(f *testing.F) {
	for _, seed := range []string{
		quickMove, `{"type":"ping","sent":12}`, ` { "type" : "offer" , "what" : "draw", "id":"1" } `, `{"type":"","type":"x","ply":0}`,
		`{"type":"a","Type":"b"}`, `{"type":"move","ply":00}`, `{"type":"move","ply":1,"sent":1,"move":"","id":"","game":""}`, `{"type":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) { compareQuick(t, src) })
}

func TestAppendTimeIsTheFormat(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		at := time.UnixMilli(random.Int64N(2*253402300800000) - 253402300800000).In(time.FixedZone("", random.IntN(80000)-40000)).Add(time.Duration(random.IntN(1e6)))
		if got, want := FormatTime(at), at.UTC().Format(TimeFormat); got != want {
			t.Fatalf("%v is written %s, want %s", at, got, want)
		}
	}
	for _, at := range []time.Time{{}, time.Unix(1<<50, 0), time.Unix(-1<<50, 0), time.UnixMilli(253402300799999), time.UnixMilli(253402300800000)} {
		if got, want := FormatTime(at), at.UTC().Format(TimeFormat); got != want {
			t.Errorf("%v is written %s, want %s", at, got, want)
		}
	}
}

func BenchmarkDecodeRequest(b *testing.B) {
	src := []byte(quickMove)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeRequest(src); err != nil {
			b.Fatal(err)
		}
	}
}

package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestDecodeRequest(t *testing.T) {
	long := strings.Repeat("é", IDCharsMax)
	tests := map[string]struct {
		text string
		want error  // nil: it is read
		says string // in the error
		id   string
	}{
		"move":               {`{"type":"move","id":"1","game":"g","ply":0,"move":"e2e4"}`, nil, "", "1"},
		"unknown fields":     {`{"type":"ping","id":"1","later":{"x":[1]}}`, nil, "", "1"},
		"unknown type":       {`{"type":"castle","id":"1"}`, nil, "", "1"},
		"hello without id":   {`{"type":"hello"}`, nil, "", ""},
		"longest id":         {`{"type":"ping","id":"` + long + `"}`, nil, "", long},
		"escaped":            {`{"type":"say","id":"\u0031","game":"g","text":"\ud83d\ude00"}`, nil, "", "1"},
		"id too long":        {`{"type":"ping","id":"` + long + `x"}`, ErrBadMessage, "65 characters", ""},
		"no id":              {`{"type":"resign","game":"g"}`, ErrBadMessage, "id is missing", ""},
		"no game":            {`{"type":"resign","id":"1"}`, ErrBadMessage, "resign needs game", "1"},
		"neither":            {`{"type":"move","id":"1","game":"g"}`, ErrBadMessage, "ply, move", "1"},
		"wrong type":         {`{"type":"move","id":"1","game":"g","ply":"0"}`, ErrBadMessage, `"ply" is a string`, "1"},
		"fraction":           {`{"type":"move","id":"1","game":"g","ply":0.5}`, ErrBadMessage, `"ply"`, "1"},
		"number too large":   {`{"type":"watch","id":"1","game":"g","after":1e30}`, ErrBadMessage, `"after"`, "1"},
		"negative seq":       {`{"type":"watch","id":"1","game":"g","after":-1}`, ErrBadMessage, `"after"`, "1"},
		"wrong inner type":   {`{"type":"create","id":"1","rules":"chess","clock":{"initial_ms":"1"}}`, ErrBadMessage, "clock.initial_ms", "1"},
		"id of wrong type":   {`{"type":"ping","id":{}}`, ErrBadMessage, `"id"`, ""},
		"empty text":         {`{"type":"say","id":"1","game":"g","text":""}`, ErrBadMessage, "0 characters", "1"},
		"type of wrong type": {`{"type":7,"id":"1"}`, ErrNotProtocol, `"type"`, ""},
		"no type":            {`{"id":"1"}`, ErrNotProtocol, `"type"`, ""},
		"no object":          {`"hello"`, ErrNotProtocol, "", ""},
		"null":               {`null`, ErrNotProtocol, "", ""},
		"no JSON":            {`hello`, ErrNotProtocol, "", ""},
		"two objects":        {`{"type":"ping"}{"type":"ping"}`, ErrNotProtocol, "", ""},
		"nothing":            {``, ErrNotProtocol, "", ""},
		"not UTF-8":          {"{\"type\":\"ping\",\"id\":\"\xc3\"}", ErrNotProtocol, "UTF-8", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request, err := DecodeRequest([]byte(test.text))
			if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Fatalf("error %v, want %v with %q", err, test.want, test.says)
			}
			if request == nil {
				if !errors.Is(err, ErrNotProtocol) {
					t.Fatal("there is no request to be answered")
				}
				return
			}
			if request.ID != test.id {
				t.Errorf("id %q, want %q", request.ID, test.id)
			}
		})
	}
}

func TestEveryRequestSaysWhatItNeeds(t *testing.T) {
	for kind := range required {
		if _, err := DecodeRequest([]byte(`{"type":"` + kind + `","id":"1"}`)); kind != TypePing && !errors.Is(err, ErrBadMessage) {
			t.Errorf("a bare %s is taken: %v", kind, err)
		}
	}
}

func TestDecodeBody(t *testing.T) {
	request, err := DecodeBody([]byte(`{"type":"resign","id":"theirs","game":"theirs","ply":1,"move":"e2e4"}`), TypeMove, "ours", "game")
	if err != nil || request.Type != TypeMove || request.ID != "ours" || request.Game != "game" || *request.Ply != 1 {
		t.Errorf("read %+v, %v", request, err)
	}
	for body, says := range map[string]string{`{`: "not JSON", `[]`: "not an object", `{"ply":"x"}`: `"ply"`, "\xff": "UTF-8"} {
		if _, err := DecodeBody([]byte(body), TypeMove, "id", "g"); !errors.Is(err, ErrBadMessage) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "Go ") {
			t.Errorf("%q: %v, want something with %q", body, err, says)
		}
	}
}

func TestSplit(t *testing.T) {
	for frame, want := range map[string]string{"a": "a", "a\nb": "a|b", "\n a \r\n\n b\n": "a|b", "": "", "\n\n": ""} {
		var parts []string
		Split([]byte(frame), func(part []byte) bool { parts = append(parts, string(part)); return true })
		if got := strings.Join(parts, "|"); got != want {
			t.Errorf("%q is split into %q, want %q", frame, got, want)
		}
	}
	n := 0
	Split([]byte("a\nb\nc"), func([]byte) bool { n++; return n < 2 })
	if n != 2 {
		t.Errorf("%d parts after being told to stop at 2", n)
	}
}

// TestHandWrittenFramesAreWhatTheLibraryWrites compares the frames that are put together by hand with the library's.
func TestHandWrittenFramesAreWhatTheLibraryWrites(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 5e6, time.FixedZone("east", 3600))
	for _, odd := range []string{"e2e4", `"\`, "<&>", "é☃\u2028", "\x00\x1f", "\xff", ""} {
		move := odd
		ply := 17
		byHand := AppendMoved(nil, Moved{Game: "g", Seq: 19, Ply: ply, Seat: odd, Move: move, Outcome: `{"dice":[1,2]}`,
			Clock: Times{{"white", 1}, {odd, 2}}, At: at})
		byLibrary := Encode(&Message{Type: "moved", Game: "g", Seq: 19, Ply: &ply, Seat: odd, Move: &move,
			Outcome: json.RawMessage(`{"dice":[1,2]}`), Clock: &Clock{Left: Times{{"white", 1}, {odd, 2}}}, At: FormatTime(at)})
		if a, b := same(t, byHand), same(t, byLibrary); a != b && odd != "" { // an empty seat is left out by the library
			t.Errorf("%q:\n%s\n%s", odd, a, b)
		}
		if a, b := same(t, AppendOK(nil, odd, "g", 3)), same(t, Encode(&Message{Type: TypeOK, Re: odd, Game: "g", Seq: 3})); a != b && odd != "" {
			t.Errorf("%q:\n%s\n%s", odd, a, b)
		}
	}
	if got := string(AppendOK(nil, "1", "", 0)); got != `{"type":"ok","re":"1"}` {
		t.Errorf("a bare ok is %s", got)
	}
	if got := string(AppendMoved(nil, Moved{Move: "secret", Hidden: true})); strings.Contains(got, "secret") || !strings.Contains(got, `"move":null`) {
		t.Errorf("a hidden move is %s", got)
	}
}

// same is JSON in one form: fields in alphabetical order.
func same(t *testing.T, text []byte) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}

func TestClockForms(t *testing.T) {
	for _, text := range []string{
		`{"white":300000,"black":1}`,
		`{"initial_ms":1,"increment_ms":2,"delay_ms":3}`,
		`{"initial_ms":1,"increment_ms":2,"delay_ms":3,"left":{"white":4,"black":5},"running":["white"]}`,
	} {
		var clock Clock
		if err := json.Unmarshal([]byte(text), &clock); err != nil {
			t.Fatal(err)
		}
		back, err := json.Marshal(clock)
		if err != nil || string(back) != text {
			t.Errorf("%s became %s (%v)", text, back, err)
		}
	}
	for _, text := range []string{`[]`, `{"white":"x"}`, `7`, `{"white":1.5}`} {
		var clock Clock
		if json.Unmarshal([]byte(text), &clock) == nil {
			t.Errorf("%s is taken for a clock", text)
		}
	}
}

func TestMovesThatAreHidden(t *testing.T) {
	text, err := json.Marshal(Moves{"rock", "", "x\"y"})
	if err != nil || string(text) != `["rock",null,"x\"y"]` {
		t.Fatalf("%s, %v", text, err)
	}
	var back Moves
	if err := json.Unmarshal(text, &back); err != nil || len(back) != 3 || back[1] != "" {
		t.Fatalf("%q, %v", back, err)
	}
}

func TestEveryCodeHasAStatus(t *testing.T) {
	for code, status := range httpStatus {
		if status < 400 || code.HTTPStatus() != status {
			t.Errorf("%s is %d", code, status)
		}
	}
	if Code("of the future").HTTPStatus() != 500 {
		t.Error("an unknown code is not an internal error")
	}
}

func FuzzDecodeRequest(f *testing.F) {
	for _, seed := range []string{
		`{"type":"move","id":"1","game":"g","ply":0,"move":"e2e4"}`, `{"type":"hello","games":[{"game":"g","after":3}]}`,
		`{"type":"create","id":"1","rules":"chess","clock":{"initial_ms":1},"options":{}}`, `{"type":"say","id":"1","game":"g","text":"\u2028"}`,
		`{"type":1}`, "\xff", `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		before := string(src)
		request, err := DecodeRequest(src)
		if string(src) != before {
			t.Fatal("the source was changed")
		}
		switch {
		case err == nil && (request == nil || request.Type == ""):
			t.Fatal("taken without a type")
		case err != nil && !errors.Is(err, ErrNotProtocol) && !errors.Is(err, ErrBadMessage):
			t.Fatalf("an error of no kind: %v", err)
		case errors.Is(err, ErrBadMessage) && request == nil:
			t.Fatal("there is no request to be answered")
		}
	})
}

package gateway_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/plywire/plywire/game"
)

// FuzzHTTP sends any request, twice. Whatever it is, nothing panics and nothing is answered with a fault of the server's; a
// refusal is an error of the protocol with the status of its code, and leaves everything as it was, so that a create that
// is refused leaves no game; and a command that is sent again is answered the same and does nothing more.
//
// $GAME, $OPEN, $ANN, $BEN, $EVE and $USER stand for what the scene has of that name.
func FuzzHTTP(f *testing.F) {
	const ann, eve = "Authorization: Bearer $ANN\r\nIdempotency-Key: k", "Authorization: bearer $EVE\r\nIdempotency-Key: k"
	for _, seed := range []struct{ method, target, headers, body string }{
		{"POST", "/v1/sessions", "", ""},
		{"POST", "/v1/sessions", "", `{"resume":"$BEN","token":"a.b.c"}`},
		{"POST", "/v1/games", ann, `{"rules":"chess","seat":"black","clock":{"initial_ms":60000},"rated":true,"opponent":"$USER"}`},
		{"POST", "/v1/games", ann, `{"rules":"rps","options":{"best_of":99}}`},
		{"POST", "/v1/games", eve, "{\"rules\":\"nim\",\"options\":{\n\"heaps\":[1,2,3]}}"},
		{"POST", "/v1/games", eve, `{"rules":"nim","options":null,"clock":{"initial_ms":-1}}`},
		{"POST", "/v1/games/$GAME/moves", ann, `{"ply":2,"move":"g1f3"}`},
		{"POST", "/v1/games/$GAME/moves", ann, `{"ply":2,"move":"g1g3"}`},
		{"POST", "/v1/games/$OPEN/join", eve, `{"seat":"second"}`},
		{"POST", "/v1/games/$GAME/offer", ann, `{"what":"draw"}`},
		{"POST", "/v1/games/$GAME/claim", ann, `{"what":"abandonment"}`},
		{"POST", "/v1/games/$GAME/say", ann, `{"text":"hello"}`},
		{"POST", "/v1/games/$GAME/advance", ann, `{"advance_ms":18446744073710}`},
		{"POST", "/v1/games/$GAME/resign", ann, ""},
		{"POST", "/v1/games/$OPEN/abort", ann, "{}"},
		{"POST", "/v1/games/$OPEN/advance", eve, "[1]"},
		{"POST", "/v1/games/$OPEN/join", "Authorization: Bearer $EVE\r\nIdempotency-Key: \xff", ""},
		{"POST", "/v1/games/$OPEN/join", eve, "\xff"},
		{"GET", "/v1/games/$GAME", "Authorization: Bearer $ANN", ""},
		{"GET", "/v1/games/$GAME.pgn", "", ""},
		{"GET", "/v1/games/$OPEN.pgn", "", ""},
		{"GET", "/v1/games/$GAME/events?after=2&wait_ms=50", "Authorization: Bearer $BEN", ""},
		{"GET", "/v1/games/$GAME/events?after=99&wait_ms=2147483647", "", ""},
		{"GET", "/v1/games/$GAME/events", "Content-Type: multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"after\"\r\n\r\n3\r\n--x--\r\n"},
		{"GET", "/v1/ws", "", ""}, {"HEAD", "/v1/games/$GAME", "", ""}, {"OPTIONS", "/v1/games", "Origin: https://app.example.com\r\nAccess-Control-Request-Method: POST", ""},
		{"GET", "/v1//games/../x", "", ""}, {"GET", "/healthz", "", ""}, {"DELETE", "/readyz", "", ""},
	} {
		f.Add(seed.method, seed.target, seed.headers, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, method, target, headers string, body []byte) {
		synctest.Test(t, func(t *testing.T) { newScene(t).request(method, target, headers, body) })
	})
}

// request sends the request twice, and checks both answers.
func (s *scene) request(method, target, headers string, body []byte) {
	text := s.fill(method + " " + target + " HTTP/1.1\r\nHost: play.example.com\r\n" + headers + "\r\n\r\n")
	body = []byte(s.fill(string(body)))
	parsed, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil || parsed.URL.Path == "" {
		return // the HTTP server would have answered itself
	}
	if strings.EqualFold(parsed.Header.Get("Upgrade"), "websocket") {
		return // FuzzSession is about those
	}
	before := s.games()
	made := s.created(parsed)
	first := s.serve(text, body)
	if first.Code >= 400 {
		if after := s.games(); after != before {
			s.t.Fatalf("%d %s, and the games have changed:\n%s\n%s", first.Code, first.Body, before, after)
		}
		if after := s.created(parsed); after != made {
			s.t.Fatalf("%d %s, and there is a game: %s", first.Code, first.Body, after)
		}
	}
	s.checkAnswer(parsed, first)
	middle := s.games()
	if parsed.Method == http.MethodGet && strings.HasSuffix(parsed.URL.Path, "/events") {
		body = nil // what is asked for is in the address alone
	}
	second := s.serve(text, body)
	s.checkAnswer(parsed, second)
	if body == nil && (first.Code != second.Code || first.Body.String() != second.Body.String()) {
		s.t.Fatalf("without a body it is answered with %d %s and not with %d %s", second.Code, second.Body, first.Code, first.Body)
	}
	if parsed.Method != http.MethodPost || parsed.URL.Path == "/v1/sessions" {
		return
	}
	if first.Code != second.Code || first.Body.String() != second.Body.String() {
		s.t.Fatalf("answered with %d %s and then with %d %s", first.Code, first.Body, second.Code, second.Body)
	}
	if after := s.games(); after != middle && !strings.HasSuffix(parsed.URL.Path, "/advance") {
		s.t.Fatalf("sent again, it changes the games:\n%s\n%s", middle, after)
	}
}

// created are the games that the guests' command of the request's key makes, if it makes one.
func (s *scene) created(request *http.Request) (all string) {
	for _, name := range []string{"ann", "ben", "eve"} {
		_, state := s.state(game.CreatedBy(s.users[name], request.Header.Get("Idempotency-Key")).String())
		all += state
	}
	return all
}

func (s *scene) serve(text string, body []byte) *httptest.ResponseRecorder {
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	must(s.t, err)
	request = request.WithContext(s.t.Context())
	request.RemoteAddr, request.Body, request.ContentLength = "192.0.2.1:1234", io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer := httptest.NewRecorder()
	s.server.ServeHTTP(answer, request)
	return answer
}

// checkAnswer checks that an answer is one that the protocol knows.
func (s *scene) checkAnswer(request *http.Request, answer *httptest.ResponseRecorder) {
	s.t.Helper()
	body, place := answer.Body.Bytes(), request.URL.Path
	fail := func(what string) {
		s.t.Helper()
		s.t.Fatalf("%s %q is answered with %d %q: %s", request.Method, request.RequestURI, answer.Code, body, what)
	}
	tidy := path.Clean(place)
	clean := (place == tidy || tidy != "/" && place == tidy+"/") && place != "/v1"
	switch {
	case answer.Code >= 500:
		fail("a fault of the server's")
	case answer.Code == http.StatusTemporaryRedirect || answer.Code == http.StatusMovedPermanently || answer.Code == http.StatusPermanentRedirect:
		if clean {
			fail("it says to ask elsewhere")
		}
	case !utf8.Valid(body):
		fail("it is not UTF-8")
	case answer.Code == http.StatusNoContent:
		if request.Method != http.MethodOptions || len(body) > 0 {
			fail("nothing was said")
		}
	case !strings.HasPrefix(place, "/v1/") || place == "/v1/ws":
		// Not of the protocol, or no handshake: in plain text.
		if answer.Code != http.StatusOK && answer.Code < 400 {
			fail("neither done nor refused")
		}
	case answer.Code == http.StatusOK:
		if key := request.Header.Get("Idempotency-Key"); request.Method == http.MethodPost && place != "/v1/sessions" && decode(s.t, body).Re != key {
			fail("it is not the answer to " + strconv.Quote(key))
		}
		record := strings.HasSuffix(place, ".pgn")
		if kind := answer.Header().Get("Content-Type"); record != strings.Contains(kind, "pgn") || !record && (kind != "application/json" || !json.Valid(body)) {
			fail("it is of another kind: " + kind)
		}
	default:
		m := checkError(s.t, body)
		if m.Code.HTTPStatus() != answer.Code || answer.Header().Get("Content-Type") != "application/json" {
			fail("the status is not that of the code, or it does not say that it is JSON")
		}
	}
}

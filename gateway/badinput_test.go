package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// state is what anybody sees of a game over HTTP.
func (r *rig) state(game string) wire.Message {
	r.t.Helper()
	response, err := http.Get(r.http.URL + "/v1/games/" + game)
	must(r.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(r.t, err)
	var m wire.Message
	must(r.t, json.Unmarshal(body, &m))
	return m
}

// unchanged checks that a game is still as it was, the running clocks aside.
func (r *rig) unchanged(before wire.Message) {
	r.t.Helper()
	after := r.state(before.Game)
	before.At, after.At, before.Clock, after.Clock = "", "", nil, nil
	was, _ := json.Marshal(before)
	is, _ := json.Marshal(after)
	if string(was) != string(is) {
		r.t.Fatalf("the game has changed:\nbefore %s\nafter  %s", was, is)
	}
}

// TestRefusedRequests sends, in a running game, one request after the other that is to be refused; the connection and the
// game must come out of it as they were.
func TestRefusedRequests(t *testing.T) {
	r := newRig(t, nil)
	white, black, stranger := r.guest(), r.guest(), r.guest()
	game := start(t, white, black, "chess")
	before := r.state(game)
	long := strings.Repeat("i", 65)
	tests := map[string]struct {
		from    *player
		message string
		want    wire.Code
	}{
		"move of a wrong type":         {white, `{"type":"move","id":"1","game":"GAME","ply":"0","move":"e2e4"}`, wire.CodeBadMessage},
		"move without a ply":           {white, `{"type":"move","id":"1","game":"GAME","move":"e2e4"}`, wire.CodeBadMessage},
		"move without a move":          {white, `{"type":"move","id":"1","game":"GAME","ply":0}`, wire.CodeBadMessage},
		"move without a game":          {white, `{"type":"move","id":"1","ply":0,"move":"e2e4"}`, wire.CodeBadMessage},
		"move without an id":           {white, `{"type":"move","game":"GAME","ply":0,"move":"e2e4"}`, wire.CodeBadMessage},
		"id too long":                  {white, `{"type":"move","id":"` + long + `","game":"GAME","ply":0,"move":"e2e4"}`, wire.CodeBadMessage},
		"id of a wrong type":           {white, `{"type":"move","id":7,"game":"GAME","ply":0,"move":"e2e4"}`, wire.CodeBadMessage},
		"unknown type":                 {white, `{"type":"mvoe","id":"1","game":"GAME"}`, wire.CodeUnknownType},
		"hello twice":                  {white, `{"type":"hello","id":"1"}`, wire.CodeBadMessage},
		"game that is no id":           {white, `{"type":"move","id":"1","game":"x","ply":0,"move":"e2e4"}`, wire.CodeNotFound},
		"game that does not exist":     {white, `{"type":"resign","id":"1","game":"00000000-0000-8000-8000-000000000000"}`, wire.CodeNotFound},
		"illegal move":                 {white, `{"type":"move","id":"1","game":"GAME","ply":0,"move":"e2e5"}`, wire.CodeIllegalMove},
		"move that is no move":         {white, `{"type":"move","id":"1","game":"GAME","ply":0,"move":"e2m3"}`, wire.CodeIllegalMove},
		"empty move":                   {white, `{"type":"move","id":"1","game":"GAME","ply":0,"move":""}`, wire.CodeIllegalMove},
		"move too long":                {white, `{"type":"move","id":"1","game":"GAME","ply":0,"move":"` + strings.Repeat("e2e4", 100) + `"}`, wire.CodeIllegalMove},
		"move out of turn":             {black, `{"type":"move","id":"1","game":"GAME","ply":0,"move":"e7e5"}`, wire.CodeNotYourTurn},
		"move of a ply to come":        {white, `{"type":"move","id":"1","game":"GAME","ply":1,"move":"e2e4"}`, wire.CodeStalePly},
		"negative ply":                 {white, `{"type":"move","id":"1","game":"GAME","ply":-1,"move":"e2e4"}`, wire.CodeStalePly},
		"move in others' game":         {stranger, `{"type":"move","id":"1","game":"GAME","ply":0,"move":"e2e4"}`, wire.CodeNotSeated},
		"resignation in others' game":  {stranger, `{"type":"resign","id":"1","game":"GAME"}`, wire.CodeNotSeated},
		"chat in others' game":         {stranger, `{"type":"say","id":"1","game":"GAME","text":"hi"}`, wire.CodeNotSeated},
		"chat without a text":          {white, `{"type":"say","id":"1","game":"GAME","text":""}`, wire.CodeBadMessage},
		"chat too long":                {white, `{"type":"say","id":"1","game":"GAME","text":"` + strings.Repeat("é", 281) + `"}`, wire.CodeBadMessage},
		"join of a full game":          {stranger, `{"type":"join","id":"1","game":"GAME"}`, wire.CodeSeatTaken},
		"join of one's own game":       {white, `{"type":"join","id":"1","game":"GAME"}`, wire.CodeAlreadySeated},
		"acceptance of no offer":       {white, `{"type":"accept","id":"1","game":"GAME","what":"draw"}`, wire.CodeNoSuchOffer},
		"offer of what is not offered": {white, `{"type":"offer","id":"1","game":"GAME","what":"money"}`, wire.CodeNoSuchOffer},
		"takeback of nothing":          {white, `{"type":"offer","id":"1","game":"GAME","what":"takeback"}`, wire.CodeNoSuchOffer},
		"rematch of a running game":    {white, `{"type":"offer","id":"1","game":"GAME","what":"rematch"}`, wire.CodeNoSuchOffer},
		"claim of what is not there":   {white, `{"type":"claim","id":"1","game":"GAME","what":"threefold"}`, wire.CodeIllegalMove},
		"claim of who is present":      {white, `{"type":"claim","id":"1","game":"GAME","what":"abandonment"}`, wire.CodeForbidden},
		"unknown rules":                {white, `{"type":"create","id":"1","rules":"go"}`, wire.CodeBadMessage},
		"unknown options":              {white, `{"type":"create","id":"1","rules":"chess","options":{"variant":"x"}}`, wire.CodeBadMessage},
		"options of a wrong type":      {white, `{"type":"create","id":"1","rules":"chess","options":[1]}`, wire.CodeBadMessage},
		"negative clock":               {white, `{"type":"create","id":"1","rules":"chess","clock":{"initial_ms":-1}}`, wire.CodeBadMessage},
		"endless clock":                {white, `{"type":"create","id":"1","rules":"chess","clock":{"initial_ms":9223372036854775807}}`, wire.CodeBadMessage},
		"unknown seat":                 {white, `{"type":"create","id":"1","rules":"chess","seat":"green"}`, wire.CodeBadMessage},
		"test clock that is off":       {white, `{"type":"advance","id":"1","game":"GAME","advance_ms":100000}`, wire.CodeForbidden},
		"watch of no game":             {stranger, `{"type":"watch","id":"1","game":"00000000-0000-8000-8000-000000000000"}`, wire.CodeNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.from.t = t
			test.from.send(strings.ReplaceAll(test.message, "GAME", game))
			if m := test.from.refused(test.want); m.Text == "" {
				t.Error("the refusal says nothing")
			}
			r.unchanged(before)
		})
	}
	// All of them are still there, and the game goes on.
	white.t, black.t = t, t
	white.send(fmt.Sprintf(`{"type":"move","id":"m","game":%q,"ply":0,"move":"e2e4"}`, game))
	white.expect("ok")
	black.expect("moved")
	black.send(fmt.Sprintf(`{"type":"resign","id":"r","game":%q}`, game))
	black.expect("ok")
	white.expect("ended")
	ended := r.state(game)
	for _, message := range []string{
		`{"type":"move","id":"n","game":"GAME","ply":1,"move":"d2d4"}`, `{"type":"resign","id":"n","game":"GAME"}`,
		`{"type":"abort","id":"n","game":"GAME"}`, `{"type":"offer","id":"n","game":"GAME","what":"draw"}`,
	} {
		white.send(strings.ReplaceAll(message, "GAME", game))
		white.refused(wire.CodeGameOver)
		r.unchanged(ended)
	}
}

// TestFramesThatEndTheConnection sends what is not this protocol at all, before and after hello.
func TestFramesThatEndTheConnection(t *testing.T) {
	r := newRig(t, nil)
	tests := map[string]struct {
		kind  websocket.MessageType
		frame []byte
		want  int
	}{
		"not JSON":           {websocket.MessageText, []byte(`move e2e4`), wire.CloseBadMessage},
		"half of JSON":       {websocket.MessageText, []byte(`{"type":"ping"`), wire.CloseBadMessage},
		"not an object":      {websocket.MessageText, []byte(`["ping"]`), wire.CloseBadMessage},
		"no type":            {websocket.MessageText, []byte(`{"id":"1"}`), wire.CloseBadMessage},
		"type of wrong type": {websocket.MessageText, []byte(`{"type":1}`), wire.CloseBadMessage},
		"invalid UTF-8":      {websocket.MessageText, []byte("{\"type\":\"ping\",\"id\":\"\xff\xfe\"}"), wire.CloseBadMessage},
		"binary":             {websocket.MessageBinary, []byte(`{"type":"ping"}`), wire.CloseBadMessage},
		"oversize":           {websocket.MessageText, []byte(`{"type":"ping","id":"` + strings.Repeat("x", 100<<10) + `"}`), wire.CloseTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			greeted, silent, other := r.guest(), r.dial(), r.guest()
			game := start(t, other, r.guest(), "chess")
			before := r.state(game)
			for _, p := range []*player{greeted, silent} {
				p.t = t
				p.sendFrame(test.kind, test.frame)
				p.closed(test.want)
			}
			r.unchanged(before)
		})
	}
}

func TestMessagesBeforeHello(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.HelloTimeout = 100 * time.Millisecond })
	t.Run("none", func(t *testing.T) {
		p := r.dial()
		p.closed(wire.CloseNoHello)
	})
	t.Run("another message first", func(t *testing.T) {
		p := r.dial()
		p.send(`{"type":"create","id":"c","rules":"chess"}`)
		p.refused(wire.CodeUnauthenticated)
		p.closed(wire.CloseBadMessage)
	})
}

func TestForeignOrigin(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.Origins = []string{"https://app.example.com"} })
	tests := map[string]struct {
		origin string
		want   int
	}{
		"foreign":        {"https://evil.example.com", http.StatusForbidden},
		"null":           {"null", http.StatusForbidden},
		"allowed":        {"https://app.example.com", http.StatusSwitchingProtocols},
		"of the server":  {r.http.URL, http.StatusSwitchingProtocols},
		"none":           {"", http.StatusSwitchingProtocols},
		"another scheme": {"http://app.example.com", http.StatusForbidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			if test.origin != "" {
				header.Set("Origin", test.origin)
			}
			conn, response, err := websocket.Dial(t.Context(), r.http.URL+"/v1/ws",
				&websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{wire.Subprotocol}})
			if response.StatusCode != test.want {
				t.Fatalf("status %d (%v), want %d", response.StatusCode, err, test.want)
			}
			if err == nil {
				_ = conn.CloseNow()
			}
		})
	}
}

func TestSubprotocolIsNeeded(t *testing.T) {
	r := newRig(t, nil)
	conn, _, err := websocket.Dial(t.Context(), r.http.URL+"/v1/ws", nil)
	must(t, err)
	p := &player{t: t, conn: conn}
	p.closed(wire.ClosePolicy)
}

package contract

import (
	"net/http"
	"strings"
	"time"

	"github.com/plywire/plywire/gateway/auth/authtest"
)

func httpTour(s *stage) {
	s.note("A guest gets a token, and goes by it from then on.")
	gus := s.stranger("gus")
	gus.gets("/healthz")
	gus.gets("/readyz")
	gus.posts("/v1/sessions", "", "")
	gus.bearer = s.script.values("<resume token 1 of gus>")
	s.note("Somebody with a token of an issuer is known already; the session adds a resume token.")
	ben := s.actor("ben")
	ben.posts("/v1/sessions", "", `{"token":"<token of ben>"}`)
	ben.posts("/v1/sessions", "", `{"resume":"<resume token 1 of ben>"}`)
	s.note("A game. The same key is the same command. How `Bearer` is written does not matter.")
	gus.posts("/v1/games", "1", `{"rules":"chess","seat":"white","clock":{"initial_ms":180000,"increment_ms":2000,"delay_ms":0}}`)
	gus.scheme = "bearer"
	gus.posts("/v1/games", "1", `{"rules":"chess","seat":"white","clock":{"initial_ms":180000,"increment_ms":2000,"delay_ms":0}}`)
	s.note("Gus waits for something to happen; Ben joins. Gus is present as long as he waits, and for five seconds more.")
	gus.gets("/v1/games/<game 1>/events?after=2&wait_ms=20000")
	s.pass(7 * time.Second)
	ben.posts("/v1/games/<game 1>/join", "1", "")
	s.pass(4 * time.Second)
	ben.gets("/v1/games/<game 1>")
	s.pass(time.Second)
	ben.gets("/v1/games/<game 1>")
	s.note("When nothing happens, the answer is an empty list.")
	gus.gets("/v1/games/<game 1>/events?after=4&wait_ms=1500")
	s.pass(1500 * time.Millisecond)
	gus.posts("/v1/games/<game 1>/moves", "2", `{"ply":0,"move":"e2e4"}`)
	ben.posts("/v1/games/<game 1>/moves", "2", `{"ply":1,"move":"e7e5"}`)
	ben.posts("/v1/games/<game 1>/offer", "3", `{"what":"takeback"}`)
	gus.posts("/v1/games/<game 1>/decline", "3", `{"what":"takeback"}`)
	gus.posts("/v1/games/<game 1>/offer", "4", `{"what":"draw"}`)
	ben.posts("/v1/games/<game 1>/say", "4", `{"text":"Fair enough."}`)
	ben.posts("/v1/games/<game 1>/accept", "5", `{"what":"draw"}`)
	s.note("What there is to read. Anybody may.")
	cas := s.stranger("cas")
	cas.gets("/v1/games/<game 1>")
	cas.gets("/v1/games/<game 1>/events")
	s.note("Behind the last event there is nothing, and no more behind one that is not there yet; its seq tells how far the game is.")
	cas.gets("/v1/games/<game 1>/events?after=11")
	cas.gets("/v1/games/<game 1>/events?after=99")
	cas.gets("/v1/games/<game 1>/events?after=99&wait_ms=1000")
	s.pass(time.Second)
	cas.gets("/v1/games/<game 1>.pgn")
	cas.gets("/v1/games/<game 1>/route")
	s.note("Other endings.")
	gus.posts("/v1/games", "5", `{"rules":"nim"}`)
	gus.posts("/v1/games/<game 2>/abort", "6", "")
	gus.posts("/v1/games", "7", `{"rules":"nim","seat":"random"}`)
	ben.posts("/v1/games/<game 3>/join", "6", `{"seat":"random"}`)
	ben.posts("/v1/games/<game 3>/claim", "7", `{"what":"abandonment"}`)
	s.pass(time.Minute)
	ben.posts("/v1/games/<game 3>/claim", "8", `{"what":"abandonment"}`)
	gus.posts("/v1/games", "8", `{"rules":"nim"}`)
	ben.posts("/v1/games/<game 4>/join", "9", "")
	gus.posts("/v1/games/<game 4>/resign", "9", "")
}

func httpRefused(s *stage) {
	ann, cas := s.actor("ann"), s.stranger("cas")
	ann.posts("/v1/games", "1", `{"rules":"chess","seat":"white"}`)
	s.note("Who is not known.")
	cas.posts("/v1/games", "1", `{"rules":"chess"}`)
	cas.bearer = "nonsense"
	cas.gets("/v1/games/<game 1>")
	cas.gets("/v1/games/<game 1>/events")
	cas.gets("/v1/games/<game 1>.pgn")
	cas.posts("/v1/games/<game 1>/join", "1", "")
	cas.bearer = "a.b.c"
	cas.posts("/v1/games/<game 1>/join", "1", "")
	cas.posts("/v1/sessions", "", `{"resume":"nonsense"}`)
	s.note("Requests that cannot be read.")
	ann.misposts("/v1/games", "", `{"rules":"chess"}`)
	ann.misposts("/v1/games", strings.Repeat("x", 65), `{"rules":"chess"}`)
	ann.misposts("/v1/games", strings.Repeat("x", 65), `{"rules":7}`)
	ann.misposts("/v1/games", "2", `{"rules":`)
	ann.misposts("/v1/games", "2", `"chess"`)
	ann.misposts("/v1/games", "2", `{"rules":"chess","clock":{"initial_ms":"long"}}`)
	ann.misposts("/v1/games", "2", `{"rules":7}`)
	ann.misposts("/v1/games", "2", "")
	ann.misposts("/v1/games/<game 1>/moves", "2", `{"move":"e2e4"}`)
	ann.misposts("/v1/sessions", "", `{"token":7}`)
	ann.does(call{method: http.MethodGet, path: "/v1/games/<game 1>/events?after=yesterday"}, false)
	ann.misposts("/v1/games", "2", `{"rules":"`+strings.Repeat("x", 20000)+`"}`)
	ann.misposts("/v1/sessions", "", strings.Repeat(" ", 20000))
	s.note("A game that cannot be made has no id.")
	ann.posts("/v1/games", "2", `{"rules":"go"}`)
	s.note("A key that was used before, for a game with other terms; with the same terms it is that game. The wanted seat is not one of them.")
	ann.posts("/v1/games", "1", `{"rules":"nim"}`)
	ann.posts("/v1/games", "1", `{"rules":"chess","clock":{"initial_ms":60000}}`)
	ann.posts("/v1/games", "1", `{"rules":"chess","rated":true}`)
	ann.posts("/v1/games", "1", `{"rules":"chess","opponent":"ben"}`)
	ann.posts("/v1/games", "1", `{"rules":"chess","options":{"variant":"atomic"}}`)
	ann.posts("/v1/games", "1", `{"rules":"chess","seat":"black","clock":null,"rated":false}`)
	s.note("What is not there.")
	ann.gets("/v1/games/" + nobody)
	ann.gets("/v1/games/" + nobody + ".pgn")
	ann.gets("/v1/games/" + nobody + "/events?wait_ms=1000")
	ann.posts("/v1/games/"+nobody+"/resign", "2", "")
	ann.does(call{method: http.MethodGet, path: "/v1/games/mine"}, false)
	ann.does(call{method: http.MethodGet, path: "/v1/games/mine.pgn"}, false)
	ann.does(call{method: http.MethodGet, path: "/v1/games/mine/events"}, false)
	ann.misposts("/v1/games/<game 1>/dance", "2", "")
	ann.does(call{method: http.MethodDelete, path: "/v1/games/<game 1>"}, false)
	ann.posts("/v1/games", "3", `{"rules":"rps"}`)
	ann.gets("/v1/games/<game 2>.pgn")
	ann.does(call{method: http.MethodGet, path: "/v1/games/<game 1>.sgf"}, false)
	s.note("Commands that are refused have the statuses of their codes.")
	ann.posts("/v1/games/<game 1>/join", "4", "")
	ann.posts("/v1/games/<game 1>/moves", "4", `{"ply":0,"move":"e2e4"}`)
	ann.posts("/v1/games/<game 1>/advance", "4", `{"advance_ms":1000}`)
	ben := s.actor("ben")
	ben.posts("/v1/games/<game 1>/resign", "1", "")
	ben.posts("/v1/games/<game 1>/join", "2", "")
	ann.posts("/v1/games/<game 1>/moves", "5", `{"ply":0,"move":"e2e5"}`)
	s.note("A WebSocket needs a handshake.")
	ann.does(call{method: http.MethodGet, path: "/v1/ws"}, false)
	ann.isTurnedAway(http.Header{"Origin": {"https://elsewhere.example"}})
}

func withOrigin(c *settings) { c.gateway.Origins = []string{"https://app.example.com"} }

func pages(s *stage) {
	ann, eve := s.actor("ann"), s.actor("eve")
	ann.origin, eve.origin = "https://app.example.com", "https://elsewhere.example"
	s.note("The browser asks whether the page may ask; then the page does. It can read refusals, too.")
	ann.mayAsk(http.MethodPost, "/v1/games")
	ann.posts("/v1/games", "1", `{"rules":"chess","seat":"white"}`)
	ann.mayAsk(http.MethodGet, "/v1/games/<game 1>/events")
	ann.gets("/v1/games/<game 1>/events")
	ann.posts("/v1/games/<game 1>/join", "2", "")
	s.note("A page of any other origin is told nothing that its browser would let it use.")
	eve.mayAsk(http.MethodPost, "/v1/games")
	eve.gets("/v1/games/<game 1>")
	eve.isTurnedAway(http.Header{"Origin": {eve.origin}})
}

// withFarKeys makes a server that has to ask for the keys of most tokens, and gets no answer.
func withFarKeys(c *settings) {
	c.auth.JWKSURL = "http://127.0.0.1:1/keys" // nobody listens there
	c.auth.Guests = false
}

func strangers(s *stage) {
	ann := s.actor("ann")
	s.note("No hello in time.")
	ann.connects()
	s.pass(10 * time.Second)
	s.note("The wrong subprotocol.")
	ann.dials("chess.v7")
	s.note("A token that nobody here trusts, one that cannot be read, none, and one whose key cannot be fetched.")
	token, err := authtest.NewEdDSA("far").Mint("fay", "Fay", time.Now().Add(time.Hour))
	must(s.t, err)
	s.script.call(token, "<token of somebody else's>")
	ann.connects()
	ann.says(`{"type":"hello","id":"1","token":"lies"}`)
	ann.connects()
	ann.says(`{"type":"hello","id":"1","resume":"lies"}`)
	ann.connects()
	ann.says(`{"type":"hello","id":"1"}`)
	ann.connects()
	ann.says(`{"type":"hello","id":"1","token":"<token of somebody else's>"}`)
	ann.posts("/v1/sessions", "", `{"token":"<token of somebody else's>"}`)
	ann.posts("/v1/sessions", "", "")
	s.note("A token that runs out takes the connection with it, and its resume token.")
	short, err := s.minter.Mint("ann", "Ann", time.Now().Add(time.Minute))
	must(s.t, err)
	s.script.call(short, "<token of ann for a minute>")
	ann.connects()
	ann.says(`{"type":"hello","id":"1","token":"<token of ann for a minute>"}`)
	s.pass(90 * time.Second)
	ann.connects()
	ann.says(`{"type":"hello","id":"1","resume":"<resume token 1 of ann>"}`)
}

// withTightLimits makes limits that a scene can reach.
func withTightLimits(c *settings) {
	c.gateway.Rate, c.gateway.Burst, c.gateway.CreateCost, c.gateway.Patience = 2, 4, 3, 3
	c.gateway.HTTPRate, c.gateway.HTTPBurst = 1, 8
	c.gateway.GamesPerSession, c.gateway.Connections = 1, 1
	c.gateway.MessageBytes, c.gateway.HelloBytes = 1500, 1100
}

func limits(s *stage) {
	ann, ben := s.actor("ann"), s.actor("ben")
	s.note("Two messages a second, four at once; a game costs three.")
	ann.enters()
	ann.create("1", "chess", `,"seat":"white"`)
	ann.says(`{"type":"ping","id":"2"}`)
	ann.says(`{"type":"ping","id":"3"}`)
	s.note("This connection may watch one game: the one that it watches already, and no other.")
	s.pass(2 * time.Second)
	ann.commands("watch", "4", "")
	ann.says(`{"type":"watch","id":"5","game":"` + nobody + `"}`)
	s.note("The server takes one connection at a time.")
	ben.isTurnedAway(nil)
	s.note("Who does not heed the refusals is sent away.")
	for range 7 {
		ann.says(`{"type":"ping"}`)
	}
	s.note("Frames that are too large.")
	ann.enters()
	ann.says(`{"type":"hello","id":"1","client":"` + strings.Repeat("x", 1500) + `"}`)
	ann.connects()
	ann.says(`{"type":"hello","id":"1","client":"` + strings.Repeat("x", 1100) + `"}`)
	s.note("An address may send so many requests.")
	for range 7 {
		ann.gets("/v1/games/<game 1>")
	}
}

package gateway

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/wire"
)

// Guide may be implemented by Owners that are on several nodes.
type Guide interface {
	// Route tells which node serves an actor best: its name, the URL at which clients reach it, or empty, and whether it is
	// this one. known is false while nobody can tell. It does not block.
	Route(id shard.ID) (node, url string, here, known bool)
	// Left hears that nobody watches an actor here any more. It must not block.
	Left(id shard.ID)
	// Ready tells whether clients should be sent here: not while this node has lost touch with the others.
	Ready() bool
}

// route is the answer to GET /v1/games/{game}/route.
type route struct {
	Game string `json:"game"`
	Node string `json:"node"`
	URL  string `json:"url,omitempty"`
	Here bool   `json:"here"`
}

// getRoute tells which node serves a game best. Every node serves every game; that one does it without a detour.
func (server *Server) getRoute(w http.ResponseWriter, r *http.Request) {
	id, err := uuid.Parse(r.PathValue("game"))
	if err != nil {
		writeError(w, "", wire.CodeNotFound, game.ErrNotFound.Error())
		return
	}
	if !server.serving.Load() {
		writeError(w, "", wire.CodeUnavailable, "this node is starting")
		return
	}
	way := route{Game: id.String(), Node: server.config.Node, Here: true}
	if guide, is := server.owners.(Guide); is {
		known := false
		if way.Node, way.URL, way.Here, known = guide.Route(id); !known {
			writeError(w, "", wire.CodeUnavailable, "it is not known now which node serves this game: try again soon")
			return
		}
	}
	body, err := json.Marshal(way)
	if err != nil {
		writeError(w, "", wire.CodeInternal, "the answer cannot be written")
		return
	}
	server.stick(w, way.Node)
	writeJSON(w, http.StatusOK, body)
}

// stick tells a load balancer to which node to bring the client from now on, if it goes by a cookie. What a client is told
// does not depend on whether it does.
func (server *Server) stick(w http.ResponseWriter, node string) {
	if server.config.StickyCookie != "" {
		http.SetCookie(w, stickyCookie(server.config.StickyCookie, node))
	}
}

func stickyCookie(name, node string) *http.Cookie {
	return &http.Cookie{Name: name, Value: node, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

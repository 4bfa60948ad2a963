package gateway

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// commands are the requests that POST /v1/games/{game}/{command} knows, by their path.
var commands = map[string]string{
	"join": wire.TypeJoin, "moves": wire.TypeMove, "resign": wire.TypeResign, "abort": wire.TypeAbort,
	"offer": wire.TypeOffer, "accept": wire.TypeAccept, "decline": wire.TypeDecline, "claim": wire.TypeClaim,
	"say": wire.TypeSay, "advance": wire.TypeAdvance,
}

// waiting hears an answer for somebody who waits for it.
type waiting struct {
	done  chan struct{}
	reply *table.Reply
	err   error
	first func(*table.Reply) // called before anybody else can hear of the game; may be nil
}

// Answer wakes who waits.
func (w *waiting) Answer(reply any, err error) {
	if w.err = err; err == nil {
		w.reply = reply.(*table.Reply)
		if w.first != nil {
			w.first(w.reply)
		}
	}
	close(w.done)
}

// ask gives a request to the owner of the game and waits for the answer, or answers the HTTP request.
func (server *Server) ask(ctx context.Context, w http.ResponseWriter, re string, id game.ID, body any, first func(*table.Reply)) (*table.Reply, bool) {
	call := &waiting{done: make(chan struct{}), first: first}
	err := server.send(shard.Command{Actor: id, Body: body, Sender: call, At: time.Now()})
	if err == nil {
		select {
		case <-call.done:
			err = call.err
		case <-ctx.Done():
			// What becomes of the command is not known yet: asking again with the same key tells.
			writeError(w, re, wire.CodeUnavailable, "no answer in time: send it again with the same Idempotency-Key")
			return nil, false
		}
	}
	if err != nil {
		code, text := refusalOf(err)
		writeError(w, re, code, text)
		return nil, false
	}
	return call.reply, true
}

// askTimeout bounds how long a request of the HTTP API waits for its game's shard.
const askTimeout = 10 * time.Second

// do carries out a request that was read, and answers it.
func (server *Server) do(w http.ResponseWriter, r *http.Request, session auth.Session, id game.ID, request *wire.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
	defer cancel()
	user := game.User{ID: session.Identity.ID, Name: session.Identity.Name}
	id, body := server.translate(user, id, request, false, 0)
	reply, ok := server.ask(ctx, w, request.ID, id, body, nil)
	if !ok {
		return
	}
	server.metrics.command(request.Type, reply.Code)
	status := http.StatusOK
	if reply.Code != "" {
		status = reply.Code.HTTPStatus()
	}
	writeJSON(w, status, reply.Frame)
}

// body reads a command's body and its key.
func (server *Server) body(w http.ResponseWriter, r *http.Request, kind, name string) (*wire.Request, bool) {
	body, ok := server.read(w, r)
	if !ok {
		return nil, false
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		writeError(w, "", wire.CodeBadMessage, "the header Idempotency-Key is missing: 1 to 64 characters of your choice, the same when you send the request again")
		return nil, false
	}
	if !utf8.ValidString(key) {
		writeError(w, "", wire.CodeBadMessage, "the header Idempotency-Key is not UTF-8")
		return nil, false
	}
	request, err := wire.DecodeBody(body, kind, key, name)
	if err != nil {
		server.metrics.command(kind, wire.CodeBadMessage)
		writeError(w, request.ID, wire.CodeBadMessage, err.Error())
		return nil, false
	}
	return request, true
}

func (server *Server) postGame(w http.ResponseWriter, r *http.Request) {
	session, ok := server.who(w, r)
	if !ok {
		return
	}
	if request, ok := server.body(w, r, wire.TypeCreate, ""); ok {
		server.do(w, r, session, game.ID{}, request)
	}
}

func (server *Server) postCommand(w http.ResponseWriter, r *http.Request) {
	session, ok := server.who(w, r)
	if !ok {
		return
	}
	kind, known := commands[r.PathValue("command")]
	id, err := uuid.Parse(r.PathValue("game"))
	if !known || err != nil {
		writeError(w, "", wire.CodeNotFound, "there is no such game or no such command")
		return
	}
	if request, ok := server.body(w, r, kind, id.String()); ok {
		server.do(w, r, session, id, request)
	}
}

// viewer is who asks to see a game: anybody may.
func (server *Server) viewer(w http.ResponseWriter, r *http.Request) (string, bool) {
	if r.Header.Get("Authorization") == "" {
		return "", true
	}
	session, ok := server.who(w, r)
	return session.Identity.ID, ok
}

// getGame tells a game's state, or with an extension such as .pgn its record.
func (server *Server) getGame(w http.ResponseWriter, r *http.Request) {
	name, extension, _ := strings.Cut(r.PathValue("game"), ".")
	id, err := uuid.Parse(name)
	if err != nil {
		writeError(w, "", wire.CodeNotFound, game.ErrNotFound.Error())
		return
	}
	user, ok := server.viewer(w, r)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
	defer cancel()
	if extension != "" {
		server.getRecord(ctx, w, id, extension)
		return
	}
	reply, ok := server.ask(ctx, w, "", id, &table.Look{User: user, Whole: true}, nil)
	switch {
	case !ok:
	case reply.Code != "":
		writeJSON(w, reply.Code.HTTPStatus(), reply.Frame)
	default:
		writeJSON(w, http.StatusOK, reply.Seen[0])
	}
}

func (server *Server) getRecord(ctx context.Context, w http.ResponseWriter, id game.ID, extension string) {
	reply, ok := server.ask(ctx, w, "", id, &table.Transcribe{}, nil)
	if !ok {
		return
	}
	if reply.Code != "" {
		writeJSON(w, reply.Code.HTTPStatus(), reply.Frame)
		return
	}
	scribe, writes := reply.Transcript.Rules.(game.Scribe)
	if !writes || scribe.Extension() != extension {
		writeError(w, "", wire.CodeNotFound, "this kind of game is not written as ."+extension)
		return
	}
	var text bytes.Buffer
	if err := scribe.WriteTranscript(&text, *reply.Transcript); err != nil {
		server.log.Error().Err(err).Stringer("game", id).Msg("write the record of a game")
		writeError(w, "", wire.CodeInternal, "the record cannot be written")
		return
	}
	w.Header().Set("Content-Type", scribe.MediaType())
	w.Header().Set("Content-Disposition", `inline; filename="`+id.String()+"."+extension+`"`)
	_, _ = w.Write(text.Bytes())
}

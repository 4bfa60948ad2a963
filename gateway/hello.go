package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// hello begins the session. It returns false when the connection is to be closed.
func (s *session) hello(ctx context.Context, request *wire.Request) bool {
	if request.Type != wire.TypeHello {
		s.fail(request, wire.CodeUnauthenticated, "the first message is hello")
		return s.unwelcome(statusBadMessage, "the first message is hello")
	}
	if len(request.Games) > wire.GamesMax {
		s.fail(request, wire.CodeBadMessage, fmt.Sprintf("hello names %d games, want at most %d", len(request.Games), wire.GamesMax))
		return s.unwelcome(statusBadMessage, "hello names too many games")
	}
	session, how, err := s.server.identify(ctx, request.Token, request.Resume)
	if err != nil {
		return s.stranger(request, err)
	}
	s.identity = session.Identity
	s.greeted.Store(true)
	s.helloTimer.Stop()
	s.server.metrics.hellos.WithLabelValues(how).Inc()
	s.server.metrics.command(request.Type, "")
	s.push(wire.Encode(s.server.welcome(request.ID, session)))
	s.expire()
	s.rearm(firstPing)
	for _, each := range request.Games {
		s.resume(request, each)
	}
	return true
}

// welcome is the answer to hello.
func (server *Server) welcome(re string, session auth.Session) *wire.Message {
	identity := session.Identity
	return &wire.Message{Type: wire.TypeWelcome, Re: re,
		User:   &wire.User{ID: identity.ID, Name: identity.Name, Guest: identity.Guest},
		Resume: server.auth.Issue(session), Node: server.config.Node, Time: wire.FormatTime(time.Now()),
		HeartbeatMS: server.config.Heartbeat.Milliseconds(), MaxMessageBytes: server.config.MessageBytes,
		TestClock: server.config.AdvanceAllowed}
}

// keysRetry is when it is worth coming again after the keys for tokens could not be had.
const keysRetry = 2 * time.Second

// stranger sends somebody away who did not prove who he is.
func (s *session) stranger(request *wire.Request, err error) bool {
	if errors.Is(err, auth.ErrKeysAway) {
		s.server.metrics.command(request.Type, wire.CodeUnavailable)
		s.push(wire.Encode(&wire.Message{Type: wire.TypeError, Re: request.ID, Code: wire.CodeUnavailable, Text: err.Error(),
			RetryAfterMS: keysRetry.Milliseconds()}))
		return s.unwelcome(websocket.StatusTryAgainLater, "tokens cannot be checked")
	}
	s.fail(request, wire.CodeUnauthenticated, err.Error())
	return s.unwelcome(statusUnauthenticated, "not authenticated")
}

// identify says whose the token, or the resume token, is; without either it is a new guest's session. how names the way.
func (server *Server) identify(ctx context.Context, token, resume string) (session auth.Session, how string, err error) {
	if resume != "" {
		session, err = server.auth.Resume(resume)
		return session, "resume", err
	}
	var identity auth.Identity
	if token != "" {
		how = "token"
		identity, err = server.auth.Token(ctx, token)
	} else {
		how = "guest"
		identity, err = server.auth.Guest()
	}
	if err != nil {
		return auth.Session{}, how, err
	}
	return auth.NewSession(identity), how, nil
}

// expire ends the session when its identity runs out.
func (s *session) expire() {
	if s.identity.Expires.IsZero() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.gone {
		s.expiry = time.AfterFunc(time.Until(s.identity.Expires), func() { s.out.end(statusUnauthenticated, "the token has run out") })
	}
}

// resume goes on with a game that the client watched before.
func (s *session) resume(request *wire.Request, each wire.GameAfter) {
	id, err := uuid.Parse(each.Game)
	if err != nil {
		s.refuseGame(request.ID, each.Game, wire.CodeNotFound, "no such game")
		return
	}
	s.send(time.Now(), id, &table.Look{User: s.identity.ID, ID: request.ID, After: each.After, Watch: true}, &call{session: s, game: id, watch: true, silent: true, re: request.ID})
}

func (s *session) refuseGame(re, name string, code wire.Code, text string) {
	s.push(wire.Encode(&wire.Message{Type: wire.TypeError, Re: re, Game: name, Code: code, Text: text}))
}

package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/plywire/plywire/admin"
	"github.com/plywire/plywire/cluster"
)

// orderBytesMax bounds the body of an operator's request, in bytes.
const orderBytesMax = 4 << 10

var (
	errAlone    = errors.New("this node is alone: it keeps its games in its own folder, where no other node can take them; with --redis there can be several")
	errNoJoin   = errors.New("this node has not joined its cluster yet: try again")
	errTooLong  = errors.New("it has taken too long, and may still come about: look at the shards, or ask again")
	errBadOrder = errors.New("bad request")
)

// order is one change that an operator wants.
type order struct {
	action string
	shard  int // -1: none
	node   string
	carry  func(ctx context.Context, done *admin.Done) error
}

// adminAPI is what operators reach who have the token. Browsers do not send that by themselves, so that no page can have one
// of them do it.
func (s *Server) adminAPI() http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, by map[string]http.HandlerFunc) {
		mux.HandleFunc("/admin/v1/"+path, func(w http.ResponseWriter, r *http.Request) {
			if handler := by[r.Method]; handler != nil {
				handler(w, r)
				return
			}
			var allowed []string
			for method := range by {
				allowed = append(allowed, method)
			}
			slices.Sort(allowed)
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			fail(w, http.StatusMethodNotAllowed, fmt.Errorf("%s is not done here, but %s", r.Method, strings.Join(allowed, ", ")))
		})
	}
	handle("cluster", map[string]http.HandlerFunc{"GET": s.tellCluster})
	handle("shards/{shard}/pin", map[string]http.HandlerFunc{"PUT": s.pin, "DELETE": s.unpin})
	handle("shards/{shard}/move", map[string]http.HandlerFunc{"POST": s.move})
	handle("rebalance", map[string]http.HandlerFunc{"POST": s.rebalance})
	handle("drain", map[string]http.HandlerFunc{"POST": s.drainNode, "DELETE": s.undrainNode})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, fmt.Errorf("there is no %s", r.URL.Path))
	})
	return s.guarded(mux)
}

// guarded lets in who has the token.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(s.adminToken))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			s.refused.Do(func() {
				s.log.Warn().Bool("audit", true).Str("remote", r.RemoteAddr).Str("action", r.Method+" "+r.URL.Path).Str("outcome", "refused").Msg("somebody without the operators' token")
			})
			w.Header().Set("WWW-Authenticate", "Bearer")
			fail(w, http.StatusUnauthorized, errors.New("this needs the operators' token: Authorization: Bearer, and what is in the file that --admin-token-file names (admin.token in the data folder)"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, orderBytesMax)
		next.ServeHTTP(w, r)
	})
}

func (s *Server) tellCluster(w http.ResponseWriter, r *http.Request) {
	stands, err := s.survey(r.Context())
	if err != nil {
		fail(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, http.StatusOK, stands)
}

func (s *Server) pin(w http.ResponseWriter, r *http.Request) {
	s.withShard(w, r, true, "pin", func(ctx context.Context, o *order) error { return s.cluster.Pin(ctx, o.shard, o.node) })
}

func (s *Server) unpin(w http.ResponseWriter, r *http.Request) {
	s.withShard(w, r, false, "unpin", func(ctx context.Context, o *order) error { return s.cluster.Pin(ctx, o.shard, "") })
}

func (s *Server) move(w http.ResponseWriter, r *http.Request) {
	s.withShard(w, r, true, "move", func(ctx context.Context, o *order) error { return s.cluster.Move(ctx, o.shard, o.node) })
}

// withShard carries out what is wanted of a shard, with a node or without.
func (s *Server) withShard(w http.ResponseWriter, r *http.Request, node bool, action string, do func(context.Context, *order) error) {
	shards := s.store.Shards()
	index, err := strconv.Atoi(r.PathValue("shard"))
	if err != nil || cluster.CheckShard(index, shards) != nil {
		fail(w, http.StatusNotFound, fmt.Errorf("there is no shard %q: there are %d, numbered from 0", r.PathValue("shard"), shards))
		return
	}
	body, err := read(r)
	if err == nil && node && body.Node == "" {
		err = fmt.Errorf(`%w: it does not say to which node: {"node":"n2"}`, errBadOrder)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	o := order{action: action, shard: index, node: body.Node}
	o.carry = func(ctx context.Context, done *admin.Done) error {
		done.Shard = &o.shard
		return do(ctx, &o)
	}
	s.carryOut(w, r, o)
}

func (s *Server) rebalance(w http.ResponseWriter, r *http.Request) {
	s.carryOut(w, r, order{action: "rebalance", shard: -1, carry: func(ctx context.Context, done *admin.Done) error {
		pins, err := s.cluster.Rebalance(ctx)
		done.Pins = &pins
		return err
	}})
}

func (s *Server) drainNode(w http.ResponseWriter, r *http.Request) {
	s.withNode(w, r, "drain", func(ctx context.Context, node string) error { return s.cluster.Drain(ctx, node) })
}

func (s *Server) undrainNode(w http.ResponseWriter, r *http.Request) {
	s.withNode(w, r, "undrain", func(ctx context.Context, node string) error { return s.cluster.Undrain(ctx, node) })
}

// withNode carries out what is wanted of a node, this one if none is named.
func (s *Server) withNode(w http.ResponseWriter, r *http.Request, action string, do func(context.Context, string) error) {
	body, err := read(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	o := order{action: action, shard: -1, node: body.Node}
	who := body.Node
	if who == "" && s.cluster != nil {
		o.node, who = s.config.Gateway.Node, s.cluster.ID() // another one may have the same name
	}
	o.carry = func(ctx context.Context, _ *admin.Done) error { return do(ctx, who) }
	s.carryOut(w, r, o)
}

// carryOut does what an operator wants, says so in the log before and after, and answers.
func (s *Server) carryOut(w http.ResponseWriter, r *http.Request, o order) {
	line := func(outcome string) *zerolog.Event {
		e := s.log.Info().Bool("audit", true).Str("action", o.action).Str("node", o.node).Str("remote", r.RemoteAddr).Str("outcome", outcome)
		if o.shard >= 0 {
			e = e.Int("shard", o.shard)
		}
		return e
	}
	line("begun").Msg("an operator's order")
	began := time.Now()
	done := admin.Done{Action: o.action, Node: o.node}
	err := errAlone
	if s.cluster != nil {
		ctx, cancel := context.WithTimeoutCause(r.Context(), s.config.OrderTimeout, errTooLong)
		defer cancel()
		err = s.joined()
		if err == nil {
			err = o.carry(ctx, &done)
		}
		if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
	}
	took := time.Since(began)
	if err != nil {
		line("failed").Dur("took", took).Err(err).Msg("an operator's order")
		fail(w, codeOf(err), err)
		return
	}
	line("done").Dur("took", took).Msg("an operator's order")
	done.TookMS = milliseconds(took)
	answer(w, http.StatusOK, done)
}

// joined fails before this node has joined its cluster.
func (s *Server) joined() error {
	if len(s.cluster.Map().Members) == 0 {
		return errNoJoin
	}
	return nil
}

// codeOf is the status of HTTP for what went wrong.
func codeOf(err error) int {
	switch {
	case errors.Is(err, cluster.ErrUnknownNode):
		return http.StatusNotFound
	case errors.Is(err, cluster.ErrNotNow), errors.Is(err, errAlone):
		return http.StatusConflict
	case errors.Is(err, errTooLong), errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusServiceUnavailable
}

// read reads what an operator wants; nothing is as good as {}.
func read(r *http.Request) (body admin.Order, err error) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	switch err := decoder.Decode(&body); {
	case errors.Is(err, io.EOF):
		return body, nil
	case err != nil:
		return body, fmt.Errorf(`%w: want {"node":"n2"}: %w`, errBadOrder, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return body, fmt.Errorf(`%w: something follows the JSON object`, errBadOrder)
	}
	return body, nil
}

func fail(w http.ResponseWriter, status int, err error) {
	answer(w, status, admin.Failure{Error: err.Error()})
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

package gateway

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// pollLinger is how long a player who polls counts as present after a poll: between two polls nobody is gone.
const pollLinger = 5 * time.Second

// poll is a watcher that only wants to know that there is something new.
type poll struct {
	// Set at start, never changed.
	hub  *hub
	game game.ID
	user string
	news chan struct{}

	mu   sync.Mutex
	seat game.Seat
	over bool
	sub  *subscription // nil: none yet
}

// push notes that there is something new.
func (p *poll) push([]byte) { p.wake() }

// wake has the poll ask again.
func (p *poll) wake() {
	select {
	case p.news <- struct{}{}:
	default: // it is told already
	}
}

// watch waits for news from the reply on. A reply may come when the poll is over, because who has asked waits for so long.
func (p *poll) watch(reply *table.Reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.seat = reply.Seat
	p.sub = p.hub.watch(p.sub, p.game, p, p.user, &table.Reply{Seq: reply.Seq, Seat: reply.Seat})
}

// end ends the poll. A player stays a little longer; watchers do not, or each would be counted several times.
func (p *poll) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	switch {
	case p.sub == nil:
	case p.seat == game.NoSeat:
		p.hub.leave(p.sub)
	default:
		time.AfterFunc(pollLinger, func() { p.hub.leave(p.sub) })
	}
}

// getEvents tells the events after one, and waits for one if there is none yet.
func (server *Server) getEvents(w http.ResponseWriter, r *http.Request) {
	id, err := uuid.Parse(r.PathValue("game"))
	if err != nil {
		writeError(w, "", wire.CodeNotFound, game.ErrNotFound.Error())
		return
	}
	user, ok := server.viewer(w, r)
	if !ok {
		return
	}
	asked := r.URL.Query() // not FormValue, which would read a body, of any size
	after, err := strconv.ParseUint(defaultTo(asked.Get("after"), "0"), 10, 64)
	wait, err2 := strconv.ParseUint(defaultTo(asked.Get("wait_ms"), "0"), 10, 31)
	if err != nil || err2 != nil {
		writeError(w, "", wire.CodeBadMessage, "after and wait_ms are whole numbers, 0 or more")
		return
	}
	patience := min(time.Duration(wait)*time.Millisecond, server.config.LongPollMax)
	ctx, cancel := context.WithTimeout(r.Context(), patience+askTimeout)
	defer cancel()
	deadline := time.After(patience)
	p := &poll{hub: server.hub, game: id, user: user, seat: game.NoSeat, news: make(chan struct{}, 1)}
	defer p.end()
	for {
		reply, ok := server.ask(ctx, w, "", id, &table.Look{User: user, After: after, Events: true, Watch: patience > 0}, func(reply *table.Reply) {
			if reply.Code == "" && len(reply.Seen) == 0 && patience > 0 {
				p.watch(reply)
			}
		})
		if !ok {
			return
		}
		if reply.Code != "" {
			writeJSON(w, reply.Code.HTTPStatus(), reply.Frame)
			return
		}
		if len(reply.Seen) > 0 || patience == 0 {
			writeJSON(w, http.StatusOK, eventList(id, reply))
			return
		}
		select {
		case <-p.news:
		case <-deadline:
			patience = 0
		case <-ctx.Done():
			return
		}
	}
}

// eventList writes the frames of a reply as one JSON object.
func eventList(id game.ID, reply *table.Reply) []byte {
	dst := append([]byte(`{"game":"`), id.String()...)
	dst = strconv.AppendUint(append(dst, `","seq":`...), reply.Seq, 10)
	dst = append(dst, `,"events":[`...)
	for i, frame := range reply.Seen {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, bytes.ReplaceAll(frame, []byte{'\n'}, []byte{','})...)
	}
	return append(dst, `]}`...)
}

func defaultTo(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

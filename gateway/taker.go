package gateway

import (
	"bufio"
	"net"
	"net/http"
)

// taker gives the WebSocket library a socket that never blocks for the connection that it takes over from the HTTP server,
// and buffers that are no larger than a session needs.
type taker struct {
	http.ResponseWriter
	config *Config
	gone   func() // of the socket
	socket *socket
}

const (
	readerBytes = 1 << 10 // a message of a player's is smaller
	writerBytes = 256     // for control frames, which have 125 bytes at the most: the others go by the outbox
)

// Hijack hands the connection over.
func (t *taker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	t.socket = newSocket(conn, t.config.OutboundBytes, t.config.WriteTimeout, t.gone)
	reader := buffered.Reader
	if n := reader.Buffered(); n == 0 {
		reader = bufio.NewReaderSize(t.socket, readerBytes)
	} // else the client has not waited for our answer: the library looks for what it has sent in this reader
	return t.socket, bufio.NewReadWriter(reader, bufio.NewWriterSize(t.socket, writerBytes)), nil
}

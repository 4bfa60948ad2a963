package client

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// The same over real sockets and the default transport.
func TestOverTCP(t *testing.T) {
	drop := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer ws.CloseNow()
		go func() {
			if <-drop {
				ws.CloseNow()
			}
		}()
		for {
			_, frame, err := ws.Read(context.Background())
			if err != nil {
				return
			}
			request, err := wire.DecodeRequest(frame)
			if err != nil {
				t.Error(err)
			}
			answer := fmt.Sprintf(`{"type":"ok","re":%q,"seq":1}`, request.ID)
			if request.Type == wire.TypeHello {
				answer = welcome
			}
			if err := ws.Write(context.Background(), websocket.MessageText, []byte(answer)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := Connect(ctx, DefaultConfig(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Resign(ctx, "g"); err != nil {
		t.Error(err)
	}
	drop <- true
	for c.Stats().Connects < 2 {
		if _, err := c.Resign(ctx, "g"); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	close(drop)
}

// BenchmarkIdleClient measures what a Client with an idle connection keeps in memory. The other end is a socket and nothing
// else, so that it counts for less than 1 KiB.
func BenchmarkIdleClient(b *testing.B) {
	const clients = 1000
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var ends []net.Conn
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			ends = append(ends, conn)
			if err := greetByHand(conn); err != nil {
				b.Error(err)
			}
		}
	}()
	var before, after runtime.MemStats
	cfg := DefaultConfig("http://" + listener.Addr().String())
	for b.Loop() {
		settle()
		runtime.ReadMemStats(&before)
		held := make([]*Client, clients)
		for i := range held {
			if held[i], err = Connect(context.Background(), cfg); err != nil {
				b.Fatal(err)
			}
		}
		settle()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/clients, "heap-B/client")
		b.ReportMetric(float64(after.StackInuse-before.StackInuse)/clients, "stack-B/client")
		var closing sync.WaitGroup // the other end does not answer: each takes its time
		for _, c := range held {
			closing.Go(func() { c.Close() })
		}
		closing.Wait()
	}
	listener.Close()
	<-accepted
	for _, end := range ends {
		end.Close()
	}
}

// settle collects what can be: pools are emptied by the second collection, stacks shrink by half at a time.
func settle() {
	for range 4 {
		runtime.GC()
	}
}

// greetByHand plays a server until the welcome.
func greetByHand(conn net.Conn) error {
	reader := bufio.NewReaderSize(conn, 1024)
	request, err := http.ReadRequest(reader)
	if err != nil {
		return err
	}
	sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455, 4.2.2
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Protocol: %s\r\nSec-WebSocket-Accept: %s\r\n\r\n", wire.Subprotocol, base64.StdEncoding.EncodeToString(sum[:]))
	if err != nil {
		return err
	}
	head := make([]byte, 2) // of the frame with hello, which is short
	if _, err := io.ReadFull(reader, head); err != nil {
		return err
	}
	if _, err := reader.Discard(4 + int(head[1]&0x7f)); err != nil {
		return err
	}
	frame := append([]byte{0x81, 126, byte(len(welcome) >> 8), byte(len(welcome))}, welcome...)
	_, err = conn.Write(frame)
	return err
}

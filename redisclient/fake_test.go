package redisclient

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fake is a server of all kinds at once: it is its own sentinel and a cluster of one node. It ends the connection that an
// INCR comes by without an answer, never answers GET hang, and has GET elsewhere moved.
type fake struct {
	net.Listener

	mu     sync.Mutex
	counts map[string]int
	conns  []net.Conn
}

func startFake(t *testing.T) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{Listener: l, counts: make(map[string]int)}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns = append(f.conns, c)
			f.mu.Unlock()
			serving.Go(func() { f.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for _, c := range f.conns {
			c.Close()
		}
		f.mu.Unlock()
		serving.Wait()
	})
	return f
}

func (f *fake) address() string { return f.Addr().String() }

// asked is how often a command has come.
func (f *fake) asked(command string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[command]
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		words, err := readCommand(in)
		if err != nil {
			return
		}
		f.mu.Lock()
		f.counts[strings.ToLower(words[0])]++
		f.mu.Unlock()
		answer := f.answer(words)
		if answer == "" {
			return
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// answer is what is sent back; empty ends the connection.
func (f *fake) answer(words []string) string {
	host, port, _ := net.SplitHostPort(f.address())
	text := func(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }
	switch strings.ToLower(strings.Join(words, " ")) {
	case "ping":
		return "+PONG\r\n"
	case "cluster slots":
		return "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n" + text(host) + ":" + port + "\r\n" + text("id")
	case "sentinel get-master-addr-by-name main":
		return "*2\r\n" + text(host) + text(port)
	case "sentinel sentinels main", "command":
		return "*0\r\n"
	case "get elsewhere":
		return "-MOVED 1 " + f.address() + "\r\n"
	case "get hang":
		return " " // the beginning of nothing
	case "incr count":
		return ""
	}
	return "-ERR unknown command\r\n"
}

// readCommand reads an array of strings (RESP, "Redis serialization protocol specification").
func readCommand(in *bufio.Reader) ([]string, error) {
	n, err := readLength(in, '*')
	words := make([]string, 0, n)
	for range n {
		length, err := readLength(in, '$')
		if err != nil {
			return nil, err
		}
		word := make([]byte, length+2)
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, err
		}
		words = append(words, string(word[:length]))
	}
	return words, err
}

func readLength(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q is no command", line)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

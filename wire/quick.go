package wire

import "encoding/json"

// quickBytesMax is the longest message that is read quickly.
const quickBytesMax = 512

// quickRequest is a Request and what its pointers point to, in one piece of memory.
type quickRequest struct {
	Request
	ply  int
	move string
}

// quick reads a message of the kind that comes all the time: an object of plain strings and whole numbers, under the names
// that a move or a ping has. It returns nil for any other, and for all that is wrong in any way: encoding/json, which takes
// twenty times as long, is the judge of that. What quick reads, it reads as encoding/json would.
func quick(src []byte) *Request {
	if len(src) > quickBytesMax {
		return nil
	}
	// The strings of the request are parts of this one.
	s, r := scanner{text: string(src)}, new(quickRequest)
	if !s.skip('{') {
		return nil
	}
	for more := true; more; more = s.skip(',') {
		name, ok := s.plainString()
		if !ok || !s.skip(':') || !r.read(name, &s) {
			return nil
		}
	}
	if !s.skip('}') || !s.ended() || r.Type == "" {
		return nil
	}
	return &r.Request
}

// read reads the value of a field. It returns false if that is not simply done; so it does for a field that was there
// before, with anything in it.
func (r *quickRequest) read(name string, s *scanner) bool {
	var into *string
	switch name {
	case "type":
		into = &r.Type
	case "id":
		into = &r.ID
	case "game":
		into = &r.Game
	case "what":
		into = &r.What
	case "move":
		into = &r.move
	case "ply":
		n, text := s.plainNumber(9)
		if text == "" || r.Ply != nil {
			return false
		}
		r.ply, r.Ply = n, &r.ply
		return true
	case "sent":
		_, text := s.plainNumber(18)
		if text == "" || r.Sent != nil {
			return false
		}
		r.Sent = json.RawMessage(text)
		return true
	default:
		return false
	}
	text, ok := s.plainString()
	if !ok || *into != "" {
		return false
	}
	if *into = text; into == &r.move {
		r.Move = into
	}
	return true
}

// scanner reads JSON from the front.
type scanner struct {
	text string
	at   int // bytes read
}

// peek passes over white space, and returns the byte after it: 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.text); s.at++ {
		if c := s.text[s.at]; c > ' ' || c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// ended tells whether nothing but white space is left.
func (s *scanner) ended() bool {
	s.peek()
	return s.at == len(s.text)
}

// skip passes over c and white space before it. It returns false if something else is there.
func (s *scanner) skip(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// plainString reads a string of ASCII without escapes.
func (s *scanner) plainString() (text string, ok bool) {
	if !s.skip('"') {
		return "", false
	}
	rest := s.text[s.at:]
	i := 0
	for i < len(rest) && plain[rest[i]] {
		i++
	}
	if i == len(rest) || rest[i] != '"' {
		return "", false
	}
	s.at += i + 1
	return rest[:i], true
}

// plainNumber reads a whole number without a sign, of at most so many digits. text is empty if there is none; n is the
// number if it fits an int, as nine digits do.
func (s *scanner) plainNumber(digitsMax int) (n int, text string) {
	s.peek()
	rest := s.text[s.at:]
	i := 0
	for ; i < len(rest) && i <= digitsMax && rest[i]-'0' <= 9; i++ {
		n = 10*n + int(rest[i]-'0')
	}
	if i > digitsMax || i > 1 && rest[0] == '0' {
		return 0, ""
	}
	s.at += i
	return n, rest[:i]
}

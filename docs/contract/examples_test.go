package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

// assignment is a line of a shell that keeps a field of an answer: NAME=$(curl … | jq -r .field).
var assignment = regexp.MustCompile(`^([A-Z]+)=\$\((curl .*) \| jq -r \.([a-z]+)\)$`)

// TestPageRequests runs every curl of the page, in order, against a server, and expects that each succeeds.
func TestPageRequests(t *testing.T) {
	docs, p := loadDocuments(t), readPage(t)
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, docs, newCoverage(), nil)
		reader := s.stranger("reader")
		variables := make(map[string]string)
		ran := 0
		for _, each := range p.sections {
			for _, block := range each.blocks {
				if block.language != "sh" {
					continue
				}
				for _, line := range strings.Split(strings.ReplaceAll(strings.Join(block.lines, "\n"), "\\\n", " "), "\n") {
					command, keep, field := line, "", ""
					if match := assignment.FindStringSubmatch(line); match != nil {
						keep, command, field = match[1], match[2], match[3]
					}
					if !strings.HasPrefix(command, "curl ") {
						continue
					}
					body := reader.curls(t, command, variables)
					if keep != "" {
						var fields map[string]any
						must(t, json.Unmarshal(body, &fields))
						variables[keep] = fmt.Sprint(fields[field])
					}
					ran++
				}
			}
		}
		if ran < 10 {
			t.Errorf("only %d requests were found", ran)
		}
	})
}

// words splits a line as a shell does, with both kinds of quotes.
var words = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)

// curls does what a command line of curl would, and returns the body of the answer.
func (a *actor) curls(t *testing.T, command string, variables map[string]string) []byte {
	t.Helper()
	c := call{method: http.MethodGet}
	a.bearer = ""
	option := ""
	for _, word := range words.FindAllString(command, -1)[1:] {
		if quote := word[0]; quote != '\'' {
			for name, value := range variables {
				word = strings.ReplaceAll(word, "$"+name, value)
			}
		}
		word = strings.Trim(word, `'"`)
		switch {
		case option == "-X":
			c.method = word
		case option == "-H":
			name, value, _ := strings.Cut(word, ": ")
			switch name {
			case "Authorization":
				a.bearer = strings.TrimPrefix(value, "Bearer ")
			case "Idempotency-Key":
				c.key = value
			default:
				t.Errorf("%s: the header %s is of no use", command, name)
			}
		case option == "-d":
			c.method, c.body = http.MethodPost, word
		case word == "-s":
		case strings.HasPrefix(word, "-"):
			option = word
			continue
		default:
			c.path = strings.TrimPrefix(word, "http://localhost:8080")
		}
		option = ""
	}
	return a.answered(t, command, c)
}

// answered does a call that is to succeed, and returns the body of the answer.
func (a *actor) answered(t *testing.T, what string, c call) []byte {
	t.Helper()
	s := a.stage
	must(t, s.docs.checkCall(c))
	request := s.request(a, c)
	response, err := s.client().Do(request)
	must(t, err)
	defer response.Body.Close()
	got := answer{status: response.StatusCode, header: response.Header}
	got.body, err = readAll(response)
	must(t, err)
	if _, err := s.docs.checkAnswer(c, got); err != nil || got.status != http.StatusOK {
		t.Fatalf("%s\nis answered with %d %s\n%v", what, got.status, got.body, err)
	}
	return got.body
}

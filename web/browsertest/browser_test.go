package browsertest

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/connectfour"
	"github.com/plywire/plywire/game/nim"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/server"
	"github.com/plywire/plywire/web/browsertest/driver"
)

var screenshots = flag.String("screenshots", "", "folder to put pictures of the page into; empty: none")

// browser is shared by all tests, because it takes a second to start. Each test has tabs of its own.
var browser = sync.OnceValues(func() (_ *driver.Browser, err error) {
	started, err = driver.Start(context.Background())
	return started, err
})

var started *driver.Browser // nil: no test has needed it

func TestMain(m *testing.M) {
	code := m.Run()
	if started != nil {
		started.Close()
	}
	os.Exit(code)
}

// open returns so many tabs, or skips the test.
func open(t *testing.T, count int) []*tab {
	t.Helper()
	b, err := browser()
	if errors.Is(err, driver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	tabs := make([]*tab, count)
	for i := range tabs {
		made, err := b.NewTab()
		if err != nil {
			t.Fatal(err)
		}
		tabs[i] = &tab{t, made}
		t.Cleanup(func() {
			if err := made.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		faults, err := b.Faults()
		if err != nil {
			t.Error(err)
		}
		for _, fault := range faults {
			if !strings.Contains(fault, "WebSocket connection") { // what a browser says when a server is away
				t.Errorf("the browser complains: %s", fault)
			}
		}
	})
	return tabs
}

// serve starts a server that keeps everything in memory until the test ends, and returns its URL.
func serve(t *testing.T) string {
	t.Helper()
	config := configured(t.TempDir())
	config.Memory = true
	s := start(t, config)
	t.Cleanup(func() { stop(t, s) })
	return s.URL()
}

// matches is Nim under a name that the page does not know.
type matches struct{ nim.Rules }

func (matches) Name() string { return "matches" }

func configured(folder string) server.Config {
	registry := game.NewRegistry(chess.Rules{}, connectfour.Rules{}, nim.Rules{}, rps.Rules{}, matches{})
	config := server.DefaultConfig(registry, folder)
	config.Listen, config.Admin = "127.0.0.1:0", ""
	config.Gateway.Node = "browsertest"
	config.Gateway.DrainWithin = 100 * time.Millisecond
	config.Store.Shards = 4
	return config
}

func start(t *testing.T, config server.Config) *server.Server {
	t.Helper()
	s, err := server.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stop(t *testing.T, s *server.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// tab is a tab whose faults end the test.
type tab struct {
	t *testing.T
	*driver.Tab
}

func (p *tab) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) open(url string)             { p.t.Helper(); p.must(p.Open(url)) }
func (p *tab) click(selector string)       { p.t.Helper(); p.must(p.Click(selector)) }
func (p *tab) see(selector, text string)   { p.t.Helper(); p.must(p.WaitText(selector, text)) }
func (p *tab) wait(expression string)      { p.t.Helper(); p.must(p.Wait(expression)) }
func (p *tab) enter(selector, text string) { p.t.Helper(); p.must(p.Type(selector, text)) }
func (p *tab) keys(keys ...string)         { p.t.Helper(); p.must(p.Keys(keys...)) }

func (p *tab) text(selector string) string {
	p.t.Helper()
	text, err := p.Text(selector)
	p.must(err)
	return text
}

func (p *tab) number(expression string) int {
	p.t.Helper()
	var n int
	p.must(p.Eval(expression, &n))
	return n
}

// choose chooses one of the values of a question of the start screen.
func (p *tab) choose(name, value string) {
	p.t.Helper()
	p.click(`label:has(> input[name="` + name + `"][value="` + value + `"])`)
}

// create creates a game on the start screen and returns its link.
func (p *tab) create(url, rules, seat string) (link string) {
	p.t.Helper()
	p.open(url)
	p.choose("rules", rules)
	if seat != "" {
		p.choose("seat", seat)
	}
	p.click("#create")
	p.wait(`document.querySelector("#invite-link").value`)
	p.must(p.Eval(`document.querySelector("#invite-link").value`, &link))
	return link
}

// begin has the first tab create a game and the second one join it.
func begin(t *testing.T, url, rules, seat string, tabs ...*tab) (link string) {
	t.Helper()
	link = tabs[0].create(url, rules, seat)
	tabs[1].open(link)
	tabs[1].click("[id^=join-]")
	for _, p := range tabs[:2] {
		p.wait(`document.querySelector("#table").dataset.status === "playing"`)
	}
	return link
}

func square(name string) string { return `[data-square="` + name + `"]` }

// play makes chess moves by clicks, in turn, beginning with the first tab.
func play(moves string, tabs ...*tab) {
	for i, move := range strings.Fields(moves) {
		p := tabs[i%2]
		p.t.Helper()
		p.see("#turn", "Your move")
		p.click(square(move[:2]))
		p.click(square(move[2:4]))
	}
}

// picture saves what a tab shows, if pictures are wanted.
func (p *tab) picture(name string) {
	p.t.Helper()
	if *screenshots == "" {
		return
	}
	p.must(p.Eval(`Promise.allSettled(document.getAnimations().map((each) => each.finished)).then(() => null)`, nil))
	png, err := p.Screenshot()
	p.must(err)
	p.must(os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644))
}

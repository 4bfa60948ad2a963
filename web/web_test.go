package web

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestHandler(t *testing.T) {
	tests := map[string]struct {
		status int
		kind   string
		has    string
	}{
		"/":                   {http.StatusOK, "text/html; charset=utf-8", "<title>Plywire</title>"},
		"/?game=abc":          {http.StatusOK, "text/html; charset=utf-8", "<title>Plywire</title>"},
		"/app.js":             {http.StatusOK, "text/javascript; charset=utf-8", "claimTab"},
		"/rules/chess.js":     {http.StatusOK, "text/javascript; charset=utf-8", "FEN"},
		"/style.css":          {http.StatusOK, "text/css; charset=utf-8", "--ground"},
		"/favicon.svg":        {http.StatusOK, "image/svg+xml", "<svg"},
		"/rules":              {http.StatusNotFound, "text/plain; charset=utf-8", ""},
		"/rules/":             {http.StatusNotFound, "text/plain; charset=utf-8", ""},
		"/plain/app.js":       {http.StatusNotFound, "text/plain; charset=utf-8", ""},
		"/web.go":             {http.StatusNotFound, "text/plain; charset=utf-8", ""},
		"/rules/../../web.go": {http.StatusNotFound, "text/plain; charset=utf-8", ""},
	}
	for target, want := range tests {
		t.Run(target, func(t *testing.T) {
			response := get(t, target)
			if response.StatusCode != want.status || response.Header.Get("Content-Type") != want.kind {
				t.Errorf("%d, %s; want %d, %s", response.StatusCode, response.Header.Get("Content-Type"), want.status, want.kind)
			}
			if !strings.Contains(body(t, response), want.has) {
				t.Errorf("it does not have %q", want.has)
			}
			if got := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; script-src 'self';") {
				t.Errorf("policy is %q", got)
			}
			if response.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Error("browsers may guess the type")
			}
		})
	}
}

func TestNotModified(t *testing.T) {
	tag := get(t, "/app.js").Header.Get("ETag")
	if response := get(t, "/app.js", "If-None-Match", tag); response.StatusCode != http.StatusNotModified || body(t, response) != "" {
		t.Errorf("with its own tag %s: %s", tag, response.Status)
	}
	if response := get(t, "/step.js", "If-None-Match", tag); response.StatusCode != http.StatusOK {
		t.Errorf("with the tag of another file: %s", response.Status)
	}
}

// walk calls f with each file of the page.
func walk(t *testing.T, f func(name, content string)) {
	t.Helper()
	err := fs.WalkDir(files, "plain", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		f(name, string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What the policy forbids would fail in the browser without a word.
func TestNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`<style|\sstyle=|<script(>|[^>]*>\s*[^<\s])|\son[a-z]+=|javascript:|https?://[^"\s]*\.(js|css)`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("style"`)
	walk(t, func(name, content string) {
		if path.Ext(name) == ".html" {
			if found := inline.FindString(content); found != "" {
				t.Errorf("%s has %q", name, found)
			}
		}
		if path.Ext(name) == ".js" {
			if found := markup.FindString(content); found != "" {
				t.Errorf("%s has %q", name, found)
			}
		}
	})
}

// A module that is misspelt or left over would be noticed only where it is used, or never.
func TestModulesAreThereAndUsed(t *testing.T) {
	imported := regexp.MustCompile(`(?m)^(?:import|export) [^;]*?from "(\.[^"]+)";`)
	linked := regexp.MustCompile(`(?:src|href)="([^"/#][^"]*)"`)
	used := map[string]bool{"plain/index.html": true}
	there := map[string]bool{}
	walk(t, func(name, content string) {
		there[name] = true
		references := imported
		if path.Ext(name) == ".html" {
			references = linked
		}
		for _, match := range references.FindAllStringSubmatch(content, -1) {
			used[path.Join(path.Dir(name), match[1])] = true
		}
	})
	for name := range used {
		if !there[name] {
			t.Errorf("%s is used, but is not there", name)
		}
	}
	for name := range there {
		if !used[name] {
			t.Errorf("%s is there, but nothing uses it", name)
		}
	}
	if len(there) < 20 {
		t.Errorf("%d files: the test looks in the wrong place", len(there))
	}
}

// Package web is the page that the server shows: a plain one, on which people can play in two browser tabs.
//
// It must know nothing but the protocol.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed plain
var files embed.FS

// policy lets the page load from this server alone, and connect to it alone. Nothing inline is ever run, and no text can
// become markup (Content Security Policy Level 3, Trusted Types). 'self' stands for the WebSocket, too.
var policy = strings.Join([]string{
	"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
	"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
}, "; ")

// kinds are the media types by extension. What a system's own table says may differ, and a browser that must not guess
// runs no module of another type.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
}

// Handler serves the page at / and what belongs to it. Anything else is 404.
func Handler() http.Handler {
	plain, err := fs.Sub(files, "plain")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	served := filesOf(plain)
	serve := http.FileServerFS(plain)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		file, known := served[r.URL.Path]
		if !known {
			http.NotFound(w, r)
			return
		}
		// A browser asks each time, and gets no more than it has not got: page and modules are always of one version.
		header.Set("Cache-Control", "no-cache")
		header.Set("ETag", file.tag)
		header.Set("Content-Type", file.kind)
		serve.ServeHTTP(w, r)
	})
}

// file is what a browser is told of a file.
type file struct{ kind, tag string }

// filesOf lists the files by their paths, with / for index.html.
func filesOf(plain fs.FS) map[string]file {
	served := make(map[string]file)
	err := fs.WalkDir(plain, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(plain, name)
		sum := sha256.Sum256(content)
		served["/"+strings.TrimSuffix(name, "index.html")] = file{kinds[path.Ext(name)], `"` + hex.EncodeToString(sum[:12]) + `"`}
		return err
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return served
}

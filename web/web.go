// Package web is the page that the server shows: a plain one, on which people can play in two browser tabs.
//
// It must know nothing but the protocol.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed plain
var files embed.FS

// Handler serves the page.
func Handler() http.Handler {
	plain, err := fs.Sub(files, "plain")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	serve := http.FileServerFS(plain)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self'; script-src 'self'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}

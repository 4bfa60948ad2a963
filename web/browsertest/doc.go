// Package browsertest plays on the server's page in a real browser. It has nothing but tests; they are skipped where there
// is no browser.
package browsertest

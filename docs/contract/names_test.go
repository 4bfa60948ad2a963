package contract

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/wire"
)

// names are the vocabulary of the protocol as the server's source has it.
type names struct {
	requests, messages []string // types
	codes              []string
	closes             []int
	reasons            []string
	routes             []string // "POST /v1/games/{game}/moves"
}

// readNames reads the vocabulary, so that what is new there is missed in the documents.
func readNames(t *testing.T) names {
	t.Helper()
	var n names
	vocabulary := constants(t, "wire")
	for _, name := range sortedKeys(vocabulary) {
		value := vocabulary[name]
		text, err := strconv.Unquote(value)
		switch {
		case strings.HasPrefix(name, "Type") && err == nil && wire.Known(text):
			n.requests = append(n.requests, text)
		case strings.HasPrefix(name, "Type") && err == nil:
			n.messages = append(n.messages, text)
		case strings.HasPrefix(name, "Code") && err == nil:
			n.codes = append(n.codes, text)
		case strings.HasPrefix(name, "Close"):
			code, err := strconv.Atoi(value)
			must(t, err)
			n.closes = append(n.closes, code)
		}
	}
	for kind := game.EventKind(1); kind.String() != "unknown"; kind++ {
		n.messages = append(n.messages, kind.String())
	}
	endings := constants(t, "game")
	for _, name := range sortedKeys(endings) {
		if strings.HasPrefix(name, "Reason") {
			text, err := strconv.Unquote(endings[name])
			must(t, err)
			n.reasons = append(n.reasons, text)
		}
	}
	n.routes = readRoutes(t)
	for what, least := range map[string][2]int{"requests": {len(n.requests), 15}, "messages": {len(n.messages), 19}, "codes": {len(n.codes), 19},
		"close codes": {len(n.closes), 8}, "reasons": {len(n.reasons), 14}, "routes": {len(n.routes), 17}} {
		if least[0] < least[1] {
			t.Fatalf("only %d %s are found in the source, want at least %d: are they written in another way now?", least[0], what, least[1])
		}
	}
	return n
}

// parse reads the Go files of a room, without its tests.
func parse(t *testing.T, room string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", room, "*.go"))
	must(t, err)
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		must(t, err)
		files = append(files, file)
	}
	if len(files) == 0 {
		t.Fatal(fs.ErrNotExist, room)
	}
	return files
}

// constants are the constants of a room that have a literal for a value, and that literal.
func constants(t *testing.T, room string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, file := range parse(t, room) {
		for _, declaration := range file.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				for i, name := range value.Names {
					if i < len(value.Values) {
						if literal, ok := value.Values[i].(*ast.BasicLit); ok {
							found[name.Name] = literal.Value
						}
					}
				}
			}
		}
	}
	return found
}

// readRoutes lists what the gateway's mux serves: the patterns it is given, with the commands that one of them stands for.
func readRoutes(t *testing.T) []string {
	t.Helper()
	var patterns, commands []string
	for _, file := range parse(t, "gateway") {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				method, ok := node.Fun.(*ast.SelectorExpr)
				if ok && (method.Sel.Name == "HandleFunc" || method.Sel.Name == "Handle") && len(node.Args) == 2 {
					pattern, err := strconv.Unquote(node.Args[0].(*ast.BasicLit).Value)
					must(t, err)
					patterns = append(patterns, pattern)
				}
			case *ast.ValueSpec:
				if node.Names[0].Name != "commands" || len(node.Values) != 1 {
					return true
				}
				for _, each := range node.Values[0].(*ast.CompositeLit).Elts {
					command, err := strconv.Unquote(each.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
					must(t, err)
					commands = append(commands, command)
				}
			}
			return true
		})
	}
	var routes []string
	for _, pattern := range patterns {
		switch {
		case strings.HasSuffix(pattern, "/"):
			// What nothing else serves.
		case strings.HasSuffix(pattern, "/{command}"):
			for _, command := range commands {
				routes = append(routes, strings.TrimSuffix(pattern, "{command}")+command)
			}
		default:
			routes = append(routes, pattern)
		}
	}
	return routes
}

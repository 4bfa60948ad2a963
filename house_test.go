// The shape of the house: what may know what, and how large a thing may be. These tests read the source. When one fails,
// either the change is wrong or the drawing in docs/architecture.md is: mend whichever it is.
package plywire_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const module = "github.com/plywire/plywire/"

// arrows go down. A room is a folder and all below it, unless a longer entry names a part of it. Every room may import what
// its entry lists, itself, and libraries other than those of banned.
var arrows = []struct {
	room string
	may  []string
	why  string
}{
	{"game", nil, "the ground floor knows nothing of ours"},
	{"game/chess", []string{"game"}, "a kind of game knows what a game is"},
	{"game/connectfour", []string{"game"}, "a kind of game knows what a game is"},
	{"game/nim", []string{"game"}, "a kind of game knows what a game is"},
	{"game/rps", []string{"game"}, "a kind of game knows what a game is"},
	{"game/rulestest", []string{"game"}, "the test of rules knows what a game is"},
	{"wire", nil, "the vocabulary knows nothing of who speaks it"},
	{"shard", nil, "a shard knows nothing of what its actors mean"},
	{"shard/localstore", []string{"shard", "shard/values"}, "a store knows the contract, and no other store"},
	{"shard/redisstore", []string{"shard", "shard/values", "redisclient"}, "a store knows the contract, and no other store"},
	{"shard/redisstore/redistest", []string{"loadtest/process"}, "a server for tests is a process"},
	{"cluster", []string{"shard", "cluster/link"}, "who serves a shard has nothing to do with what it means"},
	{"cluster/link", nil, "a link knows nothing of what it carries"},
	{"cluster/redisregistry", []string{"cluster", "redisclient"}, "a registry knows the contract"},
	{"cluster/twinregistry", []string{"cluster"}, "a registry knows the contract"},
	{"cluster/registrytest", []string{"cluster"}, "the conformance suite knows the contract"},
	{"redisclient", nil, "how Redis is reached has nothing to do with what is kept there"},
	{"shard/values", []string{"shard"}, "what is written knows nothing of where"},
	{"shard/twinstore", []string{"shard"}, "a store knows the contract, and no other store"},
	{"shard/storetest", []string{"shard"}, "the conformance suite knows the contract"},
	{"table", []string{"game", "shard", "wire"}, "a table seats a game at the wire, in a shard"},
	{"gateway", []string{"game", "shard", "table", "wire", "gateway/auth"}, "sessions reach games through the shard's contract, whatever store is below"},
	{"gateway/auth", nil, "who somebody is has nothing to do with what is played"},
	{"client", []string{"wire"}, "a client knows the protocol and nothing of the server"},
	{"loadtest", []string{"client", "wire", "game"}, "players see what clients see"},
	{"loadtest/crashtest", []string{"client", "wire", "shard", "loadtest", "loadtest/process"}, "who kills a server sees what clients see, starts it again, and knows which games were its"},
	{"loadtest/process", nil, "a process is known by its command line and what it answers"},
	{"bench", []string{"bench/relay", "bench/swarm", "loadtest/process", "wire"}, "a measurement sees what clients and operators see"},
	{"bench/relay", nil, "the yardstick knows nothing"},
	{"bench/swarm", nil, "a swarm knows nothing of what it says"},
	{"mutation", nil, "a fault in the source is a text"},
	{"simulation", []string{"game", "game/chess", "game/connectfour", "game/nim", "game/rps", "shard", "shard/twinstore", "table", "wire"}, "a whole node in one goroutine has no socket and no disk"},
	{"admin", nil, "who runs a cluster sees what is said over HTTP"},
	{"web", nil, "the page knows the protocol, which is not Go"},
	{"server", []string{"admin", "cluster", "cluster/link", "cluster/redisregistry", "redisclient", "game", "gateway", "gateway/auth", "shard", "shard/localstore", "shard/redisstore", "shard/twinstore", "table", "web"}, "the server puts the rooms together"},
	{"cmd", []string{"*"}, "the command line names everything and decides nothing"},
	{"docs", nil, "documents are not imported"},
}

// banned are imports and calls that a room must do without.
var banned = []struct{ room, what, because string }{
	{"game", "time.Now", "a game is told the time"},
	{"game", "time.Since", "a game is told the time"},
	{"game", "time.AfterFunc", "a game has no timer"},
	{"game", "net", "a game knows no network"},
	{"game", "net/http", "a game knows no network"},
	{"game", "os", "a game does no input or output"},
	{"game", "math/rand", "chance comes from the seed"},
	{"game", "math/rand/v2", "chance comes from the seed"},
	{"game", "crypto/rand", "chance comes from the seed"},
	{"game", "sync", "a game belongs to one goroutine at a time"},
	{"game", "github.com/rs/zerolog", "a game does not log"},
	{"shard", "net", "a shard knows no network"},
	{"table", "net", "a table knows no network"},
	{"table", "time.Now", "a table is told the time"},
	{"simulation", "time.Now", "a seed does the same again at any time"},
	{"simulation", "math/rand", "chance comes from the seed"},
	{"simulation", "crypto/rand", "chance comes from the seed"},
	{"simulation", "net", "the network is simulated"},
	{"wire", "net", "the vocabulary knows no socket"},
}

// source is one Go file.
type source struct {
	path string // from the root, with slashes
	room string
	file *ast.File
	text []byte
	test bool
}

func readHouse(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	files := token.NewFileSet()
	var all []source
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "data" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(files, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		all = append(all, source{path: path, room: filepath.ToSlash(filepath.Dir(path)), file: file, text: text, test: strings.HasSuffix(path, "_test.go")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d Go files were found", len(all))
	}
	return files, all
}

// rule is the longest entry of arrows that covers the room.
func rule(room string) (may []string, why string, known bool) {
	best := -1
	for i, arrow := range arrows {
		if (room == arrow.room || strings.HasPrefix(room, arrow.room+"/")) && (best < 0 || len(arrow.room) > len(arrows[best].room)) {
			best = i
		}
	}
	if best < 0 {
		return nil, "", false
	}
	return arrows[best].may, arrows[best].why, true
}

func TestArrowsGoDown(t *testing.T) {
	_, all := readHouse(t)
	for _, source := range all {
		if source.test || source.room == "." {
			continue
		}
		may, why, known := rule(source.room)
		if !known {
			t.Errorf("%s: the room %s is not in the drawing", source.path, source.room)
			continue
		}
		for _, spec := range source.file.Imports {
			target, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
			if ours && target != source.room && !strings.HasPrefix(source.room, target+"/") && !slices.Contains(may, target) && !slices.Contains(may, "*") {
				t.Errorf("%s imports %s: %s", source.path, target, why)
			}
		}
	}
}

func TestBanned(t *testing.T) {
	_, all := readHouse(t)
	for _, source := range all {
		if source.test || source.room == "game/rulestest" {
			continue
		}
		for _, ban := range banned {
			if source.room != ban.room && !strings.HasPrefix(source.room, ban.room+"/") || ban.room == "shard" && source.room != "shard" {
				continue
			}
			for _, spec := range source.file.Imports {
				if strings.Trim(spec.Path.Value, `"`) == ban.what {
					t.Errorf("%s imports %s: %s", source.path, ban.what, ban.because)
				}
			}
			ast.Inspect(source.file, func(node ast.Node) bool {
				if selector, ok := node.(*ast.SelectorExpr); ok {
					if left, ok := selector.X.(*ast.Ident); ok && left.Name+"."+selector.Sel.Name == ban.what {
						t.Errorf("%s uses %s: %s", source.path, ban.what, ban.because)
					}
				}
				return true
			})
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	_, all := readHouse(t)
	comments := map[string]int{}
	for _, source := range all {
		if source.test {
			continue
		}
		comments[source.room] += 0
		if source.file.Doc != nil {
			comments[source.room]++
		}
	}
	for room, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments, want one", room, n)
		}
	}
}

const (
	fileLinesMax     = 400
	functionLinesMax = 70
)

func TestNothingIsTooLong(t *testing.T) {
	files, all := readHouse(t)
	for _, source := range all {
		if source.test {
			continue
		}
		if lines := strings.Count(string(source.text), "\n"); lines > fileLinesMax {
			t.Errorf("%s has %d lines, want at most %d: there is a second idea in it", source.path, lines, fileLinesMax)
		}
		for _, declaration := range source.file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := files.Position(function.End()).Line - files.Position(function.Pos()).Line + 1
			if lines > functionLinesMax {
				t.Errorf("%s: %s has %d lines, want at most %d", source.path, function.Name.Name, lines, functionLinesMax)
			}
		}
	}
}

func TestWhatIsExportedIsExplained(t *testing.T) {
	_, all := readHouse(t)
	for _, source := range all {
		if source.test || source.file.Name.Name == "main" {
			continue
		}
		for _, declaration := range source.file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					t.Errorf("%s: %s has no comment", source.path, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if typ, ok := spec.(*ast.TypeSpec); ok && typ.Name.IsExported() && d.Doc == nil && typ.Doc == nil {
						t.Errorf("%s: type %s has no comment", source.path, typ.Name.Name)
					}
				}
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}

func TestWords(t *testing.T) {
	_, all := readHouse(t)
	unwanted := []string{"manager", "helper", "util", "common", "base", "impl", "data", "info", "pkg", "misc"}
	for _, source := range all {
		for _, part := range strings.Split(strings.TrimSuffix(source.path, ".go"), "/") {
			for _, word := range unwanted {
				if part == word || part == word+"s" || strings.TrimSuffix(part, "_test") == word {
					t.Errorf("%s: the name %q says nothing", source.path, part)
				}
			}
		}
		ast.Inspect(source.file, func(node ast.Node) bool {
			if typ, ok := node.(*ast.TypeSpec); ok {
				words := camelWords(typ.Name.Name)
				if last := words[len(words)-1]; slices.Contains(unwanted[:3], last) {
					t.Errorf("%s: type %s: the word %q says nothing", source.path, typ.Name.Name, last)
				}
			}
			return true
		})
	}
}

func camelWords(name string) []string {
	var words []string
	for len(name) > 0 {
		_, first := utf8.DecodeRuneInString(name)
		end := strings.IndexFunc(name[first:], unicode.IsUpper)
		if end < 0 {
			return append(words, strings.ToLower(name))
		}
		words = append(words, strings.ToLower(name[:first+end]))
		name = name[first+end:]
	}
	return words
}

// TestErrorTableIsTotal checks that every error of a game has a code of the protocol.
func TestErrorTableIsTotal(t *testing.T) {
	_, all := readHouse(t)
	errors, mapped := map[string]bool{}, map[string]bool{}
	for _, source := range all {
		switch {
		case source.test:
		case source.room == "game":
			for name := range sentinels(source.file) {
				errors[name] = true
			}
		case source.room == "table":
			ast.Inspect(source.file, func(node ast.Node) bool {
				if pair, ok := node.(*ast.CompositeLit); ok && len(pair.Elts) == 2 {
					if selector, ok := pair.Elts[0].(*ast.SelectorExpr); ok {
						mapped[selector.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	if len(errors) < 10 {
		t.Fatalf("only %d errors were found", len(errors))
	}
	for name := range errors {
		if !mapped[name] {
			t.Errorf("game.%s has no code in table's list", name)
		}
	}
}

// sentinels are the names of the file's variables that begin with Err.
func sentinels(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, declaration := range file.Decls {
		d, ok := declaration.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, spec := range d.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				if strings.HasPrefix(name.Name, "Err") {
					names[name.Name] = true
				}
			}
		}
	}
	return names
}

// TestNoTestHopes checks that no test sleeps and hopes: a test waits for what it needs, or moves a clock of its own.
func TestNoTestHopes(t *testing.T) {
	_, all := readHouse(t)
	for _, source := range all {
		if !source.test || source.path == "house_test.go" || strings.HasSuffix(source.path, "bench_test.go") {
			continue
		}
		bubble := slices.ContainsFunc(source.file.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"testing/synctest"` })
		if !bubble && strings.Contains(string(source.text), "time.Sleep(") {
			t.Errorf("%s sleeps outside of a synctest bubble", source.path)
		}
	}
}

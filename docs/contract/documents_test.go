package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/plywire/plywire/wire"
)

// documents are the published descriptions of the protocol, and their schemas with unknown fields refused.
type documents struct {
	async, open map[string]any
	compiler    *jsonschema.Compiler
	byType      map[string]*jsonschema.Schema // of the messages
	requests    map[string]bool               // the types that the server receives
	routes      []route
	compiled    map[string]*jsonschema.Schema // by location
}

// route is one operation of openapi.yaml.
type route struct {
	method, path string
	pattern      *regexp.Regexp
	item         map[string]any
}

// Where the documents are, as the compiler names them.
const (
	asyncURL = "file:///asyncapi.json"
	openURL  = "file:///openapi.json"
)

func loadDocuments(t *testing.T) *documents {
	t.Helper()
	d := &documents{async: readYAML(t, "asyncapi.yaml"), open: readYAML(t, "openapi.yaml"),
		byType: make(map[string]*jsonschema.Schema), requests: make(map[string]bool), compiled: make(map[string]*jsonschema.Schema)}
	d.compiler = jsonschema.NewCompiler()
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	must(t, d.compiler.AddResource(asyncURL, strict(d.async)))
	must(t, d.compiler.AddResource(openURL, strict(d.open)))
	for name := range object(d.async, "components", "schemas") {
		schema, err := d.schema(asyncURL, "components", "schemas", name)
		must(t, err)
		if kind := typeOf(object(d.async, "components", "schemas", name)); kind != "" {
			d.byType[kind] = schema
		}
	}
	for name, operation := range object(d.async, "operations") {
		op := operation.(map[string]any)
		if op["action"] != "receive" {
			continue
		}
		for _, message := range list(op["messages"]) {
			ref, _ := message.(map[string]any)["$ref"].(string)
			kind := ref[strings.LastIndexByte(ref, '/')+1:]
			if d.requests[kind] {
				t.Errorf("asyncapi.yaml: %s is in more than one operation, %s among them", kind, name)
			}
			d.requests[kind] = true
		}
	}
	for path, item := range object(d.open, "paths") {
		for method, operation := range item.(map[string]any) {
			if method == "parameters" {
				continue
			}
			pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)
			d.routes = append(d.routes, route{strings.ToUpper(method), path, regexp.MustCompile("^" + pattern + "$"), operation.(map[string]any)})
		}
	}
	return d
}

// readYAML reads a document as what JSON would have been.
func readYAML(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	must(t, err)
	var tree map[string]any
	must(t, yaml.Unmarshal(text, &tree))
	text, err = json.Marshal(tree)
	must(t, err)
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	must(t, err)
	return plain.(map[string]any)
}

// strict is a copy of a tree in which objects with properties may have no others.
func strict(tree any) any {
	switch node := tree.(type) {
	case map[string]any:
		copied := make(map[string]any, len(node)+1)
		for key, value := range node {
			copied[key] = strict(value)
		}
		_, has := node["properties"].(map[string]any)
		if _, said := node["additionalProperties"]; has && !said && node["type"] == "object" {
			copied["additionalProperties"] = false
		}
		return copied
	case []any:
		copied := make([]any, len(node))
		for i := range node {
			copied[i] = strict(node[i])
		}
		return copied
	}
	return tree
}

// schema is the one at a place of a document.
func (d *documents) schema(document string, keys ...string) (*jsonschema.Schema, error) {
	location := document + "#"
	for _, key := range keys {
		location += "/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
	}
	if schema := d.compiled[location]; schema != nil {
		return schema, nil
	}
	schema, err := d.compiler.Compile(location)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", location, err)
	}
	d.compiled[location] = schema
	return schema, nil
}

// object is the object at a place of a tree; nil if there is none.
func object(tree map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		tree, _ = tree[key].(map[string]any)
	}
	return tree
}

func list(value any) []any {
	items, _ := value.([]any)
	return items
}

// typeOf is the type of message that a schema is of; empty if it is of none.
func typeOf(schema map[string]any) string {
	kind, _ := object(schema, "properties", "type")["const"].(string)
	return kind
}

// check holds one message against the schema of its type.
func (d *documents) check(message []byte) (kind string, err error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(message))
	if err != nil {
		return "", fmt.Errorf("not JSON: %w", err)
	}
	fields, _ := value.(map[string]any)
	kind, _ = fields["type"].(string)
	schema := d.byType[kind]
	if schema == nil {
		return kind, fmt.Errorf("no schema is of type %q", kind)
	}
	return kind, schema.Validate(value)
}

// checkRequest says why the documents do not allow a client to send that.
func (d *documents) checkRequest(message []byte) (kind string, err error) {
	kind, err = d.check(message)
	if err == nil && !d.requests[kind] {
		err = fmt.Errorf("%s is not a client's to send", kind)
	}
	return kind, err
}

// checkMessage says why the documents do not allow the server to send that.
func (d *documents) checkMessage(message []byte) (*wire.Message, error) {
	m := new(wire.Message)
	kind, err := d.check(message)
	if err == nil && d.requests[kind] {
		err = fmt.Errorf("%s is not the server's to send", kind)
	}
	if err == nil {
		err = json.Unmarshal(message, m)
	}
	return m, err
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

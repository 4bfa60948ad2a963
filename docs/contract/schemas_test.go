package contract

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// resolve is what a reference within a document points to; nil if it points nowhere.
func (d *documents) resolve(document map[string]any, ref string) map[string]any {
	path, inside := strings.CutPrefix(ref, "#/")
	if !inside {
		return nil
	}
	keys := strings.Split(path, "/")
	for i := range keys {
		keys[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(keys[i])
	}
	return object(document, keys...)
}

// walk visits every object of a tree.
func walk(tree any, path string, visit func(path string, node map[string]any)) {
	switch node := tree.(type) {
	case map[string]any:
		visit(path, node)
		for _, key := range sortedKeys(node) {
			walk(node[key], path+"/"+key, visit)
		}
	case []any:
		for _, each := range node {
			walk(each, path, visit)
		}
	}
}

// TestReferences checks that every reference of both documents leads somewhere, and that nothing stands beside it, where
// some readers would not see it.
func TestReferences(t *testing.T) {
	docs := loadDocuments(t)
	for name, document := range map[string]map[string]any{"asyncapi.yaml": docs.async, "openapi.yaml": docs.open} {
		found := 0
		walk(document, "", func(path string, node map[string]any) {
			ref, is := node["$ref"].(string)
			if !is {
				return
			}
			found++
			if docs.resolve(document, ref) == nil {
				t.Errorf("%s: %s refers to %s, which is not there", name, path, ref)
			}
			if len(node) > 1 {
				t.Errorf("%s: %s has something beside its reference", name, path)
			}
		})
		if found < 100 {
			t.Errorf("%s: only %d references were found", name, found)
		}
	}
}

// keywords are those that mean the same in JSON Schema draft 7, which AsyncAPI goes by, and in 2020-12, which OpenAPI does.
var keywords = []string{"$ref", "additionalProperties", "const", "description", "enum", "format", "items", "maxItems", "maxLength",
	"maximum", "minItems", "minLength", "minimum", "oneOf", "pattern", "properties", "required", "type"}

// TestSchemas compiles every schema as both drafts, and sees to it that they read it alike.
func TestSchemas(t *testing.T) {
	docs := loadDocuments(t)
	for url, document := range map[string]map[string]any{asyncURL: docs.async, openURL: docs.open} {
		schemas := object(document, "components", "schemas")
		for _, draft := range []*jsonschema.Draft{jsonschema.Draft7, jsonschema.Draft2020} {
			compiler := jsonschema.NewCompiler()
			compiler.DefaultDraft(draft)
			must(t, compiler.AddResource(url, document))
			for name, schema := range schemas {
				if _, err := compiler.Compile(url + "#/components/schemas/" + name); err != nil {
					t.Errorf("%s, %v: %v", name, draft, err)
				}
				checkKeywords(t, name, schema.(map[string]any))
			}
		}
	}
}

func checkKeywords(t *testing.T, path string, schema map[string]any) {
	t.Helper()
	for keyword, value := range schema {
		if !slices.Contains(keywords, keyword) {
			t.Errorf("%s has %s, which the drafts may not read alike", path, keyword)
		}
		switch value := value.(type) {
		case map[string]any:
			if keyword != "properties" {
				checkKeywords(t, path+"/"+keyword, value)
				continue
			}
			for name, property := range value {
				checkKeywords(t, path+"."+name, property.(map[string]any))
			}
		case []any:
			for _, each := range value {
				if each, ok := each.(map[string]any); ok {
					checkKeywords(t, path+"/"+keyword, each)
				}
			}
		}
	}
	// A field that may be left out is left out of required, and one that is required is a field.
	for _, field := range list(schema["required"]) {
		if _, is := object(schema, "properties")[field.(string)]; !is {
			t.Errorf("%s requires %v, which is not a field", path, field)
		}
	}
}

// TestUnknownFieldsAreAllowed checks that what is published refuses no field that a later version may add, other than the
// copy that these tests go by.
func TestUnknownFieldsAreAllowed(t *testing.T) {
	docs := loadDocuments(t)
	refused := 0
	walk(strict(docs.async), "", func(_ string, node map[string]any) {
		if node["additionalProperties"] == false {
			refused++
		}
	})
	walk(docs.async, "", func(path string, node map[string]any) {
		if node["additionalProperties"] == false {
			t.Errorf("%s allows no further fields", path)
		}
	})
	if objects := len(docs.byType); refused < objects {
		t.Errorf("the strict copy has %d strict objects for %d messages", refused, objects)
	}
	if err := func() error { _, err := docs.check([]byte(`{"type":"ping","colour":"red"}`)); return err }(); err == nil {
		t.Error("the strict copy allows an unknown field")
	}
}

// Where the schemas begin in one document, and the remark behind which they are copied to in the other.
const (
	schemasFrom = "\n  schemas:\n"
	schemasTo   = "    # All below is copied from asyncapi.yaml by `go test ./docs/contract -update`: change it there.\n"
)

// TestSchemasAreCopied keeps the schemas that both documents have word for word the same, so that each document stands alone.
func TestSchemasAreCopied(t *testing.T) {
	async, err := os.ReadFile(filepath.Join("..", "asyncapi.yaml"))
	must(t, err)
	open, err := os.ReadFile(filepath.Join("..", "openapi.yaml"))
	must(t, err)
	_, schemas, found := strings.Cut(string(async), schemasFrom)
	before, copied, found2 := strings.Cut(string(open), schemasTo)
	if !found || !found2 {
		t.Fatal("the schemas of asyncapi.yaml or their place in openapi.yaml are not found")
	}
	if copied != schemas && !*update {
		t.Fatal("openapi.yaml has other schemas than asyncapi.yaml: run go test ./docs/contract -update")
	}
	if copied != schemas {
		must(t, os.WriteFile(filepath.Join("..", "openapi.yaml"), []byte(before+schemasTo+schemas), 0o644))
	}
	docs := loadDocuments(t)
	own := maps.Clone(object(docs.open, "components", "schemas"))
	for name := range object(docs.async, "components", "schemas") {
		if _, has := own[name]; !has {
			t.Errorf("openapi.yaml has no schema %s", name)
		}
	}
}

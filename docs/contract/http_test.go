package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plywire/plywire/wire"
)

// find is the operation of openapi.yaml that a request is for, or nil. Of several paths that match, the one with most said
// is meant.
func (d *documents) find(method, path string) *route {
	var found *route
	for i := range d.routes {
		r := &d.routes[i]
		if r.method == method && r.pattern.MatchString(path) && (found == nil || len(r.path) > len(found.path)) {
			found = r
		}
	}
	return found
}

// checkCall says why the documents do not allow a request.
func (d *documents) checkCall(c call) error {
	address, err := url.Parse(c.path)
	if err != nil {
		return err
	}
	r := d.find(c.method, address.Path)
	if r == nil {
		return errors.New("there is no such operation")
	}
	var faults []error
	for _, each := range append(list(object(d.open, "paths", r.path)["parameters"]), list(r.item["parameters"])...) {
		faults = append(faults, d.checkParameter(each.(map[string]any), r, c, address))
	}
	return errors.Join(append(faults, d.checkBody(r, c.body))...)
}

func (d *documents) checkParameter(parameter map[string]any, r *route, c call, address *url.URL) error {
	if ref, ok := parameter["$ref"].(string); ok {
		parameter = object(d.open, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	name, _ := parameter["name"].(string)
	value, given := "", false
	switch parameter["in"] {
	case "header":
		value, given = c.key, c.key != ""
	case "query":
		value, given = address.Query().Get(name), address.Query().Has(name)
	case "path":
		value, given = strings.TrimSuffix(strings.Split(address.Path, "/")[3], ".pgn"), true
	}
	if !given {
		if parameter["required"] == true {
			return fmt.Errorf("%s is missing", name)
		}
		return nil
	}
	var instance any = value
	if object(parameter, "schema")["type"] == "integer" {
		if _, err := strconv.Atoi(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		instance = json.Number(value)
	}
	schema, err := d.inline(parameter["schema"])
	if err != nil {
		return err
	}
	return schema.Validate(instance)
}

// inline compiles a schema that stands somewhere in openapi.yaml.
func (d *documents) inline(schema any) (*jsonschema.Schema, error) {
	if ref, ok := schema.(map[string]any)["$ref"].(string); ok {
		return d.schema(openURL, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("file:///inline.json", schema); err != nil {
		return nil, err
	}
	return compiler.Compile("file:///inline.json")
}

func (d *documents) checkBody(r *route, body string) error {
	schema := object(r.item, "requestBody", "content", "application/json", "schema")
	if schema == nil || body == "" {
		if body != "" || object(r.item, "requestBody")["required"] == true {
			return fmt.Errorf("%d bytes of body are not as the operation has them", len(body))
		}
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		return err
	}
	compiled, err := d.inline(schema)
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

// checkAnswer says why the documents do not allow that answer to a request, and names the operation and the status. What is
// no operation of the API must be answered with an error of the protocol.
func (d *documents) checkAnswer(c call, a answer) (operation string, err error) {
	address, err := url.Parse(c.path)
	if err != nil {
		return "", err
	}
	body := bytes.TrimSuffix(a.body, []byte{'\n'})
	r := d.find(c.method, address.Path)
	switch {
	case c.wants != "" && a.status == http.StatusNoContent && len(body) == 0:
		return "", nil
	case r == nil:
		if a.status != http.StatusNotFound {
			return "", errors.New("there is no such operation, so it is not found")
		}
		m, err := d.checkMessage(body)
		if err == nil && m.Type != wire.TypeError {
			err = fmt.Errorf("it is a message of type %s", m.Type)
		}
		return "", err
	}
	operation = fmt.Sprintf("%v %d", r.item["operationId"], a.status)
	response := object(r.item, "responses", strconv.Itoa(a.status))
	if ref, ok := response["$ref"].(string); ok {
		response = object(d.open, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	if response == nil {
		return operation, fmt.Errorf("status %d is not documented for %s %s", a.status, r.method, r.path)
	}
	return operation, errors.Join(d.checkHeaders(response, a.header), d.checkContent(response, a.header.Get("Content-Type"), body))
}

// checkHeaders says which headers an answer should have, by the documents, and has not, or has with another value.
func (d *documents) checkHeaders(response map[string]any, got http.Header) error {
	var faults []error
	for name, value := range object(response, "headers") {
		header := value.(map[string]any)
		if ref, ok := header["$ref"].(string); ok {
			header = d.resolve(d.open, ref)
		}
		text := got.Get(name)
		if text == "" {
			if header["required"] == true {
				faults = append(faults, fmt.Errorf("the header %s is missing", name))
			}
			continue
		}
		var instance any = text
		if object(header, "schema")["type"] == "integer" {
			instance = json.Number(text)
		}
		schema, err := d.inline(header["schema"])
		if err == nil {
			err = schema.Validate(instance)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("the header %s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

func (d *documents) checkContent(response map[string]any, kind string, body []byte) error {
	content := object(response, "content")
	if content == nil {
		return nil // described in words
	}
	kinds := make([]string, 0, len(content))
	for each := range content {
		kinds = append(kinds, each)
	}
	media := object(content, kind)
	if media == nil {
		return fmt.Errorf("it is %s, and documented are %q", kind, kinds)
	}
	if plain, _, _ := mime.ParseMediaType(kind); plain != "application/json" {
		return nil
	}
	compiled, err := d.inline(media["schema"])
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

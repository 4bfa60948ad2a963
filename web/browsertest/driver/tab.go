package driver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// elementKey is the name under which the protocol wraps a reference to an element.
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// do sends a command to this tab.
func (t *Tab) do(method, path string, body, result any) error {
	if err := t.browser.switchTo(t.handle); err != nil {
		return err
	}
	return t.browser.call(method, t.browser.session+path, body, result)
}

// Open loads a page, and returns when it is loaded.
func (t *Tab) Open(url string) error {
	if err := t.do(http.MethodPost, "/url", map[string]any{"url": url}, nil); err != nil {
		return fmt.Errorf("open %s: %w", url, err)
	}
	return nil
}

// Reload loads the page again.
func (t *Tab) Reload() error {
	if err := t.do(http.MethodPost, "/refresh", nil, nil); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	return nil
}

// Close closes the tab.
func (t *Tab) Close() error {
	err := t.do(http.MethodDelete, "/window", nil, nil)
	t.browser.current = ""
	if err != nil {
		return fmt.Errorf("close a tab: %w", err)
	}
	return t.browser.switchTo(t.browser.first) // the console cannot be read from a window that is gone
}

// Wait waits until a JavaScript expression is true. It looks whenever the page changes. When that takes too long, it fails
// with what the page says by then.
func (t *Tab) Wait(expression string) error {
	script := `const done = arguments[0];
		const holds = () => { try { return Boolean(` + expression + `); } catch { return false; } };
		const look = () => { if (holds()) { watch.disconnect(); done(true); } };
		const watch = new MutationObserver(look);
		watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
		look();`
	err := t.do(http.MethodPost, "/execute/async", map[string]any{"script": script, "args": []any{}}, nil)
	if err != nil {
		shown, _ := t.Text("body")
		return fmt.Errorf("wait until %s: %w\nThe page says: %s", expression, err, shown)
	}
	return nil
}

// WaitText waits until the first element that selector (CSS) finds contains the text.
func (t *Tab) WaitText(selector, text string) error {
	return t.Wait(fmt.Sprintf("document.querySelector(%s).textContent.includes(%s)", quote(selector), quote(text)))
}

// Eval returns the value of a JavaScript expression.
func (t *Tab) Eval(expression string, result any) error {
	err := t.do(http.MethodPost, "/execute/sync", map[string]any{"script": "return " + expression, "args": []any{}}, result)
	if err != nil {
		return fmt.Errorf("evaluate %s: %w", expression, err)
	}
	return nil
}

// Text is what the first element that selector finds shows.
func (t *Tab) Text(selector string) (string, error) {
	var text string
	err := t.Eval(fmt.Sprintf("document.querySelector(%s).innerText", quote(selector)), &text)
	return text, err
}

// element returns the path of the first element that selector finds, once it is shown.
func (t *Tab) element(selector string) (string, error) {
	if err := t.Wait(fmt.Sprintf("document.querySelector(%s).checkVisibility()", quote(selector))); err != nil {
		return "", err
	}
	var found map[string]string
	err := t.do(http.MethodPost, "/element", map[string]any{"using": "css selector", "value": selector}, &found)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", selector, err)
	}
	return "/element/" + found[elementKey], nil
}

// Click clicks on the middle of the first element that selector finds, as soon as it is shown.
func (t *Tab) Click(selector string) error {
	element, err := t.element(selector)
	if err == nil {
		err = t.do(http.MethodPost, element+"/click", nil, nil)
	}
	if err != nil {
		return fmt.Errorf("click on %s: %w", selector, err)
	}
	return nil
}

// Type types text into the first element that selector finds.
func (t *Tab) Type(selector, text string) error {
	element, err := t.element(selector)
	if err == nil {
		err = t.do(http.MethodPost, element+"/value", map[string]any{"text": text}, nil)
	}
	if err != nil {
		return fmt.Errorf("type into %s: %w", selector, err)
	}
	return nil
}

// Keys presses keys one after the other, wherever the focus is. See the table "keyboard actions" of the protocol for those
// that write nothing.
func (t *Tab) Keys(keys ...string) error {
	var steps []map[string]any
	for _, key := range keys {
		steps = append(steps, map[string]any{"type": "keyDown", "value": key}, map[string]any{"type": "keyUp", "value": key})
	}
	actions := []map[string]any{{"type": "key", "id": "keyboard", "actions": steps}}
	if err := t.do(http.MethodPost, "/actions", map[string]any{"actions": actions}, nil); err != nil {
		return fmt.Errorf("press %q: %w", keys, err)
	}
	return nil
}

// Drag drags the first element that from finds onto the first that to finds, by mouse.
func (t *Tab) Drag(from, to string) error {
	if _, err := t.element(from); err != nil {
		return err
	}
	var steps []map[string]any
	for _, selector := range []string{from, to} {
		var middle [2]int
		script := fmt.Sprintf("(({x, y, width, height}) => [Math.round(x + width / 2), Math.round(y + height / 2)])"+
			"(document.querySelector(%s).getBoundingClientRect())", quote(selector))
		if err := t.Eval(script, &middle); err != nil {
			return err
		}
		steps = append(steps, map[string]any{"type": "pointerMove", "duration": 50, "x": middle[0], "y": middle[1]})
		if selector == from {
			steps = append(steps, map[string]any{"type": "pointerDown", "button": 0})
		}
	}
	steps = append(steps, map[string]any{"type": "pointerUp", "button": 0})
	actions := []map[string]any{{"type": "pointer", "id": "mouse", "actions": steps}}
	if err := t.do(http.MethodPost, "/actions", map[string]any{"actions": actions}, nil); err != nil {
		return fmt.Errorf("drag %s to %s: %w", from, to, err)
	}
	return nil
}

// Show sets the size of the tab's contents in CSS pixels, and whether the page is shown dark.
func (t *Tab) Show(width, height int, dark bool) error {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	for command, parameters := range map[string]any{
		"Emulation.setDeviceMetricsOverride": map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false},
		"Emulation.setEmulatedMedia":         map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}},
	} {
		err := t.do(http.MethodPost, "/goog/cdp/execute", map[string]any{"cmd": command, "params": parameters}, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
	}
	return nil
}

// Screenshot returns what the tab shows, as PNG.
func (t *Tab) Screenshot() ([]byte, error) {
	var encoded string
	if err := t.do(http.MethodGet, "/screenshot", nil, &encoded); err != nil {
		return nil, fmt.Errorf("take a screenshot: %w", err)
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// quote writes text as a JavaScript string.
func quote(text string) string {
	quoted, _ := json.Marshal(text) // a string always can
	return strings.NewReplacer("\u2028", `\u2028`, "\u2029", `\u2029`).Replace(string(quoted))
}

package admin_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plywire/plywire/admin"
)

func TestTokenIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "admin.token")
	var got [8]string
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			var err error
			if got[i], err = admin.LoadToken(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, token := range got {
		if token != got[0] || len(token) != 43 {
			t.Errorf("the tokens are %q", got)
			break
		}
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode() != 0o600 {
		t.Errorf("the file is %v, %v", stat, err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("beside it there are %v, %v", files, err)
	}
	if again, err := admin.ReadToken(path); err != nil || again != got[0] {
		t.Errorf("read again it is %q, %v", again, err)
	}
	other, err := admin.LoadToken(path + "2")
	if err != nil || other == got[0] {
		t.Errorf("another one is %q, %v", other, err)
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	folder := t.TempDir()
	for name, test := range map[string]struct{ text, want string }{
		"empty":     {"", "0 characters"},
		"short":     {"secret\n", "6 characters"},
		"two words": {"0123456789 abcdef0", "space"},
		"no ASCII":  {"0123456789äöü0123456789", "ASCII"},
		"a picture": {strings.Repeat("x", 5000), "4096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, name)
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if token, err := admin.LoadToken(path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%q, %v; want something with %q and the file", token, err, test.want)
			}
		})
	}
	if _, err := admin.ReadToken(filepath.Join(folder, "nowhere")); err == nil {
		t.Error("no file is a token")
	}
	if _, err := admin.LoadToken(folder); err == nil {
		t.Error("a folder is a token")
	}
	if _, err := admin.LoadToken("/dev/null/x"); err == nil {
		t.Error("a token is made where there can be no file")
	}
}

package game

import "testing"

func TestReadOptions(t *testing.T) {
	tests := map[string]struct {
		options string
		want    int    // of the option n, whose default is 3
		err     string // empty: none
	}{
		"none":             {"", 3, ""},
		"empty object":     {"{}", 3, ""},
		"blanks":           {" {\n} \n", 3, ""},
		"the option":       {`{"n":5}`, 5, ""},
		"another option":   {`{"m":5}`, 0, `read the options: json: unknown field "m"`},
		"another type":     {`{"n":"5"}`, 0, "read the options: json: cannot unmarshal string into Go struct field .n of type int"},
		"cut short":        {`{"n":`, 0, "read the options: unexpected EOF"},
		"two objects":      {`{} {}`, 0, "something follows the JSON object of the options"},
		"something behind": {`{}]`, 0, "something follows the JSON object of the options"},
		"array":            {"[]", 0, "the options are not a JSON object"},
		"null":             {"null", 0, "the options are not a JSON object"},
		"blank":            {" ", 0, "the options are not a JSON object"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			terms := struct {
				N int `json:"n"`
			}{N: 3}
			err := ReadOptions([]byte(test.options), &terms)
			switch {
			case err == nil && test.err != "":
				t.Errorf("no error, want %s", test.err)
			case err != nil && err.Error() != test.err:
				t.Errorf("got %v, want %q", err, test.err)
			case err == nil && terms.N != test.want:
				t.Errorf("n is %d, want %d", terms.N, test.want)
			}
		})
	}
}

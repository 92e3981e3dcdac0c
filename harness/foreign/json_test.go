package foreign

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestErrorsSayWhatIsWrongWithTheText(t *testing.T) {
	type inner struct {
		Sizes []int          `json:"sizes"`
		Names map[string]int `json:"names"`
	}
	var into struct {
		Inner inner   `json:"inner"`
		Rate  float64 `json:"rate"`
		Name  string  `json:"name"`
		Tied  bool    `json:"tied"`
	}
	for text, want := range map[string]string{
		`{"rate": 1, "inner": {"sizes": [1, 2]}}`: "",
		"{\"rate\": 1,\n\"inner\" 3}":             "malformed JSON in line 2: invalid character '3' after object key",
		"{\n\n":                                   "malformed JSON in line 3: unexpected end of JSON input",
		`[]`:                                      "found a list, expected an object",
		`{"rate": "1"}`:                           `field "rate": found a string, expected a number`,
		`{"name": {}}`:                            `field "name": found an object, expected a string`,
		`{"tied": 1}`:                             `field "tied": found a number, expected true or false`,
		`{"inner": {"sizes": true}}`:              `field "inner.sizes": found true or false, expected a list`,
		`{"inner": {"sizes": [1.5]}}`:             `field "inner.sizes": found the number 1.5, expected an integer`,
		`{"inner": {"names": []}}`:                `field "inner.names": found a list, expected an object`,
	} {
		err := Decode([]byte(text), &into)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v, expected %q", text, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(path, []byte("[]"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := ReadJSON(path, &into); err == nil || !strings.HasPrefix(err.Error(), "reading "+path+": found a list") {
		t.Errorf("a file: %v", err)
	}
}

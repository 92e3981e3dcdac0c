package jsonfile

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

type inner struct {
	Sizes []int          `json:"sizes"`
	Named map[string]int `json:"named"`
	On    *bool          `json:"on"`
}

// typical is a value as the readers of files have them.
type typical struct {
	Name   string           `json:"name"`
	Inner  inner            `json:"inner"`
	List   []inner          `json:"list"`
	Any    map[string]inner `json:"any"`
	Share  float64          `json:"share"`
	Packed []byte           `json:"packed"`
	Raw    json.RawMessage  `json:"raw"`
	inner
}

func TestErrorsSpeakOfJSON(t *testing.T) {
	for text, want := range map[string]string{
		`[1]`:                         "found a JSON array, expected an object",
		`{"name": 1}`:                 `field "name" is a JSON number, expected a text`,
		`{"inner": {"sizes": "x"}}`:   `field "inner.sizes" is a JSON string, expected a list`,
		`{"inner": {"sizes": [1.5]}}`: `field "inner.sizes" is a JSON number 1.5, expected a whole number of at most 64 bits`,
		`{"inner": {"on": 1}}`:        `field "inner.on" is a JSON number, expected true or false`,
		`{"share": 1e999}`:            `field "share" is a JSON number 1e999, expected a number within the range of float64`,
		`{"packed": 3}`:               `field "packed" is a JSON number, expected a text in base64`,
		"{\n\"name\": \"x\",\n}":      "malformed JSON in line 3, byte 1: invalid character '}'",
		`{"name"`:                     "malformed JSON in line 1, byte 7: unexpected end of JSON input",
		"":                            "malformed JSON in line 1, byte 1: unexpected end of JSON input",
	} {
		var into typical
		if err := Unmarshal([]byte(text), &into); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v\nwant it to begin with %s", text, err, want)
		}
	}
	if err := Unmarshal([]byte(`{"name": "x"}`), new(typical)); err != nil {
		t.Error(err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{
		`{"name": 1, "inner": {"sizes": [1, "x"]}}`, `{"any": {"a": {"named": {"b": 1e999}}}}`, `{"packed": "!"}`, "[\n", `{"list": [{"on": []}]}`, `{"sizes": {}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var ours, theirs typical
		err := Unmarshal(text, &ours)
		if want := json.Unmarshal(text, &theirs); (err == nil) != (want == nil) || !reflect.DeepEqual(ours, theirs) {
			t.Fatalf("read %+v, error %v; encoding/json reads %+v, error %v", ours, err, theirs, want)
		}
		if err == nil {
			return
		}
		said := err.Error()
		for _, word := range []string{"Go ", "jsonfile.", "json:", "[]int", "map["} {
			if strings.Contains(said, word) && !strings.Contains(string(text), word) {
				t.Errorf("the error names a type: %s", said)
			}
		}
		if strings.ContainsAny(said, "\n\r") || !utf8.ValidString(said) || len(said) > 800 {
			t.Errorf("no short line: %q", said)
		}
		if e := Excerpt(text); strings.ContainsAny(e, "\n\r") || utf8.RuneCountInString(e) > 83 {
			t.Errorf("no short line: %q", e)
		}
	})
}

package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"lastmile/harness/fuzztest"
)

// extensions are those of the formats that FuzzEach reads, and packings those around
// them.
var (
	extensions = []string{".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".txt"}
	packings   = []func([]byte) []byte{bytes.Clone, gzipped, quickly}
)

// quickly is zstandard with one encoder for all.
func quickly(text []byte) []byte { return encoder().EncodeAll(text, nil) }

var encoder = sync.OnceValue(func() *zstd.Encoder {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		panic(err)
	}
	return w
})

func FuzzEach(f *testing.F) {
	for _, name := range []string{"rows.parquet", "stream.arrow", "file.arrow", "saved/train/data-00000-of-00001.arrow"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			f.Fatal(err)
		}
		f.Add(content, byte(4), byte(0))
		f.Add(content, byte(5), byte(1))
	}
	for i, text := range []string{
		"{\"a\": [1, 2.50, \"x\\u00e9\"], \"b\": {\"c\": null}}\r\n\n{\"a\": NaN}\n",
		"[{\"a\": 1e400}, {\"b\": true}]",
		"a,b\n1,\"x\n\"\"y\"\"\"\n",
		"a\tb\n1\t\"x\ty\"\n",
		"{\n\"version\": 1, \"data\": [{\"a\": -0}]}",
		"\ufeffa,a\n\n",
	} {
		f.Add([]byte(text), byte(i), byte(0))
		f.Add([]byte(text), byte(i), byte(2))
		f.Add(gzipped([]byte(text)), byte(i), byte(0))
		f.Add(zstandard([]byte(text)), byte(i), byte(0))
	}
	path := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, text []byte, format, packing byte) {
		// Without a packing the bytes stay as they are, so that what is compressed is
		// damaged too.
		name := path + extensions[int(format)%len(extensions)]
		if err := os.WriteFile(name, packings[int(packing)%len(packings)](text), 0o600); err != nil {
			t.Fatal(err)
		}
		var found []Record
		var err error
		fuzztest.Bounded(t, 1<<30, func() { found, err = all(name) })
		fuzztest.Says(t, err, string(text))
		if err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name the file: %v", err)
		}
		if most := max(freely, mostExpansion*len(text)) / 64; len(found) > most {
			t.Errorf("%d records of %d bytes", len(found), len(text))
		}
		before, lines := 0, []byte(nil)
		for _, r := range found {
			if r.Number <= before {
				t.Errorf("record %d comes after %d", r.Number, before)
			}
			before = r.Number
			if !plainValue(r.Fields) {
				t.Fatalf("a record has values of other types than JSON's: %#v", r.Fields)
			}
			line, err := json.Marshal(r.Fields)
			if err != nil {
				t.Fatalf("a record cannot be written: %v", err)
			}
			lines = append(append(lines, line...), '\n')
		}
		i := 0
		err = EachOf(bytes.NewReader(lines), "again", func(r Record) error {
			if !reflect.DeepEqual(r.Fields, found[i].Fields) {
				return fmt.Errorf("read %#v, then %#v", found[i].Fields, r.Fields)
			}
			i++
			return nil
		})
		if len(lines) <= longest && (err != nil || i != len(found)) {
			t.Errorf("written and read again, %d of %d records: %v", i, len(found), err)
		}
	})
}

// plainValue tells whether a value is one of a [Record].
func plainValue(value any) bool {
	switch v := value.(type) {
	case nil, bool:
		return true
	case string:
		return utf8.ValidString(v)
	case json.Number:
		return json.Valid([]byte(v))
	case []any:
		for _, within := range v {
			if !plainValue(within) {
				return false
			}
		}
		return true
	case map[string]any:
		for name, within := range v {
			if !utf8.ValidString(name) || !plainValue(within) {
				return false
			}
		}
		return v != nil
	}
	return false
}

func FuzzField(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a": {"b": [1, {"c": "x"}]}}`, "a.b.-1.c"}, {`{"a.b": 1, "a": {"b": 2}}`, "a.b"}, {`{"a": [[]]}`, "a.9223372036854775808"}, {`{"": {"": 1}}`, "."},
	} {
		f.Add([]byte(seed[0]), seed[1])
	}
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		r := Record{Number: 1}
		err := Decode(text, &r.Fields)
		fuzztest.Says(t, err, string(text))
		if err != nil || r.Fields == nil {
			return
		}
		value, ok := r.Field(name)
		if !ok && value != nil {
			t.Errorf("%q is nowhere, and yet %v", name, value)
		}
		if !plainValue(r.Fields) {
			t.Fatalf("other types than JSON's: %#v", r.Fields)
		}
		for name := range r.Fields {
			if got, ok := r.Field(name); !ok || !reflect.DeepEqual(got, r.Fields[name]) {
				t.Errorf("%q is %v, %t; want %v", name, got, ok, r.Fields[name])
			}
		}
		if id, ok := ID(value); ok && id == "" {
			t.Errorf("%v is an id without a letter", value)
		}
		if n, ok := Number(value); ok && n-n != 0 {
			t.Errorf("%v is the number %g", value, n)
		}
		if texts, ok := Texts(value); ok && len(texts) == 0 {
			t.Errorf("%v is no texts, and was read as such", value)
		}
		if e := Excerpt(value); utf8.RuneCountInString(e) > 43 || strings.ContainsAny(e, "\n\r") {
			t.Errorf("an excerpt is no short line: %q", e)
		}
	})
}

// FuzzFolder reads what save_to_disk leaves beside the files of a split.
func FuzzFolder(f *testing.F) {
	f.Add([]byte(`{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}`), byte(0))
	f.Add([]byte(`{"_data_files": [{"filename": "../x"}, {"filename": "/etc/passwd"}, {}]}`), byte(1))
	f.Add([]byte(`{"_data_files": {"filename": 1}}`), byte(2))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, split byte) {
		if err := os.WriteFile(filepath.Join(dir, "state.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := Files(dir, []string{"train", "dev", "test"}[split%3])
		fuzztest.Says(t, err, string(text))
		if err != nil && !strings.Contains(err.Error(), dir) {
			t.Errorf("the error does not name the folder: %v", err)
		}
		for _, file := range files {
			if rest, err := filepath.Rel(dir, file); err != nil || !filepath.IsLocal(rest) {
				t.Errorf("%s lies outside the folder", file)
			}
		}
	})
}

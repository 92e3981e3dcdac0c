package records

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// rows are those of testdata's files, which make.py wrote.
var rows = []Record{
	{1, map[string]any{
		"id": "a", "text": "A: Hi.\r\nB: \"Hello\", she said.", "summary": "They greet.", "n": json.Number("1"), "x": nil,
		"translation": map[string]any{"en": "Hi", "de": "Hallo"}, "refs": []any{"one", "two"},
		"messages": []any{map[string]any{"role": "user", "content": "Q"}, map[string]any{"role": "assistant", "content": "R"}},
	}},
	{2, map[string]any{
		"id": "b", "text": "C: Café?", "summary": nil, "n": nil, "x": json.Number("1.5"),
		"translation": map[string]any{"en": "Bye", "de": nil}, "refs": []any{}, "messages": []any{},
	}},
	{3, map[string]any{
		"id": "c", "text": "D: no", "summary": "s", "n": json.Number("3"), "x": nil,
		"translation": nil, "refs": nil, "messages": nil,
	}},
}

func all(path string) (found []Record, err error) {
	err = Each(path, func(r Record) error {
		found = append(found, r)
		return nil
	})
	return found, err
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(text)
	w.Close()
	return b.Bytes()
}

func zstandard(text []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(text, nil)
}

func TestAllFormatsHoldTheSameRecords(t *testing.T) {
	var lines, list []byte
	for _, r := range rows {
		line, err := json.Marshal(r.Fields)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(append(lines, line...), '\n')
		list = append(append(list, line...), ",\n"...)
	}
	list = append(append([]byte(" [\n"), bytes.TrimSuffix(list, []byte(",\n"))...), ']')
	files := map[string][]byte{
		"rows.jsonl": lines,
		"rows.json":  list,
		"data.json":  append(append([]byte("{\n\"version\": 1, \"data\":"), list...), '}'),
	}
	for _, name := range []string{"rows.parquet", "stream.arrow", "file.arrow"} {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	// The magic, and not the name, says what a binary file is.
	files["rows.bin"] = files["rows.parquet"]
	for name, content := range files {
		for packed, content := range map[string][]byte{name: content, name + ".gz": gzipped(content), name + ".zst": zstandard(content)} {
			found, err := all(write(t, packed, content))
			if err != nil || !reflect.DeepEqual(found, rows) {
				t.Errorf("%s: error %v, read\n%+v\nwant\n%+v", packed, err, found, rows)
			}
		}
	}
}

func TestTablesOfText(t *testing.T) {
	want := []Record{
		{2, map[string]any{"id": "1", "text": "one, \"two\"\nthree", "summary": "s"}},
		{4, map[string]any{"id": "2", "text": "Café", "summary": nil}},
	}
	for name, text := range map[string]string{
		"a.csv":    "\ufeffid,text,summary\r\n1,\"one, \"\"two\"\"\r\nthree\",s\r\n2,Café,\r\n",
		"a.tsv":    "id\ttext\tsummary\n1\t\"one, \"\"two\"\"\nthree\"\ts\n2\tCafé\t\n",
		"a.tsv.gz": string(gzipped([]byte("id\ttext\tsummary\n1\t\"one, \"\"two\"\"\nthree\"\ts\n2\tCafé\t"))),
	} {
		if found, err := all(write(t, name, []byte(text))); err != nil || !reflect.DeepEqual(found, want) {
			t.Errorf("%s: error %v, read %+v, want %+v", name, err, found, want)
		}
	}
}

func TestMistakesSayWhere(t *testing.T) {
	const good = `{"id": 1}` + "\n"
	for _, test := range []struct{ name, text, want string }{
		{"a.jsonl", good + `{"id":`, ":2: malformed JSON at byte 6 of the line"},
		{"a.jsonl", good + "\n[1]", ":3: found a JSON array, expected an object"},
		{"a.jsonl", "null", ":1: found null"},
		{"a.jsonl", good + "{\"id\":\"caf\xe9\"}", ":2: byte 11 of the line is not UTF-8"},
		{"a.jsonl", good + `{"id": nan}`, ":2: malformed JSON at byte 9"},
		{"a.json", "[\n{\"id\": 1},\n{\"id\": }]", ":3: malformed JSON"},
		{"a.json", "[{\"id\": 1}, 2]", ": record 2: expected a JSON object"},
		{"a.json", "{\n\"a\": [], \"b\": []}", ": expected JSON lines, or one JSON array of objects"},
		{"a.csv", "id,text\n1,a\n2\n", ":3: found 1 cells, expected 2, as the first line has"},
		{"a.csv", "id,text\n1,a\"b\n", ":2: column 4: bare \""},
		{"a.csv", "id,id\n", ":1: two columns are called \"id\""},
		{"a.csv", "id\n\xff\n", ":2: field \"id\" is not UTF-8"},
		{"a.parquet", "PAR1 and nothing else", "reading FILE"},
		{"a.arrow", "ARROW1 and nothing else", "reading FILE"},
		{"a.jsonl", "version https://git-lfs.github.com/spec/v1\noid sha256:12\n", " is a pointer of Git LFS"},
		{"a.gz", "\x1f\x8b and nothing else", "reading FILE, which begins like a file of gzip"},
	} {
		path := write(t, test.name, []byte(test.text))
		_, err := all(path)
		want := path + test.want
		if strings.Contains(test.want, "FILE") {
			want = strings.ReplaceAll(test.want, "FILE", path)
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s %q: error %v\nwant it to begin with %s", test.name, test.text, err, want)
		}
	}
	for _, name := range []string{"rows.parquet", "stream.arrow", "file.arrow"} {
		err := Each("testdata/"+name, func(r Record) error {
			if r.Number == 3 {
				return errors.New("no")
			}
			return nil
		})
		var at *LineError
		if !errors.As(err, &at) || err.Error() != "testdata/"+name+": row 3: no" {
			t.Errorf("%s: error %v, want one about row 3", name, err)
		}
	}
}

// Damage ends in an error, whatever the libraries that read binary formats make
// of it.
func TestDamagedBinaryFilesAreNoCrash(t *testing.T) {
	for _, name := range []string{"rows.parquet", "stream.arrow", "file.arrow"} {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(content); at += 7 {
			flipped := bytes.Clone(content)
			flipped[at] ^= 0xff
			for _, bytes := range [][]byte{flipped, content[:at]} {
				all(write(t, name, bytes))
			}
		}
	}
}

func TestPythonsNumbersThatJSONLacks(t *testing.T) {
	found, err := all(write(t, "a.jsonl", []byte(`{"a": NaN, "b": [1, -Infinity, Infinity], "c": "NaN and \"Infinity\"", "d": 2}`)))
	want := map[string]any{"a": nil, "b": []any{json.Number("1"), nil, nil}, "c": `NaN and "Infinity"`, "d": json.Number("2")}
	if err != nil || len(found) != 1 || !reflect.DeepEqual(found[0].Fields, want) {
		t.Errorf("error %v, read %v, want %v", err, found, want)
	}
}

func TestFieldFollowsAPath(t *testing.T) {
	r := rows[0]
	r.Fields["a.b"] = "itself"
	for name, want := range map[string]any{
		"translation.en":      "Hi",
		"refs.1":              "two",
		"messages.-1.content": "R",
		"a.b":                 "itself",
	} {
		if got, ok := r.Field(name); !ok || got != want {
			t.Errorf("%s is %v, %t; want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"translation.fr", "refs.2", "refs.x", "text.0", "z", "messages.-3.role"} {
		if got, ok := r.Field(name); ok {
			t.Errorf("%s is %v, expected nothing", name, got)
		}
	}
}

// What is no file could be without end, or wait for ever.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/dev/zero": "is a device", pipe: "is a pipe", t.TempDir(): "is a folder"} {
		done := make(chan error, 1)
		go func() {
			_, err := all(path)
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), path+" "+want) {
				t.Errorf("%s: error %v, want one that says that it %s", path, err, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: no answer", path)
		}
	}
}

// zeros reads as that many zeros, and a line's end.
func zeros(n int) io.Reader { return io.LimitReader(zero{}, int64(n)) }

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestWhatUnfoldsBeyondMeasureIsRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("much passes through")
	}
	var b bytes.Buffer
	w, _ := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedFastest))
	for range 80 {
		io.Copy(w, zeros(1<<20-1))
		w.Write([]byte("\n"))
	}
	w.Close()
	if _, err := all(write(t, "bomb.jsonl.zst", b.Bytes())); err == nil || !strings.Contains(err.Error(), "more than 100 times its size") {
		t.Errorf("a bomb: error %v", err)
	}
	b.Reset()
	w, _ = zstd.NewWriter(&b)
	io.Copy(w, zeros(17<<20))
	w.Close()
	if _, err := all(write(t, "line.jsonl.zst", b.Bytes())); err == nil || !strings.Contains(err.Error(), "the line has more than 16") {
		t.Errorf("a long line: error %v", err)
	}
}

// Small values take many times their text in memory: an array of them is never there as
// a whole.
func TestArraysAreDecodedOneByOne(t *testing.T) {
	const n = 1_000_000
	for _, text := range []string{"[" + strings.Repeat("{},", n) + "{}]", "{\n\"data\": [" + strings.Repeat("{},", n) + "{}]}"} {
		path, found := write(t, "a.json", []byte(text)), 0
		err := Each(path, func(Record) error {
			if found++; found == 1 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if limit := uint64(12 * len(text)); m.HeapAlloc > limit {
					t.Errorf("%d bytes are in use, expected at most %d", m.HeapAlloc, limit)
				}
			}
			return nil
		})
		if err != nil || found != n+1 {
			t.Errorf("found %d records, error %v", found, err)
		}
	}
}

func TestFilesOfASplit(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"hub/README.md", "hub/.git/train.json", "hub/data/train-00000-of-00002.parquet", "hub/data/train-00001-of-00002.parquet", "hub/data/test-00000-of-00001.parquet",
		"hub/data/validation-00000-of-00001.parquet", "hub/dataset_infos.json",
		"two/en/train.csv", "two/de/train.csv",
		"flat/samsum_train.jsonl.gz", "flat/samsum_val.jsonl.gz", "flat/constraint_testament.json",
	} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		os.WriteFile(path, []byte("{}"), 0o644)
	}
	for _, test := range []struct{ path, split, want string }{
		{"hub", "train", "hub/data/train-00000-of-00002.parquet hub/data/train-00001-of-00002.parquet"},
		{"hub", "dev", "hub/data/validation-00000-of-00001.parquet"},
		{"hub", "test", "hub/data/test-00000-of-00001.parquet"},
		{"hub/data/t*-00000-*", "train", "hub/data/test-00000-of-00001.parquet hub/data/train-00000-of-00002.parquet"},
		{"flat", "train", "flat/samsum_train.jsonl.gz"},
		{"flat", "dev", "flat/samsum_val.jsonl.gz"},
		{"two/en", "train", "two/en/train.csv"},
		{"nothing.json", "train", "nothing.json"},
	} {
		found, err := Files(filepath.Join(dir, test.path), test.split)
		for i := range found {
			found[i], _ = filepath.Rel(dir, found[i])
		}
		if want := strings.Fields(test.want); err != nil || !slices.Equal(found, want) {
			t.Errorf("%s of %s: error %v, found %v, want %v", test.split, test.path, err, found, want)
		}
	}
	for _, test := range []struct{ path, split, want string }{
		{"flat", "test", "no file of the test split in the folder, whose name would have one of the words test, testing, eval, evaluation; it has constraint_testament.json, samsum_train"},
		{"two", "train", "the split is there in several forms; name one of "},
		{"x*.json", "train", "no file matches the pattern"},
		{"[", "train", "the pattern is malformed"},
	} {
		if _, err := Files(filepath.Join(dir, test.path), test.split); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s of %s: error %v, want %q", test.split, test.path, err, test.want)
		}
	}
}

func TestFilesThatSaveToDiskLeft(t *testing.T) {
	for split, want := range map[string][]string{"train": {"t0", "t1", "t2"}, "dev": {"t0"}} {
		files, err := Files("testdata/saved", split)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, file := range files {
			found, err := all(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range found {
				texts = append(texts, r.Fields["text"].(string))
			}
		}
		if !slices.Equal(texts, want) {
			t.Errorf("%s: read %v, want %v", split, texts, want)
		}
	}
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "state.json"), []byte(`{"_data_files": [{"filename": "../../etc/passwd"}]}`), 0o644)
	if _, err := Files(dir, "train"); err == nil || !strings.Contains(err.Error(), "lies elsewhere") {
		t.Errorf("a file outside the folder: error %v", err)
	}
}

package data

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestSplits(t *testing.T) {
	least := map[string]int{"train": 30000, "dev": 1000, "test": 1000}
	seen := map[string]string{}
	for _, split := range splits {
		lines, err := Open(split)
		if err != nil {
			t.Fatal(err)
		}
		defer lines.Close()
		n := 0
		for scanner := bufio.NewScanner(lines); scanner.Scan(); n++ {
			var line struct{ ID, Input, Reference string }
			if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
				t.Fatalf("%s, line %d: %v", split, n+1, err)
			}
			if line.ID == "" || line.Input == "" || line.Reference == "" {
				t.Errorf("%s, line %d: an empty field: %+v", split, n+1, line)
			}
			if other := seen[line.ID]; other != "" {
				t.Errorf("%s, line %d: %s is in %s already", split, n+1, line.ID, other)
			}
			seen[line.ID] = split
		}
		if n < least[split] || split != "train" && n != least[split] {
			t.Errorf("%s has %d examples, want %d", split, n, least[split])
		}
	}
}

func TestFirstSentencesAreOfTheSameSplit(t *testing.T) {
	for _, split := range splits {
		lines, err := Open(split)
		if err != nil {
			t.Fatal(err)
		}
		defer lines.Close()
		type example struct{ ID, Input, Reference string }
		whole := map[string]example{}
		read(t, split, lines, func(e example) { whole[e.ID] = e })

		file, err := os.Open("first-sentences/" + split + ".jsonl.gz")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		read(t, split, unpacked, func(e example) {
			n++
			if of := whole[e.ID]; e.Input != e.ID+": "+of.Reference || !strings.HasPrefix(of.Input, e.Reference) || !strings.HasSuffix(e.Reference, ".") {
				t.Errorf("%s, line %d: %+v is not made of %+v", split, n, e, of)
			}
		})
		if n < 700 {
			t.Errorf("%s has %d examples", split, n)
		}
	}
}

// read reads JSON lines.
func read[T any](t *testing.T, name string, lines io.Reader, add func(T)) {
	t.Helper()
	for decoder := json.NewDecoder(lines); decoder.More(); {
		var one T
		if err := decoder.Decode(&one); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		add(one)
	}
}

func TestOpenUnknownSplit(t *testing.T) {
	if _, err := Open("validation"); err == nil || !strings.Contains(err.Error(), "one of train, dev, test") {
		t.Errorf("error %v, want one that lists the splits", err)
	}
}

func TestSize(t *testing.T) {
	var size int64
	err := fs.WalkDir(files, DebianDescriptions, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		size += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if size > 8_000_000 {
		t.Errorf("the data set takes %d bytes, want at most 8 MB", size)
	}
}

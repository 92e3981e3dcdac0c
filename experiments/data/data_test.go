package data

import (
	"bufio"
	"encoding/json"
	"io/fs"
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

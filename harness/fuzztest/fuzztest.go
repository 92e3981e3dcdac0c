// Package fuzztest has the properties that the fuzz targets of all readers of others'
// files share: what an error says, and that time and memory are bounded.
package fuzztest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// AddFiles adds the files that match a pattern to the seeds of a target whose input is the
// bytes of one. There must be some.
func AddFiles(f *testing.F, pattern string) {
	f.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		f.Fatalf("no file matches %s (%v)", pattern, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
}

// longest is the most bytes that an error of a reader may have: a line that a person
// reads.
const longest = 2000

// words are those of this program's insides that no error about a file has.
var words = []string{
	"Go struct", "Go value", "json: cannot", "json: invalid", "json: unsupported", "runtime error",
	"interface {}", "map[string]", "[]string", "[]int", "struct {", "reflect.", "0xc000", "%!",
}

// Says fails where an error is no line for a person. Words that the input has itself
// may be in it.
func Says(t testing.TB, err error, input ...string) {
	t.Helper()
	if err == nil {
		return
	}
	text := err.Error()
	if strings.ContainsAny(text, "\n\r") || text == "" || len(text) > longest || !utf8.ValidString(text) {
		t.Errorf("an error is no line of text: %.3000q", text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			continue
		}
		if given := strings.Join(input, "\n"); !strings.Contains(given, word) {
			t.Errorf("an error speaks of this program's insides, %q: %s", word, text)
		}
	}
}

// Bounded runs what reads an input. It fails where more bytes are allocated by it than
// most, and ends the process with the stacks of all that runs where it takes a minute:
// an input is read in less than a millisecond.
func Bounded(t testing.TB, most uint64, read func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	late := time.AfterFunc(time.Minute, func() {
		stacks := make([]byte, 1<<20)
		panic("an input takes more than a minute\n" + string(stacks[:runtime.Stack(stacks, true)]))
	})
	defer late.Stop() // where the input fails too
	read()
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > most {
		t.Errorf("%d bytes were allocated, more than %d", after.TotalAlloc-before.TotalAlloc, most)
	}
}

// Package readmetest holds what a README.md shows of a computation to that computation.
package readmetest

import (
	"os"
	"strings"
	"testing"
)

// Keep compares what stands in the file between the line "<!-- begin: MARK -->" and
// "<!-- end -->" with the text made anew or, to update, writes that there. mark ends with
// the command that updates.
func Keep(t *testing.T, path, mark, text string, update bool) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- begin: "+mark+" -->\n", "<!-- end -->"
	before, rest, found := strings.Cut(string(content), begin)
	old, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has nothing between %q and %q", path, begin, end)
	}
	if update {
		if err := os.WriteFile(path, []byte(before+begin+text+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if old != text {
		t.Errorf("%s has something else between %q and %q than\n%s", path, begin, end, text)
	}
}

package experiments

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What no sweep needs is refused at once, whatever it would ask for.
func TestWhatNoSweepNeedsIsRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	many := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line, i)
		}
		return b.String()
	}
	for name, test := range map[string]struct{ text, want string }{
		"a device":          {`extends = "/dev/zero"`, "extends: cannot read /dev/zero: expected a file, found a device"},
		"a pipe":            {fmt.Sprintf("extends = %q", pipe), "expected a file, found a pipe"},
		"a folder":          {fmt.Sprintf("extends = %q", dir), "expected a file, found a folder"},
		"a large file":      {strings.Repeat("# nothing\n", 1<<19), "no sweep file has more than"},
		"lists in lists":    {"\nx = " + strings.Repeat("[", 1<<20), "s.toml:2: more than 64 lists and tables stand within each other"},
		"tables in tables":  {"x = " + strings.Repeat("{a=", 1<<20), "more than 64 lists and tables stand within each other"},
		"unknown keys":      {many(150_000, "unknown%d = 1\n"), "these are the first 100 mistakes; there may be more"},
		"many statements":   {many(210_000, "u%d = 1\n"), "the file says more than 200000 things"},
		"variants":          {"grid.seed = [1, 2]\n" + many(90_000, "[[variant]]\nname = \"%d\"\n"), "at most 100000 are possible"},
		"an axis of values": {"[grid]\nseed = [" + many(200_000, "%d,") + "]", "at most 100000 are possible"},
	} {
		path := filepath.Join(t.TempDir(), "s.toml")
		os.WriteFile(path, []byte(test.text), 0o644)
		done := make(chan error, 1)
		go func() {
			_, err := testSchema.Load(path, LoadOptions{})
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), test.want) {
				text := fmt.Sprint(err)
				t.Errorf("%s: error %.300s, want one with %q", name, text, test.want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: no answer", name)
		}
	}
}

func TestBracketsInStringsAndCommentsAreNone(t *testing.T) {
	brackets := strings.Repeat("[{", 100)
	for text, want := range map[string]int{
		"a = '" + brackets + "'\nb = \"\\\"" + brackets + "\"\n# " + brackets + "\nc = 1":                    0,
		"a = \"\"\"\n" + brackets + "\\\"\"\"\"\nb = '''" + brackets + "\n'''":                               0,
		"a = 1\n[[x]]\n[[x]]\n" + strings.Repeat("[x]\n", 100) + "b = [" + strings.Repeat("[1],", 100) + "]": 0,
		"a = 'x'\n\nb = " + strings.Repeat("[", 65):                                                          3,
	} {
		if got := tooDeep(text); got != want {
			t.Errorf("%.60q: line %d, want %d", text, got, want)
		}
	}
}

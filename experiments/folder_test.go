package experiments

import (
	"path/filepath"
	"testing"
)

// runner is a section with a command line and the folder that it starts in.
type runner struct {
	Run    []string `toml:"run" json:"run"`
	Folder string   `toml:"folder" json:"folder"`
}

func TestFolderOfACommandLineIsItsFiles(t *testing.T) {
	schema := Schema{Groups: []Group{{
		Key: "tools.own", Noun: "tool",
		Element: func(string) (Section, bool) {
			return Section{
				Default: runner{Run: []string{}},
				Rules:   Rules{"run": Anything, "folder": Anything},
				Paths:   []Path{{Key: "folder", Of: "run"}},
			}, true
		},
	}}}
	if err := schema.Validate(); err != nil {
		t.Fatal(err)
	}
	write(t, map[string]string{
		"below/base.toml": `tools.own.a.run = ["x"]
tools.own.b = { folder = "given", run = ["x"] }`,
		"s.toml": `extends = "below/base.toml"
[tools.own.c]
run = ["y"]
[[variant]]
name = "own"
tools.own.a.run = ["z"]
[[variant]]
name = "inherited"`,
	})
	s, err := schema.Load("s.toml", LoadOptions{Set: []string{`tools.own.c.run=["v"]`, "tools.own.c.folder=other"}})
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		run               int
		tool, arg, folder string
	}{
		{0, "a", "z", here},
		{1, "a", "x", here + "/below"},
		{1, "b", "x", here + "/below/given"},
		{1, "c", "v", here + "/other"},
	} {
		got := Get[runner](s.Runs[test.run].Config, "tools.own."+test.tool)
		if got.Run[0] != test.arg || got.Folder != test.folder {
			t.Errorf("run %d, tool %s: %q in %s, expected %s in %s", test.run, test.tool, got.Run, got.Folder, test.arg, test.folder)
		}
	}
}

func TestFolderOfACommandLineOnAnAxis(t *testing.T) {
	schema := Schema{Sections: []Section{{
		Key: "tool", Default: runner{Run: []string{}}, Rules: Rules{"run": Anything, "folder": Anything},
		Paths: []Path{{Key: "folder", Of: "run"}},
	}}}
	write(t, map[string]string{"s.toml": `grid.tool.run = [["x"], ["y"]]`})
	s, err := schema.Load("s.toml", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for i, run := range s.Runs {
		if got := Get[runner](run.Config, "tool"); got.Folder != here {
			t.Errorf("run %d starts in %q, expected %s", i, got.Folder, here)
		}
	}
}

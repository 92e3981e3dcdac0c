package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gotchFolder makes a folder of the shape of gotch's module.
func gotchFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                  "module github.com/sugarme/gotch\n\ngo 1.20\n\nrequire golang.org/x/image v0.5.0\n",
		"LICENSE":                 "Apache\n",
		"tensor.go":               "package gotch\n",
		"libtch/lib.go":           "package libtch\n\n// #cgo LDFLAGS: -lcuda\nimport \"C\"\n",
		"libtch/torch_api.cpp":    "",
		"libtch/" + generatedFile: generatedText,
	} {
		write(t, filepath.Join(folder, name), text)
	}
	return folder
}

func TestCopyGotchTakesOnlyWhatIsNeeded(t *testing.T) {
	target := t.TempDir()
	if err := copyGotch(gotchFolder(t), target); err != nil {
		t.Fatal(err)
	}
	if text := read(t, filepath.Join(target, "go.mod")); text != gotchModFile {
		t.Errorf("go.mod of the copy is\n%s", text)
	}
	read(t, filepath.Join(target, "LICENSE"))
	read(t, filepath.Join(target, "libtch", generatedFile))
	if _, err := os.Stat(filepath.Join(target, "tensor.go")); err == nil {
		t.Error("a package beside libtch was copied")
	}
}

func TestCopyGotchRefusesAnotherShape(t *testing.T) {
	for name, c := range map[string]struct {
		change func(folder string)
		want   string
	}{
		"another module": {func(f string) { write(t, filepath.Join(f, "go.mod"), "module example.com/gotch\n") }, "it is not gotch"},
		"no wrapper":     {func(f string) { os.Remove(filepath.Join(f, "libtch", wrapperFile)) }, wrapperFile},
		"other flags":    {func(f string) { write(t, filepath.Join(f, "libtch", flagsFile), "package libtch\n") }, "cgo flags"},
		"a new folder":   {func(f string) { write(t, filepath.Join(f, "libtch", "more", "x.go"), "package more\n") }, "more"},
	} {
		folder := gotchFolder(t)
		c.change(folder)
		err := copyGotch(folder, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, expected one about %q", name, err, c.want)
		}
	}
}

func TestRunDoesNothingWhereTheStampFits(t *testing.T) {
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("no g++ here")
	}
	root, out, fused := fakeLibtorch(t, "1"), filepath.Join(t.TempDir(), "gotch"), t.TempDir()
	if err := run(out, fused, root, true, io.Discard); !errors.Is(err, errStale) {
		t.Errorf("before there is a copy, a check says %v", err)
	}
	stamped(t, root, out)
	// Neither the same libtorch by name nor none at all, which means the same
	// as last time, may touch the copy: it holds nothing but the stamp.
	for _, choice := range []string{root, ""} {
		if err := run(out, fused, choice, false, io.Discard); err != nil {
			t.Errorf("with LIBTORCH=%q: %v", choice, err)
		}
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
		t.Errorf("the copy holds %v, %v, expected the stamp only", entries, err)
	}

	write(t, filepath.Join(root, "lib", libraryName), read(t, filepath.Join(root, "lib", libraryName))+"changed")
	if err := run(out, fused, root, true, io.Discard); !errors.Is(err, errStale) {
		t.Errorf("after libtorch changed, a check says %v", err)
	}
	if err := run(out, fused, fakeLibtorch(t, "1"), true, io.Discard); !errors.Is(err, errStale) {
		t.Errorf("with another libtorch, a check says %v", err)
	}
}

// stamped makes a copy of nothing but the stamp that the libtorch in root has.
func stamped(t *testing.T, root, out string) {
	t.Helper()
	lib, err := openLibtorch(root)
	if err != nil {
		t.Fatal(err)
	}
	cxx, err := findCompiler()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStamp(lib, cxx)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.write(out); err != nil {
		t.Fatal(err)
	}
}

func TestReplaceFolderLeavesNothingBehind(t *testing.T) {
	parent := t.TempDir()
	out := filepath.Join(parent, "gotch")
	for _, text := range []string{"first", "second"} {
		write(t, filepath.Join(parent, "made", "file"), text)
		if err := replaceFolder(filepath.Join(parent, "made"), out); err != nil {
			t.Fatal(err)
		}
		if got := read(t, filepath.Join(out, "file")); got != text {
			t.Errorf("the folder holds %q, expected %q", got, text)
		}
	}
	write(t, out+newSuffix+"123/file", "left by a call that was killed")
	if err := removeLeftovers(out); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
		t.Errorf("beside the copy lie %v, %v", entries, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

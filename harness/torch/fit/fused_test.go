package main

import (
	"go/format"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFusedIsCompiledWithTheThreadsOfLibtorch(t *testing.T) {
	lib := libtorch{Root: "/opt/libtorch", IncludeDir: "/opt/libtorch/include", LibDir: "/opt/libtorch/lib", Version: "2.7.1", CXX11ABI: true}
	for openMP, want := range map[string][]string{
		"":                      {"-fopenmp-simd", "-O3"},
		"libgomp-a34b3233.so.1": {"-fopenmp\n", "-O3", "-l:libgomp-a34b3233.so.1", "-L/opt/libtorch/lib"},
	} {
		lib.OpenMP = openMP
		flags, err := fusedFlags(lib)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(flags, "\npackage fused\n") {
			t.Errorf("the flags are of another package:\n%s", flags)
		}
		if formatted, err := format.Source([]byte(flags)); err != nil || string(formatted) != flags {
			t.Errorf("gofmt would change the flags (%v):\n%s", err, flags)
		}
		for _, flag := range want {
			if !strings.Contains(flags, flag) {
				t.Errorf("with OpenMP library %q, %q is not among the flags:\n%s", openMP, flag, flags)
			}
		}
		if openMP == "" && strings.Contains(flags, "libgomp") {
			t.Errorf("a libtorch without threads is linked with some:\n%s", flags)
		}
	}
}

// TestRunWritesLostFlags has the copy of gotch, so that it can change nothing
// else.
func TestRunWritesLostFlags(t *testing.T) {
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("no g++ here")
	}
	root, out, fused := fakeLibtorch(t, "1"), filepath.Join(t.TempDir(), "gotch"), t.TempDir()
	stamped(t, root, out)
	path := filepath.Join(fused, fusedFile)
	for _, left := range []string{"", "package fused\n"} {
		if left != "" {
			write(t, path, left)
		}
		if err := run(out, fused, root, true, io.Discard); err != errStale {
			t.Errorf("without the flags of this libtorch, a check says %v", err)
		}
		if err := run(out, fused, root, false, io.Discard); err != nil {
			t.Fatal(err)
		}
		if flags := read(t, path); !strings.Contains(flags, "-I"+filepath.Join(root, "include")) {
			t.Errorf("the flags are not of this libtorch:\n%s", flags)
		}
	}
	for _, folder := range []string{filepath.Dir(out), fused} {
		if left, _ := filepath.Glob(filepath.Join(folder, "*"+newSuffix+"*")); left != nil {
			t.Errorf("%v was left behind", left)
		}
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
		t.Errorf("the copy holds %v, %v, expected the stamp only", entries, err)
	}
}

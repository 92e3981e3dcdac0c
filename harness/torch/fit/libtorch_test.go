package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFlagsFollowTheLibtorch(t *testing.T) {
	cpu := libtorch{Root: "/opt/libtorch", IncludeDir: "/opt/libtorch/include", LibDir: "/opt/libtorch/lib", Version: "2.1.1+cpu"}
	cuda := cpu
	cuda.CUDA, cuda.CXX11ABI, cuda.Version = true, true, "2.15.0+cu132"
	system := libtorch{Root: "/usr", IncludeDir: "/usr/include", LibDir: "/usr/lib/x", System: true, CXX11ABI: true,
		Version: "1.13.1+dfsg-4", OpenBLAS: "/usr/lib/x/openblas-openmp"}
	for _, c := range []struct {
		name       string
		lib        libtorch
		has, lacks []string
	}{
		{"an archive without CUDA", cpu,
			[]string{"-std=c++17", "-D_GLIBCXX_USE_CXX11_ABI=0", "-I/opt/libtorch/include ", "-I/opt/libtorch/include/torch/csrc/api/include",
				"-L/opt/libtorch/lib", "-Wl,-rpath,/opt/libtorch/lib", "-ltorch_cpu", "-O0"},
			[]string{"cuda", "blas", "c++20"}},
		{"one with CUDA", cuda,
			[]string{"-std=c++20", "-D_GLIBCXX_USE_CXX11_ABI=1", "-Wl,--no-as-needed", "-ltorch_cuda", "-lc10_cuda"},
			[]string{"/usr/local/cuda", "blas"}},
		{"a system's package", system,
			[]string{"-std=c++17", "-I/usr/include/torch/csrc/api/include", "-Wl,-rpath,/usr/lib/x/openblas-openmp", "-l:libopenblas.so.0", "-l:libblas.so.3"},
			[]string{"-I/usr/include ", "-L/usr/lib/x ", "cuda"}},
	} {
		text, err := flagsText("libtch", c.lib, wrapperFlags(c.lib), c.lib.linkFlags())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, flag := range c.has {
			if !strings.Contains(text, flag) {
				t.Errorf("%s: %q is not among the flags:\n%s", c.name, flag, text)
			}
		}
		for _, flag := range c.lacks {
			if strings.Contains(text, flag) {
				t.Errorf("%s: %q is among the flags:\n%s", c.name, flag, text)
			}
		}
	}
}

func TestFlagsQuoteSpacesAndRefuseQuotes(t *testing.T) {
	lib := libtorch{Root: "/a b", IncludeDir: "/a b/include", LibDir: "/a b/lib", Version: "2.7.1"}
	text, err := flagsText("libtch", lib, wrapperFlags(lib), lib.linkFlags())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, `"-I/a b/include"`) {
		t.Errorf("a path with a space is not quoted:\n%s", text)
	}
	lib.LibDir = `/a"b/lib`
	if _, err := flagsText("libtch", lib, wrapperFlags(lib), lib.linkFlags()); err == nil {
		t.Error("a path with a quote was taken")
	}
}

func TestVersionComesFromTheMostTellingPlace(t *testing.T) {
	const header = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 15\n#define TORCH_VERSION_PATCH 0\n"
	const full = header + "#define TORCH_VERSION \\\n  \"1.13.0\"\n"
	for _, c := range []struct{ name, file, text, header, want string }{
		{"an archive", "build-version", "2.1.1+cpu\n", full, "2.1.1+cpu"},
		{"a Python package", "version.py", "from typing import Optional\n__version__ = '2.15.0+cu132'\ndebug = False\n", full, "2.15.0+cu132"},
		{"a header's text", "README", "", full, "1.13.0"},
		{"a header's numbers", "README", "", header, "2.15.0"},
	} {
		root := t.TempDir()
		write(t, filepath.Join(root, c.file), c.text)
		if got, err := libtorchVersion(root, c.header); err != nil || got != c.want {
			t.Errorf("%s: version is %q, %v, expected %q", c.name, got, err, c.want)
		}
	}
	if _, err := libtorchVersion(t.TempDir(), "nothing"); err == nil {
		t.Error("a header without a version gave one")
	}
}

func TestOpenLibtorchSaysWhatItMisses(t *testing.T) {
	root := t.TempDir()
	if _, err := openLibtorch(root); err == nil || !strings.Contains(err.Error(), "version.h") {
		t.Errorf("an empty folder: error is %v, expected one about version.h", err)
	}
	write(t, filepath.Join(root, "include", apiInclude, "torch", "version.h"), "#define TORCH_VERSION \"2.7.1\"\n")
	if _, err := openLibtorch(root); err == nil || !strings.Contains(err.Error(), libraryName) {
		t.Errorf("a folder with headers only: error is %v, expected one about %s", err, libraryName)
	}
}

func TestABIAndCUDAAreReadFromTheLibraries(t *testing.T) {
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("no g++ here")
	}
	for _, abi := range []string{"0", "1"} {
		root := fakeLibtorch(t, abi)
		lib, err := openLibtorch(root)
		if err != nil {
			t.Fatal(err)
		}
		if lib.CXX11ABI != (abi == "1") {
			t.Errorf("a library compiled with _GLIBCXX_USE_CXX11_ABI=%s: CXX11ABI is %t", abi, lib.CXX11ABI)
		}
		if lib.CUDA {
			t.Error("a libtorch without libtorch_cuda.so is said to have CUDA")
		}
		write(t, filepath.Join(root, "lib", "libtorch_cuda.so"), "")
		if lib, err = openLibtorch(root); err != nil || !lib.CUDA {
			t.Errorf("a libtorch with libtorch_cuda.so: CUDA is %t, %v", lib.CUDA, err)
		}
	}
}

// fakeLibtorch makes a folder with just enough to be taken for a libtorch.
func fakeLibtorch(t *testing.T, abi string) string {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "include", apiInclude, "torch", "version.h"), "#define TORCH_VERSION \"2.7.1\"\n")
	source := filepath.Join(root, "c10.cpp")
	write(t, source, "#include <string>\nnamespace c10 { void Error(std::string s) {} }\n")
	library := filepath.Join(root, "lib", "libc10.so")
	write(t, library, "")
	if text, err := exec.Command("g++", "-shared", "-fPIC", "-D_GLIBCXX_USE_CXX11_ABI="+abi, "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("compiling a stand-in for libc10: %v\n%s", err, text)
	}
	write(t, filepath.Join(root, "lib", libraryName), read(t, library))
	return root
}

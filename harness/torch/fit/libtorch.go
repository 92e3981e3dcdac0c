package main

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	libraryName = "libtorch_cpu.so"
	// apiInclude is the second of libtorch's two include folders, relative to
	// the first.
	apiInclude = "torch/csrc/api/include"
	// systemChoice names the libtorch that the compiler finds by itself.
	systemChoice = "system"
)

// blasLibraries are the names under which a program finds Debian's BLAS and
// LAPACK. Each of them is an alternative that the system's administrator can
// point elsewhere.
var blasLibraries = []string{"libopenblas.so.0", "libblas.so.3", "liblapack.so.3"}

// libtorch is one installation of the C++ library that gotch wraps.
type libtorch struct {
	Root       string // folder with include and lib; /usr for a system package
	IncludeDir string // holds torch, ATen, c10
	LibDir     string // holds libtorch_cpu.so
	System     bool   // the compiler and the loader search both folders anyway
	Version    string // such as 2.1.1+cpu
	CUDA       bool
	CXX11ABI   bool // built with the std::string of C++11
	// OpenBLAS is the folder of OpenBLAS's OpenMP variant, where this
	// libtorch takes whichever BLAS the system has; otherwise empty.
	OpenBLAS string
	// OpenMP is the file name of the OpenMP library that this libtorch's
	// threads are of; empty where it has none.
	OpenMP string
}

// compiler is the C++ compiler that cgo will call too.
type compiler struct {
	Path    string
	Version string
}

// findCompiler honours CXX as the go command does.
func findCompiler() (compiler, error) {
	name := os.Getenv("CXX")
	if name == "" {
		name = "g++"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return compiler{}, fmt.Errorf("there is no C++ compiler %q; on Debian and Ubuntu: apt-get install g++", name)
	}
	text, err := exec.Command(path, "--version").Output()
	if err != nil {
		return compiler{}, fmt.Errorf("asking %s for its version: %w", path, err)
	}
	return compiler{Path: path, Version: firstLine(string(text))}, nil
}

// chooseLibtorch finds the libtorch to fit to. An empty choice means the one
// that the last copy was fitted to, or the system's where that is gone.
func chooseLibtorch(choice string, last *stamp) (libtorch, error) {
	if choice == "" && last != nil {
		if lib, err := openLibtorch(last.Libtorch); err == nil {
			return lib, nil
		}
	}
	if choice == "" || choice == systemChoice {
		return systemLibtorch()
	}
	return openLibtorch(choice)
}

// systemLibtorch finds a libtorch in one of the folders that need no flags.
func systemLibtorch() (libtorch, error) {
	for _, root := range []string{"/usr", "/usr/local"} {
		if lib, err := openLibtorch(root); err == nil {
			return lib, nil
		}
	}
	return libtorch{}, fmt.Errorf("there is no libtorch in /usr or /usr/local; install Debian's libtorch-dev, or name a folder that has one: make setup LIBTORCH=/path/to/libtorch")
}

// openLibtorch looks at the libtorch in the folder root.
func openLibtorch(root string) (libtorch, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return libtorch{}, err
	}
	lib := libtorch{
		Root:       root,
		IncludeDir: filepath.Join(root, "include"),
		LibDir:     filepath.Join(root, "lib"),
		System:     root == "/usr" || root == "/usr/local",
	}
	header := filepath.Join(lib.IncludeDir, apiInclude, "torch", "version.h")
	text, err := os.ReadFile(header)
	if err != nil {
		return libtorch{}, fmt.Errorf("%s is no libtorch for C++: %w", root, err)
	}
	if root == "/usr" {
		// A distribution's libraries lie in a folder named after the
		// architecture.
		if dirs, _ := filepath.Glob("/usr/lib/*/" + libraryName); len(dirs) > 0 {
			lib.LibDir = filepath.Dir(dirs[0])
		}
	}
	if _, err := os.Stat(filepath.Join(lib.LibDir, libraryName)); err != nil {
		return libtorch{}, fmt.Errorf("%s is no libtorch for C++: %w", root, err)
	}
	if lib.Version, err = libtorchVersion(root, string(text)); err != nil {
		return libtorch{}, fmt.Errorf("finding the version of the libtorch in %s: %w", root, err)
	}
	if _, err := os.Stat(filepath.Join(lib.LibDir, "libtorch_cuda.so")); err == nil {
		lib.CUDA = true
	}
	if lib.CXX11ABI, err = usesCXX11ABI(filepath.Join(lib.LibDir, "libc10.so")); err != nil {
		return libtorch{}, err
	}
	if lib.OpenBLAS, err = findOpenBLAS(lib.LibDir); err != nil {
		return libtorch{}, err
	}
	if lib.OpenMP, err = findOpenMP(lib.LibDir); err != nil {
		return libtorch{}, err
	}
	return lib, nil
}

var (
	headerVersion = regexp.MustCompile(`(?m)^#define TORCH_VERSION\s*\\?\s*"([^"]+)"`)
	headerPart    = regexp.MustCompile(`(?m)^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) (\d+)`)
	pythonVersion = regexp.MustCompile(`(?m)^__version__\s*=\s*['"]([^'"]+)['"]`)
)

// libtorchVersion prefers what tells the build too (2.1.1+cpu) to the header's
// text: an archive's build-version, a Python package's version.py, the version
// of Debian's package.
func libtorchVersion(root, header string) (string, error) {
	if text, err := os.ReadFile(filepath.Join(root, "build-version")); err == nil {
		return firstLine(string(text)), nil
	}
	if text, err := os.ReadFile(filepath.Join(root, "version.py")); err == nil {
		if m := pythonVersion.FindSubmatch(text); m != nil {
			return string(m[1]), nil
		}
	}
	if root == "/usr" {
		text, err := exec.Command("dpkg-query", "--show", "--showformat=${Version}", "libtorch-dev").Output()
		if err == nil && len(text) > 0 {
			return firstLine(string(text)), nil
		}
	}
	if m := headerVersion.FindStringSubmatch(header); m != nil {
		return m[1], nil
	}
	parts := map[string]string{}
	for _, m := range headerPart.FindAllStringSubmatch(header, -1) {
		parts[m[1]] = m[2]
	}
	if parts["MAJOR"] == "" || parts["MINOR"] == "" {
		return "", fmt.Errorf("torch/version.h defines no TORCH_VERSION")
	}
	return parts["MAJOR"] + "." + parts["MINOR"] + "." + parts["PATCH"], nil
}

// usesCXX11ABI tells from the symbols of libc10 whether its strings are those
// of C++11. Code that is compiled the other way does not link.
func usesCXX11ABI(path string) (bool, error) {
	f, err := elf.Open(path)
	if err != nil {
		return false, fmt.Errorf("reading the symbols of %s: %w", path, err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return false, fmt.Errorf("reading the symbols of %s: %w", path, err)
	}
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && strings.Contains(s.Name, "3c10") && strings.Contains(s.Name, "__cxx11") {
			return true, nil
		}
	}
	return false, nil
}

// findOpenBLAS returns the folder of OpenBLAS's OpenMP variant, if it is
// installed and libtorch takes its BLAS from the system. The other variants
// have a thread pool of their own, which fights with libtorch's: a model then
// decodes several times slower.
func findOpenBLAS(libDir string) (string, error) {
	needed, err := importedLibraries(filepath.Join(libDir, libraryName))
	if err != nil {
		return "", err
	}
	if !slices.Contains(needed, blasLibraries[1]) {
		return "", nil
	}
	folder := filepath.Join(libDir, "openblas-openmp")
	for _, name := range blasLibraries {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return "", nil
		}
	}
	return folder, nil
}

// findOpenMP returns the name of the OpenMP library that libtorch is linked
// with. Official builds bring one under a name of its own, and code of ours
// that is linked with another would have threads that fight with libtorch's.
func findOpenMP(libDir string) (string, error) {
	needed, err := importedLibraries(filepath.Join(libDir, libraryName))
	if err != nil {
		return "", err
	}
	for _, name := range needed {
		if strings.HasPrefix(name, "libgomp") || strings.HasPrefix(name, "libiomp") || strings.HasPrefix(name, "libomp") {
			return name, nil
		}
	}
	return "", nil
}

func importedLibraries(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading what %s is linked with: %w", path, err)
	}
	defer f.Close()
	needed, err := f.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("reading what %s is linked with: %w", path, err)
	}
	return needed, nil
}

// standard returns the C++ standard that this libtorch's headers ask for.
func (lib libtorch) standard() string {
	major, rest, _ := strings.Cut(lib.Version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, _ := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	if a > 2 || a == 2 && b >= 15 {
		return "c++20"
	}
	return "c++17"
}

package doctor

import (
	"debug/elf"
	"path"
	"slices"
	"strings"
)

// The ways a BLAS uses more than one core.
const (
	OpenMPThreads = "OpenMP"      // libtorch's own threads
	OwnThreads    = "own threads" // a second pool, beside libtorch's
	OneThread     = "one thread"
)

// BLAS is the library that multiplies matrices.
type BLAS struct {
	// Name is OpenBLAS, MKL, BLIS, ATLAS, reference, or "within libtorch"
	// where no library of its own is loaded.
	Name string `json:"name"`
	// Path is empty where the BLAS lies within libtorch.
	Path string `json:"path"`
	// Threading is one of the constants above, or empty where it is not known.
	Threading string `json:"threading"`
	// Core is the processor that OpenBLAS's kernels were written for, and
	// Better the one whose kernels this processor could run, where OpenBLAS
	// does not know it; both may be empty.
	Core   string `json:"core"`
	Better string `json:"better_core"`
}

// parseMaps returns the shared objects in /proc/self/maps, each once, in the
// order of their addresses.
func parseMaps(maps string) []string {
	var found []string
	for line := range strings.Lines(maps) {
		// Address, permissions, offset, device, inode, and a path that may
		// hold spaces.
		i := strings.Index(line, "/")
		if i < 0 {
			continue
		}
		file := strings.TrimSuffix(strings.TrimSpace(line[i:]), " (deleted)")
		name := path.Base(file)
		if (strings.HasSuffix(name, ".so") || strings.Contains(name, ".so.")) && !slices.Contains(found, file) {
			found = append(found, file)
		}
	}
	return found
}

// findLibrary returns the first of the libraries whose file name is name,
// whatever its version; empty where there is none.
func findLibrary(libraries []string, name string) string {
	for _, file := range libraries {
		if base := path.Base(file); base == name+".so" || strings.HasPrefix(base, name+".so.") {
			return file
		}
	}
	return ""
}

// findBLAS tells which BLAS is among the loaded libraries. needed returns the
// names of the libraries that a library asks for.
func findBLAS(libraries []string, needed func(file string) []string) BLAS {
	for _, kind := range []struct{ prefix, name string }{
		// Debian's libblas.so.3 may only pass calls on to one of the others,
		// so the reference implementation comes last.
		{"libopenblas", "OpenBLAS"},
		{"libmkl_", "MKL"},
		{"libblis", "BLIS"},
		{"libatlas", "ATLAS"},
		{"libblas", "reference"},
	} {
		for _, file := range libraries {
			if strings.HasPrefix(path.Base(file), kind.prefix) {
				return BLAS{Name: kind.name, Path: file, Threading: threading(kind.name, file, needed)}
			}
		}
	}
	return BLAS{Name: "within libtorch", Threading: OpenMPThreads}
}

func threading(name, file string, needed func(string) []string) string {
	switch name {
	case "reference":
		return OneThread
	case "OpenBLAS", "BLIS":
		// Debian's folders say it; a library from elsewhere says it by what
		// it asks for.
		switch {
		case strings.Contains(file, "-serial/"):
			return OneThread
		case strings.Contains(file, "-openmp/"):
			return OpenMPThreads
		case strings.Contains(file, "-pthread/"):
			return OwnThreads
		}
		if len(findOpenMP(needed(file))) > 0 {
			return OpenMPThreads
		}
		return OwnThreads
	}
	return ""
}

// findOpenMP returns those of the libraries that are OpenMP runtimes.
func findOpenMP(libraries []string) []string {
	var found []string
	for _, file := range libraries {
		base := path.Base(file)
		for _, prefix := range []string{"libgomp", "libiomp5", "libomp."} {
			if strings.HasPrefix(base, prefix) {
				found = append(found, file)
			}
		}
	}
	return found
}

// neededBy returns the names of the libraries that a library asks for; none
// where it cannot be read.
func neededBy(file string) []string {
	f, err := elf.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, err := f.ImportedLibraries()
	if err != nil {
		return nil
	}
	return names
}

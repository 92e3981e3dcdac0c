package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	flagsFile = "lib.go"
	factsFile = "fitted.go"
)

// includeFlags returns the include options for libtorch's headers. A folder
// that the compiler searches anyway is left out, because naming it would
// change the order in which the system's own headers are found.
func (lib libtorch) includeFlags() []string {
	var flags []string
	if !lib.System {
		flags = append(flags, "-I"+lib.IncludeDir)
	}
	return append(flags, "-I"+filepath.Join(lib.IncludeDir, apiInclude))
}

// compileFlags returns what torch_api.cpp is compiled with, except for the
// level of optimisation.
func (lib libtorch) compileFlags() []string {
	abi := 0
	if lib.CXX11ABI {
		abi = 1
	}
	flags := []string{"-std=" + lib.standard(), "-w", fmt.Sprintf("-D_GLIBCXX_USE_CXX11_ABI=%d", abi)}
	return append(flags, lib.includeFlags()...)
}

// linkFlags returns the libraries. CUDA's registers its operators when it is
// loaded and nothing refers to it by name, and OpenBLAS is there to be found
// before the system's choice of it is, so the linker must not drop them for
// seeming unused, as Ubuntu's does by default.
func (lib libtorch) linkFlags() []string {
	var flags []string
	if !lib.System {
		flags = append(flags, "-L"+lib.LibDir, "-Wl,-rpath,"+lib.LibDir)
	}
	flags = append(flags, "-Wl,--no-as-needed", "-ltorch", "-ltorch_cpu", "-lc10")
	if lib.OpenBLAS != "" {
		flags = append(flags, "-L"+lib.OpenBLAS, "-Wl,-rpath,"+lib.OpenBLAS)
		for _, name := range blasLibraries {
			flags = append(flags, "-l:"+name)
		}
	}
	if lib.CUDA {
		flags = append(flags, "-ltorch_cuda", "-lc10_cuda")
	}
	return append(flags, "-Wl,--as-needed", "-lstdc++", "-lm")
}

// wrapperFlags are gotch's. The wrapper is compiled without optimisation and
// debugging symbols: it only passes arguments on, so its operations are no
// slower, and it compiles in a quarter of the time.
func wrapperFlags(lib libtorch) []string { return append(lib.compileFlags(), "-O0", "-g0") }

// writeFlags gives the package in folder, which is named after it, the cgo
// flags for lib.
func writeFlags(folder string, lib libtorch, compile, link []string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\n", filepath.Base(folder))
	fmt.Fprintf(&b, "// Fitted to libtorch %s in %s.\n\n", lib.Version, lib.Root)
	b.WriteString("// #cgo CFLAGS: -I${SRCDIR} -w\n")
	line := func(name string, flags []string) error {
		fmt.Fprintf(&b, "// #cgo %s:", name)
		for _, f := range flags {
			if strings.ContainsAny(f, "\"'\\\n$`") {
				return fmt.Errorf("the libtorch in %s cannot be used: cgo takes no quotes, backslashes or dollar signs in a path", lib.Root)
			}
			if strings.Contains(f, " ") {
				f = strconv.Quote(f)
			}
			b.WriteString(" " + f)
		}
		b.WriteString("\n")
		return nil
	}
	if err := line("CXXFLAGS", compile); err != nil {
		return err
	}
	if err := line("LDFLAGS", link); err != nil {
		return err
	}
	b.WriteString("import \"C\"\n")
	return os.WriteFile(filepath.Join(folder, flagsFile), []byte(b.String()), 0o644)
}

// writeFacts adds a Go file to the fitted package that tells a program what it
// was fitted to.
func writeFacts(folder string, lib libtorch, missing []string) error {
	var b strings.Builder
	fmt.Fprintf(&b, `package libtch

// What this copy of gotch was fitted to.
const (
	GotchVersion    = %q
	LibtorchVersion = %q
	LibtorchFolder  = %q
	LibtorchCUDA    = %t
)

// MissingFunctions are the C functions that this libtorch cannot serve. They
// fail with their name when called.
var MissingFunctions = []string{
`, gotchVersion, lib.Version, lib.Root, lib.CUDA)
	for _, name := range missing {
		fmt.Fprintf(&b, "\t%q,\n", name)
	}
	b.WriteString("}\n")
	return os.WriteFile(filepath.Join(folder, factsFile), []byte(b.String()), 0o644)
}

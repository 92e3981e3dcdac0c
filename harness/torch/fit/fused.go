package main

import (
	"embed"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fusedSources are the package fused: operations that libtorch takes several
// passes over memory for, in one. Its Go file has another ending here, since
// without the flags that the fitter writes it does not compile.
//
//go:embed fused
var fusedSources embed.FS

// addFused lays the package fused into folder, with flags for lib.
func addFused(folder string, lib libtorch) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	entries, err := fs.ReadDir(fusedSources, "fused")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := fs.ReadFile(fusedSources, "fused/"+e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, strings.TrimSuffix(e.Name(), ".in")), text, 0o644); err != nil {
			return err
		}
	}
	return writeFlags(folder, lib, lib.fusedFlags(), lib.fusedLinkFlags())
}

// fusedFlags are what the package fused is compiled with. Its loops share out
// their rows by libtorch's parallel_for, a template that does so only where
// OpenMP is on.
func (lib libtorch) fusedFlags() []string {
	flags := append(lib.compileFlags(), "-O3", "-g0", "-Wno-psabi")
	if lib.OpenMP == "" {
		return append(flags, "-fopenmp-simd")
	}
	return append(flags, "-fopenmp")
}

func (lib libtorch) fusedLinkFlags() []string {
	flags := append(lib.linkFlags(), "-ldl")
	if lib.OpenMP != "" {
		flags = append(flags, "-L"+lib.LibDir, "-l:"+lib.OpenMP)
	}
	return flags
}

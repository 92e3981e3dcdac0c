package main

import (
	"os"
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
		folder := filepath.Join(t.TempDir(), "fused")
		if err := addFused(folder, lib); err != nil {
			t.Fatal(err)
		}
		flags := read(t, filepath.Join(folder, flagsFile))
		if !strings.HasPrefix(flags, "package fused\n") {
			t.Errorf("the flags are of another package:\n%s", flags)
		}
		for _, flag := range want {
			if !strings.Contains(flags, flag) {
				t.Errorf("with OpenMP library %q, %q is not among the flags:\n%s", openMP, flag, flags)
			}
		}
		if openMP == "" && strings.Contains(flags, "libgomp") {
			t.Errorf("a libtorch without threads is linked with some:\n%s", flags)
		}
		for _, name := range []string{"binding.go", "device.cpp", "device.h", "fused.cpp", "fused.h", "kernels.cpp", "kernels.cu", "kernels.h"} {
			if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
				t.Error(err)
			}
		}
	}
}

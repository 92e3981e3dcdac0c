// Package blas sees to it that OpenBLAS computes with what the processor has.
//
// OpenBLAS chooses its kernels as it is loaded, by the processor's model. On a
// model that is newer than it, Debian 12's release, 0.3.21, takes those of a
// Pentium 4: on a Xeon of the fifth generation training runs at a third of the
// speed. What it should choose can be said by an environment
// variable before it is loaded, which is before a program's first line. So a
// process that finds itself with those kernels starts itself again, once, with
// the variable set. Importing the package is enough.
package blas

/*
#cgo LDFLAGS: -ldl
#define _GNU_SOURCE
#include <dlfcn.h>

static const char *core(void) {
	const char *(*name)(void) = (const char *(*)(void)) dlsym(RTLD_DEFAULT, "openblas_get_corename");
	return name ? name() : 0;
}
*/
import "C"

import (
	"os"
	"syscall"

	"golang.org/x/sys/cpu"
)

// Variable is the environment variable by which OpenBLAS is told whose kernels
// to use. Where a user has set it, it stands.
const Variable = "OPENBLAS_CORETYPE"

// oldest are the kernels that OpenBLAS takes on an x86 processor that it does
// not know.
const oldest = "Prescott"

func init() {
	better := Better()
	if better == "" || os.Getenv(Variable) != "" {
		return
	}
	program, err := os.Executable()
	if err != nil {
		return
	}
	// Where this fails the program goes on, slowly, and the doctor says so.
	syscall.Exec(program, os.Args, append(os.Environ(), Variable+"="+better))
}

// Core names the processor for which OpenBLAS's kernels were written that this
// process uses; empty where OpenBLAS is not loaded.
func Core() string { return C.GoString(C.core()) }

// Better names the processor whose kernels this one can run where OpenBLAS has
// taken those that run anywhere; empty where it has chosen well.
func Better() string { return better(Core(), hasAVX2(), hasAVX512()) }

func better(core string, avx2, avx512 bool) string {
	switch {
	case core != oldest:
		return ""
	case avx512:
		return "SkylakeX"
	case avx2:
		return "Haswell"
	}
	return ""
}

func hasAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

func hasAVX512() bool {
	return hasAVX2() && cpu.X86.HasAVX512F && cpu.X86.HasAVX512CD && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL
}

// Command fit makes the copy of gotch's package libtch that lastmile is built
// with, and the cgo flags of lastmile's own C++.
//
// gotch binds libtorch's C++ functions to Go, but as published it links only
// where a CUDA libtorch lies inside its own folder, and only one version of
// libtorch declares every function that it wraps. A module in the module cache
// is read-only, so lastmile's go.mod replaces gotch by a folder that git
// ignores, and this command fills that folder: it copies gotch's package
// libtch, writes compiler and linker flags for the libtorch at hand, and lets
// the functions which that libtorch lacks fail with their name instead of
// keeping everything from compiling. How the copy was made is kept beside it, so
// that a second call does nothing. Lastmile's package fused needs flags for the
// same libtorch, in a Go file that git ignores too.
//
// The command is a module of its own, and uses nothing but Go's standard
// library, because it has to run before the main module can be built.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	out := flag.String("out", "", "`folder` to fill with the fitted copy of gotch")
	fused := flag.String("fused", "", "`folder` of the package fused, which gets its cgo flags")
	libtorch := flag.String("libtorch", "", "`folder` of libtorch, with include and lib; \"system\" for the one that the compiler finds; empty keeps the last choice")
	check := flag.Bool("check", false, "only tell by the exit code whether the copy and the flags are there and up to date")
	flag.Parse()
	if *out == "" || *fused == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, *fused, *libtorch, *check, os.Stdout); err != nil {
		if *check {
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(1)
	}
}

var errStale = errors.New("the fitted copy of gotch or the flags of fused are missing or out of date")

// run brings the folder out, and the flags in the folder fused, up to date with
// the libtorch that choice names (see [chooseLibtorch]). With check it changes
// nothing and returns errStale where there would be something to do.
func run(out, fused, choice string, check bool, log io.Writer) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	old, err := readStamp(out)
	if err != nil {
		return err
	}
	lib, err := chooseLibtorch(choice, old)
	if err != nil {
		return err
	}
	compiler, err := findCompiler()
	if err != nil {
		return err
	}
	want, err := newStamp(lib, compiler)
	if err != nil {
		return err
	}
	flags, err := fusedFlags(lib)
	if err != nil {
		return err
	}
	flagged := holds(filepath.Join(fused, fusedFile), flags)
	if old != nil && *old == want && flagged {
		return nil
	}
	if check {
		return errStale
	}

	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	unlock, err := lock(out + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	// Another process may have made the copy while this one waited.
	if old, err = readStamp(out); err != nil || old == nil || *old != want {
		if err := fit(out, lib, compiler, want, log); err != nil {
			return err
		}
	}
	return replaceFile(filepath.Join(fused, fusedFile), flags, filepath.Dir(out))
}

// fit makes the copy in a temporary folder beside out and moves it there when
// it is complete.
func fit(out string, lib libtorch, cxx compiler, s stamp, log io.Writer) error {
	if err := removeLeftovers(out); err != nil {
		return err
	}
	fmt.Fprintf(log, "Fitting gotch %s to libtorch %s in %s.\n", gotchVersion, lib.Version, lib.Root)
	source, err := downloadGotch()
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(out), filepath.Base(out)+newSuffix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := copyGotch(source, tmp); err != nil {
		return err
	}
	missing, err := mend(filepath.Join(tmp, "libtch"), lib, cxx, log)
	if err != nil {
		return err
	}
	flags, err := flagsText("libtch", lib, wrapperFlags(lib), lib.linkFlags())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tmp, "libtch", flagsFile), []byte(flags), 0o644); err != nil {
		return err
	}
	if err := writeFacts(filepath.Join(tmp, "libtch"), lib, missing); err != nil {
		return err
	}
	if err := s.write(tmp); err != nil {
		return err
	}
	if err := replaceFolder(tmp, out); err != nil {
		return err
	}
	if len(missing) > 0 {
		fmt.Fprintf(log, "This libtorch lacks %d of gotch's functions; they fail with their name when called.\n", len(missing))
	}
	return nil
}

// newSuffix and oldSuffix mark folders that are only there while a copy is
// made.
const (
	newSuffix = ".new-"
	oldSuffix = ".old-"
)

// removeLeftovers removes what a call that was killed left beside out.
func removeLeftovers(out string) error {
	for _, suffix := range []string{newSuffix, oldSuffix} {
		left, err := filepath.Glob(out + suffix + "*")
		if err != nil {
			return err
		}
		for _, path := range left {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaceFolder moves the folder made to out, whatever was there before. Out is
// missing only for the moment between two renames, since a build may be reading
// it.
func replaceFolder(made, out string) error {
	old := fmt.Sprintf("%s%s%d", out, oldSuffix, os.Getpid())
	if err := os.Rename(out, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(made, out); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// holds reports whether the file at path has the text.
func holds(path, text string) bool {
	found, err := os.ReadFile(path)
	return err == nil && string(found) == text
}

// replaceFile lets the file at path have the text, by way of the folder beside,
// unless it has it: a build may be reading it.
func replaceFile(path, text, beside string) error {
	if holds(path, text) {
		return nil
	}
	made := filepath.Join(beside, filepath.Base(path)+newSuffix+strconv.Itoa(os.Getpid()))
	if err := os.WriteFile(made, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(made, path)
}

// lock waits until this process alone holds the lock file at path.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// firstLine returns text up to its first line break.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

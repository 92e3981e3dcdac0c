// Command fit makes the copy of gotch's package libtch that lastmile is built
// with.
//
// gotch binds libtorch's C++ functions to Go, but as published it links only
// where a CUDA libtorch lies inside its own folder, and only one version of
// libtorch declares every function that it wraps. A module in the module cache
// is read-only, so lastmile's go.mod replaces gotch by a folder that git
// ignores, and this command fills that folder: it copies gotch's package
// libtch, writes compiler and linker flags for the libtorch at hand, and lets
// the functions which that libtorch lacks fail with their name instead of
// keeping everything from compiling. Beside libtch it lays a package of
// lastmile's own, fused, whose C++ needs the same flags. How the copy was made
// is kept beside it, so that a second call does nothing.
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
	"strings"
	"syscall"
)

func main() {
	out := flag.String("out", "", "`folder` to fill with the fitted copy of gotch")
	libtorch := flag.String("libtorch", "", "`folder` of libtorch, with include and lib; \"system\" for the one that the compiler finds; empty keeps the last choice")
	check := flag.Bool("check", false, "only tell by the exit code whether the copy is there and up to date")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, *libtorch, *check, os.Stdout); err != nil {
		if *check {
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(1)
	}
}

var errStale = errors.New("the fitted copy of gotch is missing or out of date")

// run brings the folder out up to date with the libtorch that choice names
// (see [chooseLibtorch]). With check it changes nothing and returns errStale
// where there would be something to do.
func run(out, choice string, check bool, log io.Writer) error {
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
	if old != nil && *old == want {
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
	if old, err = readStamp(out); err == nil && old != nil && *old == want {
		return nil
	}
	return fit(out, lib, compiler, want, log)
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
	if err := writeFlags(filepath.Join(tmp, "libtch"), lib, wrapperFlags(lib), lib.linkFlags()); err != nil {
		return err
	}
	if err := addFused(filepath.Join(tmp, "fused"), lib); err != nil {
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

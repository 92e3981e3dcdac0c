package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	wrapperFile   = "torch_api.cpp"
	generatedFile = "torch_api_generated.cpp.h"
)

// maxRounds bounds the search for functions that do not compile. One round was
// enough for every libtorch tried: the compiler reports all errors at once.
const maxRounds = 8

// mend replaces the bodies of those generated functions in folder that do not
// compile against lib, until everything does, and returns their names.
func mend(folder string, lib libtorch, cxx compiler, log io.Writer) ([]string, error) {
	path := filepath.Join(folder, generatedFile)
	var missing []string
	for range maxRounds {
		fmt.Fprintln(log, "Checking gotch's functions against this libtorch's headers …")
		output, err := checkSyntax(folder, lib, cxx)
		if err != nil {
			return nil, err
		}
		if output == "" {
			return missing, nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		mended, names, err := replaceBroken(string(source), output)
		if err != nil {
			return nil, fmt.Errorf("gotch %s does not compile against libtorch %s in %s: %w", gotchVersion, lib.Version, lib.Root, err)
		}
		missing = append(missing, names...)
		if err := os.WriteFile(path, []byte(mended), 0o644); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("gotch %s does not compile against libtorch %s in %s: still not after %d rounds of taking functions out", gotchVersion, lib.Version, lib.Root, maxRounds)
}

// checkSyntax compiles the wrapper without writing anything and returns the
// compiler's complaints, empty when there are none.
func checkSyntax(folder string, lib libtorch, cxx compiler) (string, error) {
	args := []string{"-fsyntax-only", "-fmax-errors=0", "-fno-diagnostics-show-caret", "-fdiagnostics-color=never", "-I."}
	args = append(args, lib.compileFlags()...)
	cmd := exec.Command(cxx.Path, append(args, wrapperFile)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &exit) && output.Len() > 0:
		return output.String(), nil
	}
	return "", fmt.Errorf("running %s: %w", cxx.Path, err)
}

var (
	// functionStart is how gotch's generator begins each function.
	functionStart = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_ ]*[ *]+)(at[a-z]*_[A-Za-z0-9_]+)\(.*\) \{$`)
	// brokenLine is where in the generated file the compiler found an error:
	// in the file itself, or in a template that was called from there.
	brokenLine = regexp.MustCompile(`^(?:.*/)?` + regexp.QuoteMeta(generatedFile) + `:(\d+):(?:\d+:)?\s+(?:(?:fatal )?error:|required from here)`)
	anyError   = regexp.MustCompile(`:\d+:(?:\d+:)? (?:fatal )?error: `)
)

// function is the extent of one generated function, in line numbers from 0.
type function struct {
	Name        string
	Void        bool
	First, Last int // the line with the opening brace, and with the closing one
}

// findFunctions returns the functions of a generated file in order.
func findFunctions(lines []string) []function {
	var found []function
	open := false
	for i, line := range lines {
		if open {
			if line == "}" {
				found[len(found)-1].Last = i
				open = false
			}
			continue
		}
		if m := functionStart.FindStringSubmatch(line); m != nil {
			found = append(found, function{Name: m[2], Void: strings.TrimSpace(m[1]) == "void", First: i})
			open = true
		}
	}
	if open {
		found = found[:len(found)-1]
	}
	return found
}

// replaceBroken gives the functions that the compiler's output blames a body
// that throws their name, and returns the new source and the names.
func replaceBroken(source, output string) (mended string, names []string, err error) {
	lines := strings.Split(source, "\n")
	functions := findFunctions(lines)
	if len(functions) == 0 {
		return "", nil, fmt.Errorf("%s holds no functions of the shape that this fitter knows", generatedFile)
	}
	broken := map[int]bool{} // index of the function
	for text := range strings.Lines(output) {
		m := brokenLine.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		line, err := strconv.Atoi(m[1])
		if err != nil {
			return "", nil, err
		}
		i, ok := slices.BinarySearchFunc(functions, line-1, func(f function, line int) int {
			switch {
			case f.Last < line:
				return -1
			case f.First > line:
				return 1
			}
			return 0
		})
		// An error in a function's first line is one of its declaration,
		// which another body does not mend.
		if !ok || functions[i].First == line-1 {
			return "", nil, fmt.Errorf("an error outside of any function's body: %s", strings.TrimSpace(text))
		}
		broken[i] = true
	}
	if len(broken) == 0 {
		return "", nil, fmt.Errorf("an error outside of the generated functions: %s", firstError(output))
	}
	var b strings.Builder
	next := 0
	for i, f := range functions {
		if !broken[i] {
			continue
		}
		names = append(names, f.Name)
		for _, line := range lines[next : f.First+1] {
			b.WriteString(line + "\n")
		}
		fmt.Fprintf(&b, "  PROTECT(\n    throw std::runtime_error(\"%s is not in this version of libtorch\");\n  )\n", f.Name)
		if !f.Void {
			b.WriteString("  return {};\n")
		}
		next = f.Last
	}
	b.WriteString(strings.Join(lines[next:], "\n"))
	return b.String(), names, nil
}

// firstError returns the first line of the compiler's output that reports an
// error.
func firstError(output string) string {
	for line := range strings.Lines(output) {
		if anyError.MatchString(line) {
			return strings.TrimSpace(line)
		}
	}
	return firstLine(output)
}

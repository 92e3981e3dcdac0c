package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	gotchPath    = "github.com/sugarme/gotch"
	gotchVersion = "v0.9.1"
	// gotchSum is the hash of the module's content, as go.sum holds it.
	gotchSum = "h1:J6JCE1C2AfPmM1xk0p46LdzWtfNvbvZZnWdkj9v54jo="
)

// gotchModFile is the go.mod of the fitted copy. It has no requirements:
// libtch imports nothing, and what the rest of gotch needs must not become a
// requirement of lastmile.
const gotchModFile = "module " + gotchPath + "\n\ngo 1.20\n"

// downloadGotch returns gotch's folder in the module cache, fetching it where
// it is not there yet. The main module's replacement would stand in the way, so
// an empty module asks for it.
func downloadGotch() (string, error) {
	tmp, err := os.MkdirTemp("", "lastmile-download-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := os.WriteFile(filepath.Join(tmp, "go.mod"), []byte("module download\n\ngo 1.20\n"), 0o644); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "mod", "download", "-json", gotchPath+"@"+gotchVersion)
	cmd.Dir = tmp
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	text, runErr := cmd.Output()
	var m struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(text, &m); err != nil {
		if runErr != nil {
			err = runErr
		}
		return "", fmt.Errorf("downloading %s %s: %w", gotchPath, gotchVersion, err)
	}
	if m.Error != "" {
		return "", fmt.Errorf("downloading %s %s: %s", gotchPath, gotchVersion, m.Error)
	}
	if m.Sum != gotchSum {
		return "", fmt.Errorf("gotch %s in %s has the checksum %s, expected %s: it is not the module that this fitter was written for",
			gotchVersion, m.Dir, m.Sum, gotchSum)
	}
	return m.Dir, nil
}

// copyGotch copies the package libtch and gotch's licence from the folder
// source to the folder target, and writes a go.mod without requirements.
func copyGotch(source, target string) error {
	mod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return fmt.Errorf("reading gotch: %w", err)
	}
	if line := firstLine(string(mod)); line != "module "+gotchPath {
		return fmt.Errorf("%s starts with %q, expected %q: it is not gotch", filepath.Join(source, "go.mod"), line, "module "+gotchPath)
	}
	if err := os.WriteFile(filepath.Join(target, "go.mod"), []byte(gotchModFile), 0o644); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(source, "LICENSE"), filepath.Join(target, "LICENSE")); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(source, "libtch"))
	if err != nil {
		return fmt.Errorf("reading gotch: %w", err)
	}
	if err := os.Mkdir(filepath.Join(target, "libtch"), 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			return fmt.Errorf("gotch's package libtch holds a folder %s, expected files only", e.Name())
		}
		if err := copyFile(filepath.Join(source, "libtch", e.Name()), filepath.Join(target, "libtch", e.Name())); err != nil {
			return err
		}
	}
	for _, name := range []string{flagsFile, wrapperFile, generatedFile} {
		if _, err := os.Stat(filepath.Join(target, "libtch", name)); err != nil {
			return fmt.Errorf("gotch's package libtch has no %s, which this fitter has to change", name)
		}
	}
	flags, err := os.ReadFile(filepath.Join(target, "libtch", flagsFile))
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(flags), "package libtch\n") || !strings.Contains(string(flags), "#cgo LDFLAGS") {
		return fmt.Errorf("gotch's libtch/%s does not hold the cgo flags that this fitter has to replace", flagsFile)
	}
	return nil
}

// copyFile copies a file of the module cache. The copy can be written to, as
// opposed to its original.
func copyFile(source, target string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return fmt.Errorf("copying %s: %w", source, err)
	}
	return out.Close()
}

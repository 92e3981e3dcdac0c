package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stampFile lies in the fitted copy's root folder.
const stampFile = "fitted.json"

// ownSources is part of the stamp, so that a change of the fitter makes a new
// copy.
//
//go:embed *.go
var ownSources embed.FS

// stamp says what a fitted copy was made from. Two equal stamps mean the same
// copy.
type stamp struct {
	Gotch    string `json:"gotch"`    // version of gotch
	Fitter   string `json:"fitter"`   // hash of the fitter's sources
	Compiler string `json:"compiler"` // what the C++ compiler says it is
	Libtorch string `json:"libtorch"` // libtorch's root folder
	Version  string `json:"version"`  // libtorch's version
	Library  string `json:"library"`  // path, size and time of libtorch_cpu.so
	OpenBLAS string `json:"openblas"` // folder of the OpenBLAS to link with, if any
}

func newStamp(lib libtorch, cxx compiler) (stamp, error) {
	hash, err := hashSources(ownSources)
	if err != nil {
		return stamp{}, err
	}
	path, err := filepath.EvalSymlinks(filepath.Join(lib.LibDir, libraryName))
	if err != nil {
		return stamp{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{
		Gotch:    gotchVersion,
		Fitter:   hash,
		Compiler: cxx.Version,
		Libtorch: lib.Root,
		Version:  lib.Version,
		Library:  fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano()),
		OpenBLAS: lib.OpenBLAS,
	}, nil
}

// readStamp returns the stamp of the copy in folder, nil where there is none
// or it cannot be read as one: then a new copy is made.
func readStamp(folder string) (*stamp, error) {
	text, err := os.ReadFile(filepath.Join(folder, stampFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s stamp
	if json.Unmarshal(text, &s) != nil {
		return nil, nil
	}
	return &s, nil
}

func (s stamp) write(folder string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, stampFile), append(text, '\n'), 0o644)
}

func hashSources(sources fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if matched, _ := filepath.Match("*_test.go", path); matched {
			return nil
		}
		text, err := fs.ReadFile(sources, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", path, len(text))
		h.Write(text)
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

package stage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Unneeded is what of a work folder nothing needs any more.
type Unneeded struct {
	// Stages are the folders of artifacts and of tries, with their sizes in bytes.
	Stages []Removable `json:"stages"`
	Bytes  int64       `json:"bytes"`
}

// Removable is a folder.
type Removable struct {
	Kind   string `json:"kind"`
	Folder string `json:"folder"`
	Bytes  int64  `json:"bytes"`
}

// Unneeded lists the artifacts and unfinished tries of all stages but those with the
// given keys and what these were made of, by kind.
func (s *Store) Unneeded(needed []string) (Unneeded, error) {
	found := Unneeded{Stages: []Removable{}}
	kept := map[string]bool{}
	for _, key := range needed {
		kept[short(key)] = true
	}
	artifacts, err := s.Artifacts()
	if err != nil {
		return found, err
	}
	kinds := map[string]string{}
	for _, of := range artifacts {
		kinds[of.Key] = of.Kind
	}
	var keep func(key string)
	keep = func(key string) {
		kept[key] = true
		record, _, _ := readRecord(s.Folder(kinds[key], key), key) // a damaged one was made of nothing that is known
		for _, input := range record.Inputs {
			if input := short(input); !kept[input] {
				keep(input)
			}
		}
	}
	for _, key := range needed {
		if kinds[short(key)] != "" {
			keep(short(key))
		}
	}
	add := func(kind, folder string) error {
		bytes, err := sizeOf(folder)
		found.Stages = append(found.Stages, Removable{kind, folder, bytes})
		found.Bytes += bytes
		return err
	}
	for _, kind := range namesIn(filepath.Join(s.Dir, stagesDir)) {
		for _, key := range namesIn(filepath.Join(s.Dir, stagesDir, kind)) {
			if !kept[key] {
				if err := add(kind, s.Folder(kind, key)); err != nil {
					return found, err
				}
			}
		}
	}
	for _, name := range namesIn(filepath.Join(s.Dir, partialDir)) {
		of, _, ofTry := strings.Cut(name, attemptSuffix)
		if cut := len(of) - keyDigits; !ofTry && cut > 1 && !kept[of[cut:]] {
			if err := add(of[:cut-1], s.partial(name)); err != nil {
				return found, err
			}
		}
	}
	slices.SortStableFunc(found.Stages, func(a, b Removable) int { return strings.Compare(a.Kind, b.Kind) })
	return found, nil
}

// Remove removes what [Store.Unneeded] has found. The caller has the work folder for
// itself, by [Store.Alone].
func (s *Store) Remove(u Unneeded) error {
	for _, of := range u.Stages {
		// Without its stage.json, what is left of a folder is no artifact.
		if err := os.Remove(filepath.Join(of.Folder, recordName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.RemoveAll(of.Folder); err != nil {
			return err
		}
		name := filepath.Base(of.Folder)
		if filepath.Dir(of.Folder) != filepath.Join(s.Dir, partialDir) {
			name = id(of.Kind, name)
		}
		os.Remove(s.attemptPath(name))
		os.Remove(s.log(name))
	}
	return nil
}

// Forget removes what unfinished tries of a stage have left: their checkpoint, why the
// last one failed, and its log. The error is a [*HeldError] where a process computes the
// stage.
func (s *Store) Forget(st *Stage) error {
	l, owner, err := tryLock(s.lockPath(st.ID()))
	if err != nil {
		return err
	}
	if l == nil {
		return &HeldError{owner}
	}
	defer l.release()
	for _, path := range []string{s.partial(st.ID()), s.attemptPath(st.ID()), s.Log(st)} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf is the size of all files in a folder.
func sizeOf(folder string) (bytes int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

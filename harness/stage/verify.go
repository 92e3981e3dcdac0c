package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Verification says how [Store.Verify] goes about it.
type Verification struct {
	// DryRun leaves everything as it is.
	DryRun bool
	// Progress is told how many of the artifacts were looked at, and of a damaged
	// one what is wrong with it.
	Progress func(done, total int, damaged *DamagedError)
}

// Verified is what a verification came to.
type Verified struct {
	// Artifacts were looked at, with so many bytes.
	Artifacts int   `json:"artifacts"`
	Bytes     int64 `json:"bytes"`
	// Damaged says which are damaged and how.
	Damaged []string `json:"damaged"`
	// Recorded counts those of an earlier version without checksums: they have them now,
	// of what is there now.
	Recorded int `json:"recorded"`
}

// Verify hashes every file of every artifact. A damaged artifact becomes an unfinished
// stage, so that the next run computes it again.
func (s *Store) Verify(ctx context.Context, v Verification) (Verified, error) {
	done := Verified{Damaged: []string{}}
	all, err := s.Artifacts()
	if err != nil {
		return done, err
	}
	for i, of := range all {
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
		err := s.verify(ctx, of, v.DryRun, &done)
		var damaged *DamagedError
		if errors.As(err, &damaged) {
			done.Damaged = append(done.Damaged, damaged.Error())
			err = nil
			if !v.DryRun {
				err = s.Retire(ctx, of.Kind, of.Key, Full)
			}
		}
		if err != nil {
			return done, fmt.Errorf("verifying %s: %w", s.Folder(of.Kind, of.Key), err)
		}
		if v.Progress != nil {
			v.Progress(i+1, len(all), damaged)
		}
	}
	return done, nil
}

func (s *Store) verify(ctx context.Context, of Artifact, dryRun bool, done *Verified) error {
	dir := s.Folder(of.Kind, of.Key)
	record, ok, stale, err := look(ctx, dir, of.Key, Full)
	if err == nil && !ok {
		return nil // removed meanwhile
	}
	done.Artifacts++
	if err != nil {
		return err
	}
	if record.Kind != of.Kind {
		return &DamagedError{dir, fmt.Sprintf("%s is of a stage of the kind %q", recordName, record.Kind)}
	}
	if record.Files == nil && !dryRun {
		if record.Files, err = FilesOf(dir); err != nil {
			return err
		}
		done.Recorded++
		stale = true
	}
	for _, f := range record.Files {
		done.Bytes += f.Size
	}
	if stale && !dryRun {
		s.rewrite(dir, record)
	}
	return nil
}

// Artifact names a finished artifact: its kind, and the part of its key that its
// folder has as its name.
type Artifact struct{ Kind, Key string }

// Artifacts lists all finished artifacts, sorted.
func (s *Store) Artifacts() ([]Artifact, error) {
	var all []Artifact
	root := filepath.Join(s.Dir, stagesDir)
	kinds, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		folders, err := os.ReadDir(filepath.Join(root, kind.Name()))
		if err != nil && kind.IsDir() {
			return nil, err
		}
		for _, folder := range folders {
			if finished(filepath.Join(root, kind.Name(), folder.Name())) {
				all = append(all, Artifact{kind.Name(), folder.Name()})
			}
		}
	}
	return all, nil
}

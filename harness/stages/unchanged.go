package stages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"lastmile/harness/stage"
)

// unchanged lets a stage read files that no stage made, and sees to it that what it
// reads is what its key says: the files have the content that the sweep was planned
// with when reading begins, and have not been touched when it has ended. content
// hashes them as the kind's Content does; what is what the settings call them.
func unchanged(ctx context.Context, job *stage.Job, what string, content func(Hasher) (string, error), read func() error) error {
	if job.Content == "" {
		return read()
	}
	files := witness{}
	found, err := content(files)
	switch {
	case err != nil:
		return err
	case found != job.Content:
		return fmt.Errorf("%s: the files are no longer those that the sweep was planned with; the same command plans with what is there now", what)
	}
	err = read()
	if changed := files.changed(); changed != nil {
		return fmt.Errorf("%s: %w; the same command plans with what is there now", what, changed)
	}
	return err
}

// witness hashes files, and remembers what they were, by their paths.
type witness map[string]fs.FileInfo

// File implements [Hasher].
func (w witness) File(ctx context.Context, path string) (string, error) {
	hash, info, err := stage.HashFile(ctx, path)
	w[path] = info
	return hash, err
}

// changed says which file is no longer what it was.
func (w witness) changed() error {
	for _, path := range slices.Sorted(maps.Keys(w)) {
		before := w[path]
		now, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s was removed while it was read", path)
		}
		if err != nil {
			return err
		}
		if !os.SameFile(before, now) || before.Size() != now.Size() || stage.TimesOf(before) != stage.TimesOf(now) {
			return fmt.Errorf("%s was changed while it was read", path)
		}
	}
	return nil
}

package graph

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"lastmile/harness/stages"
	"lastmile/runs"
)

// checkName refuses a sweep whose name the work folder knows as another file's: its
// listing and its report would take the place of the other's. A file that was moved
// still lists runs of before.
func (g *Graph) checkName(ctx context.Context) (err error) {
	path := runs.Path(g.work)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	store, err := runs.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	names, err := store.Sweeps(ctx)
	if err != nil || !slices.Contains(names, g.Sweep.Name) {
		return err
	}
	listed, err := store.Listing(ctx, g.Sweep.Name)
	if err != nil || filepath.Clean(listed.File) == filepath.Clean(g.Sweep.File) || len(listed.Runs) == 0 {
		return err
	}
	ours := map[string]bool{}
	for _, run := range g.Runs {
		ours[run.ID] = true
	}
	if slices.ContainsFunc(listed.Runs, func(run runs.ListedRun) bool { return ours[run.Run] }) {
		return nil
	}
	return stages.Mistakef("%s: the sweep is called %q, and so is another in this work folder, %s; give it another name, or another folder with --work",
		g.Sweep.File, g.Sweep.Name, listed.File)
}

package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"lastmile/runs"
)

// OpenResults opens the store of a work folder, which must be there.
func OpenResults(ctx context.Context, work string) (*runs.Store, error) {
	path := StorePath(work)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, Mistake{fmt.Errorf("there are no results in the work folder %s: no file %s; lastmile run makes it, and --work names another folder", work, path)}
	}
	return runs.Open(ctx, path)
}

// Mistake is an error in what the user gave, as opposed to one that came up in
// the work.
type Mistake struct{ error }

// Unwrap returns the error itself.
func (m Mistake) Unwrap() error { return m.error }

// findRun returns the run that a person means by a name: the beginning of its
// ID, its label where one run has it, or "LABEL, seed N".
func findRun(ctx context.Context, store *runs.Store, name string) (runs.RunDetails, error) {
	sweeps, err := store.Sweeps(ctx)
	if err != nil {
		return runs.RunDetails{}, err
	}
	found := map[string]string{} // the run's ID to how it is called
	var known []string
	for _, sweepName := range sweeps {
		sweep, err := store.Sweep(ctx, sweepName)
		if err != nil {
			return runs.RunDetails{}, err
		}
		for _, run := range sweep.Runs {
			called := fmt.Sprintf("%s, seed %d", run.Label, run.Seed)
			known = append(known, fmt.Sprintf("%s (%s)", run.Run, called))
			if name != "" && strings.HasPrefix(run.Run, name) || name == run.Label || name == called {
				found[run.Run] = called
			}
		}
	}
	switch len(found) {
	case 1:
		for id := range found {
			return store.Run(ctx, id)
		}
	case 0:
		if len(known) == 0 {
			known = []string{"none"}
		}
		return runs.RunDetails{}, Mistake{fmt.Errorf("no run %q in %s; there are:\n  %s", name, store.Path(), strings.Join(known, "\n  "))}
	}
	var which []string
	for id, called := range found {
		which = append(which, fmt.Sprintf("%s (%s)", id, called))
	}
	slices.Sort(which)
	return runs.RunDetails{}, Mistake{fmt.Errorf("%q may be any of %d runs; say which:\n  %s", name, len(found), strings.Join(which, "\n  "))}
}

// SweepStatus is how far the runs of a sweep in the store are.
type SweepStatus struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Runs   int    `json:"runs"`
	Done   int    `json:"done"`
	Failed int    `json:"failed"`
}

// Sweeps lists the sweeps in the store of a work folder.
func Sweeps(ctx context.Context, work string) (sweeps []SweepStatus, err error) {
	store, err := OpenResults(ctx, work)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	names, err := store.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		listed, err := store.Sweep(ctx, name)
		if err != nil {
			return nil, err
		}
		status := SweepStatus{Name: name, File: listed.File, Runs: len(listed.Runs)}
		for _, run := range listed.Runs {
			switch run.Status {
			case Done:
				status.Done++
			case Failed:
				status.Failed++
			}
		}
		sweeps = append(sweeps, status)
	}
	return sweeps, nil
}

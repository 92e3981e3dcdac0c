// Package results finds runs in the store of a work folder, shows them, and puts
// their models to use.
package results

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"lastmile/harness/stages"
	"lastmile/runs"
)

// Open opens the store of a work folder, which must be there.
func Open(ctx context.Context, work string) (*runs.Store, error) {
	if err := CheckWork(work); err != nil {
		return nil, err
	}
	path := runs.Path(work)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, stages.Mistakef("there are no results in the work folder %s: no file %s; lastmile run makes it, and --work names another folder", work, path)
	}
	return runs.Open(ctx, path)
}

// CheckWork refuses a work folder that can be none.
func CheckWork(work string) error {
	if info, err := os.Stat(work); err == nil && !info.IsDir() {
		return stages.Mistakef("the work folder %s is a file, expected a folder or nothing", work)
	}
	return nil
}

// HasWork refuses a work folder that is not there.
func HasWork(work string) error {
	if err := CheckWork(work); err != nil {
		return err
	}
	if _, err := os.Stat(work); errors.Is(err, fs.ErrNotExist) {
		return stages.Mistakef("there is no work folder %s; lastmile run makes it, and --work names another", work)
	}
	return nil
}

// CheckStore looks through the store of a work folder, where there is one; the error
// says what is damaged.
func CheckStore(ctx context.Context, work string) (err error) {
	if _, err := os.Stat(runs.Path(work)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	store, err := runs.Open(ctx, runs.Path(work))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.Check(ctx)
}

// Called is how a run is told from others of its label.
func Called(r runs.FoundRun) string { return fmt.Sprintf("%s, seed %d", r.Label, r.Seed) }

// find returns the runs that a person means by a name, which are at least one:
// see [runs.Store.FindRuns]. sweep is the name of the one to look in, or "" for
// all.
func find(ctx context.Context, store *runs.Store, sweep, name string) ([]runs.FoundRun, error) {
	if sweep != "" {
		sweeps, err := store.Sweeps(ctx)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(sweeps, sweep) {
			return nil, stages.Mistakef("no sweep %q in %s; there are %s", sweep, store.Path(), Listed(sweeps))
		}
	}
	found, err := store.FindRuns(ctx, sweep, name)
	if err != nil || len(found) > 0 {
		return found, err
	}
	known, err := store.LabelNames(ctx, sweep, mostNames+1)
	if err != nil {
		return nil, err
	}
	if len(known) > mostNames {
		known = append(known[:mostNames], "…")
	}
	return nil, stages.Mistakef("no run %q in %s; there are %s", name, store.Path(), Listed(known))
}

// mostNames is how many names a message lists.
const mostNames = 20

// Listed joins names, of which there may be none.
func Listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "; ")
}

// findRun returns the one run that a person means by a name.
func findRun(ctx context.Context, store *runs.Store, name string) (runs.RunDetails, error) {
	found, err := find(ctx, store, "", name)
	if err != nil {
		return runs.RunDetails{}, err
	}
	if len(found) > 1 {
		return runs.RunDetails{}, ambiguous(name, found)
	}
	return store.Run(ctx, found[0].Run)
}

// FindGroup returns the runs that a person means by a name, which may be
// several that differ in their seed, in its order.
func FindGroup(ctx context.Context, store *runs.Store, sweep, name string) ([]runs.FoundRun, error) {
	found, err := find(ctx, store, sweep, name)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b runs.FoundRun) int { return cmp.Compare(a.Seed, b.Seed) })
	for i, r := range found[1:] {
		if r.Seed == found[i].Seed || r.Label != found[0].Label || r.Sweep != found[0].Sweep {
			return nil, ambiguous(name, found)
		}
	}
	return found, nil
}

// ambiguous says which runs a name may be.
func ambiguous(name string, found []runs.FoundRun) error {
	var which []string
	for i, r := range found {
		if i == mostNames {
			which = append(which, "…")
			break
		}
		which = append(which, fmt.Sprintf("%s (%s, in %s)", r.Run, Called(r), r.Sweep))
	}
	return stages.Mistakef("%q may be any of %d runs; say which, or which sweep: %s", name, len(found), Listed(which))
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
	store, err := Open(ctx, work)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	all, err := store.Progress(ctx)
	for _, p := range all {
		sweeps = append(sweeps, SweepStatus(p))
	}
	return sweeps, err
}

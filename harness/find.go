package harness

import (
	"cmp"
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

// namedRun is a run under the label that a sweep gives it.
type namedRun struct {
	sweep string
	runs.ListedRun
}

// called is how a run is told from others of its label.
func (r namedRun) called() string { return fmt.Sprintf("%s, seed %d", r.Label, r.Seed) }

// findRuns returns the runs that a person means by a name, by the first of
// these that fits any: a label, "LABEL, seed N", a variant, the beginning of an
// ID. sweep is the name of the one to look in, or "" for all. A run that
// several sweeps list is there once.
func findRuns(ctx context.Context, store *runs.Store, sweep, name string) ([]namedRun, error) {
	sweeps, err := store.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	if sweep != "" {
		if !slices.Contains(sweeps, sweep) {
			return nil, Mistake{fmt.Errorf("no sweep %q in %s; there are %s", sweep, store.Path(), listed(sweeps))}
		}
		sweeps = []string{sweep}
	}
	var all []namedRun
	for _, sweep := range sweeps {
		of, err := store.Sweep(ctx, sweep)
		if err != nil {
			return nil, err
		}
		for _, run := range of.Runs {
			all = append(all, namedRun{sweep, run})
		}
	}
	for _, fits := range []func(namedRun) bool{
		func(r namedRun) bool { return r.Label == name },
		func(r namedRun) bool { return r.called() == name },
		func(r namedRun) bool { return r.Variant == name },
		func(r namedRun) bool { return strings.HasPrefix(r.Run, name) },
	} {
		var found []namedRun
		for _, r := range all {
			there := func(other namedRun) bool { return other.Run == r.Run }
			if name != "" && fits(r) && !slices.ContainsFunc(found, there) {
				found = append(found, r)
			}
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	var known []string
	for _, r := range all {
		if !slices.Contains(known, r.Label) {
			known = append(known, r.Label)
		}
	}
	return nil, Mistake{fmt.Errorf("no run %q in %s; there are %s", name, store.Path(), listed(known))}
}

// listed joins names, of which there may be none.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "; ")
}

// findRun returns the one run that a person means by a name, as findRuns does.
func findRun(ctx context.Context, store *runs.Store, name string) (runs.RunDetails, error) {
	found, err := findRuns(ctx, store, "", name)
	if err != nil {
		return runs.RunDetails{}, err
	}
	if len(found) > 1 {
		return runs.RunDetails{}, ambiguous(name, found)
	}
	return store.Run(ctx, found[0].Run)
}

// findGroup returns the runs that a person means by a name, which may be
// several that differ in their seed, in its order.
func findGroup(ctx context.Context, store *runs.Store, sweep, name string) ([]namedRun, error) {
	found, err := findRuns(ctx, store, sweep, name)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b namedRun) int { return cmp.Compare(a.Seed, b.Seed) })
	for i, r := range found[1:] {
		if r.Seed == found[i].Seed || r.Label != found[0].Label || r.sweep != found[0].sweep {
			return nil, ambiguous(name, found)
		}
	}
	return found, nil
}

// ambiguous says which runs a name may be.
func ambiguous(name string, found []namedRun) error {
	var which []string
	for _, r := range found {
		which = append(which, fmt.Sprintf("%s (%s, in %s)", r.Run, r.called(), r.sweep))
	}
	return Mistake{fmt.Errorf("%q may be any of %d runs; say which, or which sweep: %s", name, len(found), listed(which))}
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

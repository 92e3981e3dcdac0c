package results

import (
	"context"
	"errors"
	"strings"
	"testing"

	"lastmile/runs"
)

// ingest opens a new store in a work folder and brings something into it.
func ingest(t *testing.T, work string, what func(context.Context, *runs.Ingest) error) *runs.Store {
	t.Helper()
	ctx := t.Context()
	store, err := runs.Open(ctx, runs.Path(work))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	into, err := store.Ingest(ctx)
	if err == nil {
		err = errors.Join(what(ctx, into), into.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// TestNamesOfRuns looks for runs as a person calls them.
func TestNamesOfRuns(t *testing.T) {
	ctx := t.Context()
	sweeps := map[string][]runs.SweepRun{
		"one": {{Run: "aa11", Label: "ppo, kl 0.1", Variant: "ppo", Seed: 2}, {Run: "aa22", Label: "ppo, kl 0.1", Variant: "ppo", Seed: 1}, {Run: "bb11", Label: "mle", Variant: "mle", Seed: 1}},
		"two": {{Run: "bb11", Label: "mle", Variant: "mle", Seed: 1}, {Run: "cc11", Label: "mle", Variant: "mle", Seed: 2}},
	}
	store := ingest(t, t.TempDir(), func(ctx context.Context, into *runs.Ingest) error {
		var failed error
		for _, name := range []string{"one", "two"} {
			for i := range sweeps[name] {
				r := &sweeps[name][i]
				r.Axes = []byte("{}")
				failed = errors.Join(failed, into.Run(ctx, runs.Run{Name: r.Run, Seed: r.Seed, Config: []byte("{}")}, runs.State{Status: runs.Planned}, nil))
			}
			failed = errors.Join(failed, into.Sweep(ctx, runs.Sweep{Name: name, File: name, Report: []byte("{}"), Runs: sweeps[name]}))
		}
		return failed
	})
	for _, c := range []struct{ sweep, name, want string }{
		{"", "ppo, kl 0.1", "aa22 aa11"}, // by seed
		{"", "ppo", "aa22 aa11"},
		{"", "ppo, kl 0.1, seed 2", "aa11"},
		{"", "bb", "bb11"},
		{"", "aa1", "aa11"},
		{"one", "mle", "bb11"},
		{"two", "mle", "bb11 cc11"},
		{"", "mle", "may be any of 2 runs"}, // of two sweeps
		{"", "nothing", "there are ppo, kl 0.1; mle"},
		{"", "", "no run \"\""},
		{"three", "mle", "no sweep \"three\""},
	} {
		found, err := FindGroup(ctx, store, c.sweep, c.name)
		var ids []string
		for _, r := range found {
			ids = append(ids, r.Run)
		}
		if got := strings.Join(ids, " "); got != c.want && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q in sweep %q: got %q, %v; want %q", c.name, c.sweep, got, err, c.want)
		}
	}
}

package results

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"lastmile/experiments"
	"lastmile/harness/graph"
	"lastmile/harness/stages"
	"lastmile/runs"
)

// Plan plans the run that name means, as the store of a work folder has it.
func Plan(ctx context.Context, work, name string) (g *graph.Graph, err error) {
	store, err := Open(ctx, work)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	run, err := findRun(ctx, store, name)
	if err != nil {
		return nil, err
	}
	c, err := stages.ReadConfig(run.Config)
	if err != nil {
		return nil, err
	}
	planned := experiments.Run{ID: run.Name, Label: name, Seed: run.Seed, Config: c}
	for _, listed := range run.Listed {
		planned.Label = listed.Label
	}
	return graph.Plan(ctx, &experiments.Sweep{Name: planned.Label, Runs: []experiments.Run{planned}}, work)
}

// Referred are the keys of the stages of all runs that sweeps in the store of a work
// folder list, and the files of those sweeps; none where there is no store.
func Referred(ctx context.Context, work string) (keys, files []string, err error) {
	if _, err := os.Stat(runs.Path(work)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	store, err := Open(ctx, work)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if keys, err = store.ListedStages(ctx); err != nil {
		return nil, nil, err
	}
	sweeps, err := store.Progress(ctx)
	for _, s := range sweeps {
		files = append(files, s.File)
	}
	return keys, files, err
}

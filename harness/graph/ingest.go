package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lastmile/harness/stage"
	"lastmile/harness/stages"
	"lastmile/runs"
)

// ingest brings the sweep, its runs, and their stages that are there into the
// store. What is in it already is not read again. It leaves out stages whose artifacts
// are damaged, which are unfinished then, and returns them.
func (g *Graph) ingest(ctx context.Context, states []RunStatus, o Options) (damaged []*stage.Stage, err error) {
	store, err := runs.Open(ctx, runs.Path(g.work))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	into, err := store.Ingest(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	sweep := runs.Sweep{Name: g.Sweep.Name, File: g.Sweep.File}
	if sweep.Report, err = g.Sweep.Config.Canonical(); err != nil {
		return nil, err
	}
	unsound := map[*stage.Stage]bool{}
	for i := range g.Runs {
		run := &g.Runs[i]
		if err := g.ingestRun(ctx, into, run, states[i], unsound, o); err != nil {
			return nil, fmt.Errorf("storing run %s (%s, seed %d): %w", run.ID, run.Label, run.Seed, err)
		}
		axes := map[string]string{}
		for _, axis := range run.Axes {
			axes[axis.Key] = axis.Value
		}
		listed := runs.SweepRun{Run: run.ID, Label: run.Label, Variant: run.Variant, Seed: run.Seed}
		if listed.Axes, err = json.Marshal(axes); err != nil {
			return nil, err
		}
		sweep.Runs = append(sweep.Runs, listed)
	}
	for st := range unsound {
		damaged = append(damaged, st)
	}
	return damaged, into.Sweep(ctx, sweep)
}

// ingestRun brings a run and its stages into the store, and adds the damaged ones to
// unsound.
func (g *Graph) ingestRun(ctx context.Context, into *runs.Ingest, run *Run, status RunStatus, unsound map[*stage.Stage]bool, o Options) error {
	var links []runs.Link
	for _, role := range run.Stages {
		if !into.HasStage(role.Key) {
			there, err := g.ingestStage(ctx, into, role.Stage)
			damaged, err := g.damaged(ctx, role.Stage, err, stage.Quick, o)
			if err != nil {
				return err
			}
			if damaged {
				unsound[role.Stage] = true
			}
			if !there {
				continue
			}
		}
		links = append(links, runs.Link{Role: role.Each, Stage: role.Key})
	}
	of := runs.Run{Name: run.ID, Seed: run.Seed}
	if !into.HasRun(run.ID) {
		config, err := run.Config.Canonical()
		if err != nil {
			return err
		}
		of.Config = config
	}
	return into.Run(ctx, of, runs.State{Status: status.Status, Reason: status.Reason}, links)
}

// ingestStage reads an artifact into the store; there is false where it is not
// computed yet.
func (g *Graph) ingestStage(ctx context.Context, into *runs.Ingest, st *stage.Stage) (there bool, err error) {
	record, there, err := g.store.Sound(ctx, st.Kind, st.Key, stage.Quick)
	if err != nil || !there {
		return false, err
	}
	k := g.kind(st)
	stored := runs.Stage{
		Key:             record.Key,
		Kind:            record.Kind,
		Part:            record.Part,
		Version:         record.Version,
		Started:         record.Started,
		Seconds:         record.Seconds,
		Tokens:          int(record.Tokens),
		PeakMemoryBytes: record.PeakMemoryBytes,
		Threads:         record.Threads,
		Split:           k.Split,
	}
	if k.Split != "" {
		for _, input := range st.Inputs {
			if g.kind(input.Stage).Examples {
				stored.Task = input.Stage.Key
			}
		}
	}
	dir := g.store.Path(st)
	err = into.Stage(ctx, stored, func(w *runs.Writer) error {
		if k.Ingest == nil {
			return nil
		}
		return k.Ingest(dir, w)
	})
	if err != nil {
		return false, fmt.Errorf("stage %s: %w", dir, err)
	}
	return true, nil
}

// kind is the kind of a stage.
func (g *Graph) kind(st *stage.Stage) *stages.Kind { return g.kinds[st.Kind] }

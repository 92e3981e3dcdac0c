package graph

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"lastmile/harness/stage"
	"lastmile/harness/stages"
	"lastmile/harness/torch"
	"lastmile/runs"
)

// Options says how to run a graph.
type Options struct {
	// Jobs is the number of stages computed at once: one in this process, of more
	// those with native code each in a process of its own, begun by Command with
	// a folder behind it.
	Jobs    int
	Command []string
	// Threads is the number of threads that each computes with.
	Threads int
	// Device is where models compute, as in [torch.Options].
	Device string
	// Only are the IDs of the runs to be computed; none means all.
	Only []string
	// Verify hashes every file of the artifacts that are there beforehand. Verified is
	// told how far that is; it may be nil.
	Verify   bool
	Verified func(done, total int)
	// Report is told how the stages get on.
	Report func(stage.Event)
	// Elsewhere has the stages computed by other processes, and returns how they ended;
	// nil computes them here. An error ends the run.
	Elsewhere func(ctx context.Context, store *stage.Store, goals []*stage.Stage, o stage.Options) (map[*stage.Stage]stage.Outcome, error)
}

// executor is what computes the stages. Where several are computed at once, native
// code has a process of its own; stages without any are not worth one.
func (g *Graph) executor(o Options) stage.Executor {
	if o.Jobs <= 1 {
		return stage.Local{Funcs: g.funcs}
	}
	return g.apart(o)
}

// apart computes native code in processes of their own.
func (g *Graph) apart(o Options) stage.Executor {
	local := stage.Local{Funcs: g.funcs}
	process := stage.Process{Command: o.Command}
	return stage.Choice(func(spec stage.Spec) stage.Executor {
		if g.kinds[spec.Kind].Pure {
			return local
		}
		return process
	})
}

// funcs is the code of the graph's kinds.
func (g *Graph) funcs(kind string) (f stage.Func, version int, ok bool) {
	k, ok := g.kinds[kind]
	if !ok {
		return nil, 0, false
	}
	return k.Run, k.Version, true
}

// Result is what running a graph came to.
type Result struct {
	Sweep string `json:"sweep"`
	// Runs are those that were to be computed.
	Runs []RunStatus `json:"runs"`
	// Found counts the stages that were there already, Computed those that
	// were computed now, and Failed those that failed.
	Found    int `json:"found"`
	Computed int `json:"computed"`
	Failed   int `json:"failed"`
	// Seconds is the time that it took.
	Seconds float64 `json:"seconds"`
	// Store is the SQLite file with the results.
	Store string `json:"store"`
}

// Complete reports whether all runs are done.
func (r Result) Complete() bool {
	return !slices.ContainsFunc(r.Runs, func(run RunStatus) bool { return run.Status != runs.Done })
}

// mostRounds is how often a run computes again what it finds damaged.
const mostRounds = 3

// Run computes what is not there yet, or damaged, and brings what is there into the store.
// That a stage fails is no error, but stands in the result; the error is that
// of ctx where it is done before all stages are, and else one of the store.
func (g *Graph) Run(ctx context.Context, o Options) (Result, error) {
	begin := time.Now()
	result := Result{Sweep: g.Sweep.Name, Store: runs.Path(g.work)}
	if o.Elsewhere == nil {
		if err := g.checkDevice(o); err != nil {
			return Result{}, err
		}
	}
	goals := g.Goals(o)
	if err := g.checkName(ctx); err != nil {
		return result, err
	}
	if err := os.MkdirAll(g.work, 0o777); err != nil {
		return result, fmt.Errorf("making the work folder: %w", err)
	}
	leave, err := g.store.Enter(ctx, "run "+g.Sweep.Name)
	if err != nil {
		return result, err
	}
	defer leave()
	damaged, err := g.inspect(ctx, goals, o)
	if err != nil {
		return result, err
	}
	if slices.ContainsFunc(goals, func(st *stage.Stage) bool { return !g.store.Finished(st) }) {
		// The sweep is known from its beginning on.
		states, err := g.states(nil)
		if err != nil {
			return result, err
		}
		more, err := g.ingest(ctx, states, o)
		if err != nil {
			return result, err
		}
		damaged = append(damaged, more...)
	}
	needed, outcomes := stage.Order(goals), map[*stage.Stage]stage.Outcome{}
	others := func(st *stage.Stage) bool { return !slices.Contains(needed, st) }
	damaged = slices.DeleteFunc(damaged, others)
	wanted := o.wants()
	// What turns out to be damaged when it is brought into the store is computed again,
	// and brought in then.
	for range mostRounds {
		ended, err := g.execute(ctx, slices.Concat(goals, damaged), o)
		if err != nil {
			return result, err
		}
		for st, outcome := range ended {
			if outcome.State != stage.Found || !outcomes[st].Done() {
				outcomes[st] = outcome
			}
		}
		states, err := g.states(outcomes)
		if err != nil {
			return result, err
		}
		result.Runs = nil
		for i := range g.Runs {
			if wanted(&g.Runs[i]) {
				result.Runs = append(result.Runs, states[i])
			}
		}
		if ctx.Err() != nil && !result.Complete() {
			return result, context.Cause(ctx)
		}
		if damaged, err = g.ingest(ctx, states, o); err != nil {
			return result, err
		}
		if damaged = slices.DeleteFunc(damaged, others); len(damaged) == 0 {
			break
		}
	}
	// What finished goals were made of is not looked at, and is there with them.
	for _, st := range needed {
		outcome, asked := outcomes[st]
		switch {
		case !asked || outcome.State == stage.Found:
			result.Found++
		case outcome.State == stage.Computed:
			result.Computed++
		case outcome.State == stage.Failed:
			result.Failed++
		}
	}
	result.Seconds = time.Since(begin).Seconds()
	return result, nil
}

// execute computes the goals, here or elsewhere.
func (g *Graph) execute(ctx context.Context, goals []*stage.Stage, o Options) (map[*stage.Stage]stage.Outcome, error) {
	of := stage.Options{
		Executor: g.executor(o), Workers: o.Jobs, Threads: o.Threads, Device: o.Device, Weight: newEstimates(g.store).weight, Report: o.Report,
	}
	if o.Elsewhere != nil {
		return o.Elsewhere(ctx, g.store, goals, of)
	}
	return g.store.Execute(ctx, goals, of), nil
}

// checkDevice refuses what cannot be computed on the device.
func (g *Graph) checkDevice(o Options) error {
	if err := torch.CheckDevice(o.Device); err != nil {
		return stages.Mistake{Err: fmt.Errorf("runtime.device: %w", err)}
	}
	for _, run := range g.selected(o) {
		if key := stages.BF16(run.Config); key != "" && torch.OnCPU(o.Device) {
			return stages.Mistake{Err: fmt.Errorf("%s: this run computes on a CPU, where bf16 is slower than f32; it is for a CUDA device (runtime.device)", key)}
		}
	}
	return nil
}

// Goals are those of the runs that are to be computed.
func (g *Graph) Goals(o Options) []*stage.Stage {
	var goals []*stage.Stage
	for _, run := range g.selected(o) {
		goals = append(goals, run.Goals...)
	}
	return goals
}

// selected returns the runs that are to be computed.
func (g *Graph) selected(o Options) []*Run {
	var selected []*Run
	wanted := o.wants()
	for i := range g.Runs {
		if wanted(&g.Runs[i]) {
			selected = append(selected, &g.Runs[i])
		}
	}
	return selected
}

// wants tells which runs are to be computed.
func (o Options) wants() func(*Run) bool {
	ids := make(map[string]bool, len(o.Only))
	for _, id := range o.Only {
		ids[id] = true
	}
	return func(run *Run) bool { return len(ids) == 0 || ids[run.ID] }
}

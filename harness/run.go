package harness

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"lastmile/experiments"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

// Options says how to run a graph.
type Options struct {
	// Workers is the number of stages computed at once.
	Workers int
	// Threads is the number of threads that each computes with.
	Threads int
	// Device is where models compute, as in [torch.Options].
	Device string
	// Only are the IDs of the runs to be computed; none means all.
	Only []string
	// Report is told how the stages get on.
	Report func(stage.Event)
}

// The states of a run.
const (
	Done    = "done"
	Failed  = "failed"
	Planned = "planned"
)

// RunStatus is how far a run is.
type RunStatus struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Seed  int    `json:"seed"`
	// Status is Done, Failed, or Planned, which is all else.
	Status string `json:"status"`
	// Reason says why the run failed.
	Reason string `json:"reason,omitempty"`
	// StagesDone of Stages are there.
	StagesDone int `json:"stages_done"`
	Stages     int `json:"stages"`
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
	return !slices.ContainsFunc(r.Runs, func(run RunStatus) bool { return run.Status != Done })
}

// StorePath is the SQLite file of a work folder.
func StorePath(work string) string { return filepath.Join(work, "lastmile.db") }

// checkBF16 refuses bf16 where it is slow.
func checkBF16(c experiments.Config, device string) error {
	if key := c.BF16(); key != "" && torch.OnCPU(device) {
		return Mistake{fmt.Errorf("%s: this run computes on a CPU, where bf16 is slower than f32; it is for a CUDA device (runtime.device)", key)}
	}
	return nil
}

// Run computes what is not there yet, and brings what is there into the store.
// That a stage fails is no error, but stands in the result; the error is that
// of ctx where it is done before all stages are, and else one of the store.
func (g *Graph) Run(ctx context.Context, o Options) (Result, error) {
	begin := time.Now()
	if err := torch.CheckDevice(o.Device); err != nil {
		return Result{}, Mistake{fmt.Errorf("runtime.device: %w", err)}
	}
	result := Result{Sweep: g.Sweep.Name, Store: StorePath(g.work)}
	selected := g.selected(o.Only)
	for _, run := range selected {
		if err := checkBF16(run.Config, o.Device); err != nil {
			return Result{}, err
		}
	}
	var goals []*stage.Stage
	for _, run := range selected {
		goals = append(goals, run.goals()...)
	}
	outcomes := g.store.Execute(ctx, goals, stage.Options{Workers: o.Workers, Threads: o.Threads, Device: o.Device, Report: o.Report})
	for _, outcome := range outcomes {
		switch outcome.State {
		case stage.Found:
			result.Found++
		case stage.Computed:
			result.Computed++
		case stage.Failed:
			result.Failed++
		}
	}
	for _, run := range selected {
		status, err := g.status(run, outcomes)
		if err != nil {
			return result, err
		}
		result.Runs = append(result.Runs, status)
	}
	if ctx.Err() != nil && !result.Complete() {
		return result, context.Cause(ctx)
	}
	err := g.ingest(ctx, outcomes)
	result.Seconds = time.Since(begin).Seconds()
	return result, err
}

// selected returns the runs with these IDs, all where there are none.
func (g *Graph) selected(ids []string) []Run {
	if len(ids) == 0 {
		return g.Runs
	}
	return slices.DeleteFunc(slices.Clone(g.Runs), func(r Run) bool { return !slices.Contains(ids, r.ID) })
}

// status tells how far a run is: by how its stages just ended, and for those
// that were not asked for by what is on disk.
func (g *Graph) status(run Run, outcomes map[*stage.Stage]stage.Outcome) (RunStatus, error) {
	status := RunStatus{ID: run.ID, Label: run.Label, Seed: run.Seed, Status: Planned}
	fail := func(st *stage.Stage, reason string) {
		if status.Status != Failed {
			status.Status = Failed
			status.Reason = fmt.Sprintf("stage %s (%s) failed: %s", st.Kind, st.Name, reason)
		}
	}
	all := stage.Order(run.goals())
	status.Stages = len(all)
	for _, st := range all {
		outcome, asked := outcomes[st]
		switch {
		case asked && outcome.Done():
			status.StagesDone++
			continue
		case asked && outcome.State == stage.Failed:
			fail(st, outcome.Err.Error())
			continue
		}
		_, there, err := g.store.Record(st)
		if err != nil {
			return status, err
		}
		if there {
			status.StagesDone++
		} else if reason := g.store.Failure(st); reason != "" && !asked {
			fail(st, reason)
		}
	}
	if status.StagesDone == status.Stages {
		status.Status = Done
	}
	return status, nil
}

// StageStatus is how far a stage is.
type StageStatus struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Key  string `json:"key"`
	// Status is "done", "running", "failed", "interrupted" or "to do".
	Status string `json:"status"`
	// Process computes a running stage.
	Process int `json:"process,omitempty"`
	// Reason says why the stage failed.
	Reason string `json:"reason,omitempty"`
	// Seconds is what a stage that is done took.
	Seconds float64 `json:"seconds,omitempty"`
	// Estimate is about how many seconds a stage that is not done will take;
	// 0 where nothing like it was done before.
	Estimate float64 `json:"estimate,omitempty"`
	// Runs is the number of runs that go through the stage.
	Runs int `json:"runs"`
	// Folder holds the artifact once it is done.
	Folder string `json:"folder"`
}

// Status is how far the runs and stages of a sweep are.
type Status struct {
	Sweep  string        `json:"sweep"`
	Runs   []RunStatus   `json:"runs"`
	Stages []StageStatus `json:"stages"`
	// Seconds is about how long the rest will take.
	Seconds float64 `json:"seconds"`
	// Unknown counts the stages to do that Seconds leaves out, because nothing
	// like them was done before.
	Unknown int `json:"unknown"`
}

// Status looks how far the runs are, without computing or changing anything.
func (g *Graph) Status(o Options) (Status, error) {
	status := Status{Sweep: g.Sweep.Name}
	var goals []*stage.Stage
	for _, run := range g.selected(o.Only) {
		of, err := g.status(run, nil)
		if err != nil {
			return status, err
		}
		status.Runs = append(status.Runs, of)
		goals = append(goals, run.goals()...)
	}
	estimates, err := newEstimates(g.store)
	if err != nil {
		return status, err
	}
	users := g.users()
	left := map[*stage.Stage]float64{}
	ordered := stage.Order(goals)
	for _, st := range ordered {
		of := StageStatus{Kind: st.Kind, Name: st.Name, Key: st.Key, Status: "to do", Runs: len(users[st]), Folder: g.store.Path(st)}
		record, there, err := g.store.Record(st)
		if err != nil {
			return status, err
		}
		if there {
			of.Status, of.Seconds = "done", record.Seconds
			status.Stages = append(status.Stages, of)
			continue
		}
		if process, running := g.store.Holder(st); running {
			of.Status, of.Process = "running", process
		} else if reason := g.store.Failure(st); reason != "" {
			of.Status, of.Reason = "failed", reason
		} else if g.store.Begun(st) {
			of.Status = "interrupted"
		}
		seconds, known := estimates.of(st)
		if !known {
			status.Unknown++
		}
		of.Estimate, left[st] = seconds, seconds
		status.Stages = append(status.Stages, of)
	}
	status.Seconds = makespan(ordered, left, max(1, o.Workers))
	return status, nil
}

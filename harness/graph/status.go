package graph

import (
	"context"
	"errors"
	"fmt"

	"lastmile/harness/stage"
	"lastmile/runs"
)

// RunStatus is how far a run is.
type RunStatus struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Seed  int    `json:"seed"`
	// Status is [runs.Done], [runs.Failed], or [runs.Planned], which is all else.
	Status string `json:"status"`
	// Reason says why the run failed.
	Reason string `json:"reason,omitempty"`
	// StagesDone of Stages are there.
	StagesDone int `json:"stages_done"`
	Stages     int `json:"stages"`
}

// StageStatus is how far a stage is.
type StageStatus struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Key  string `json:"key"`
	// Status is "done", "damaged", "running", "failed", "interrupted" or "to do".
	Status string `json:"status"`
	// Owner computes a running stage, and Pace is how it gets on.
	Owner *stage.Owner `json:"owner,omitempty"`
	Pace  *stage.Pace  `json:"pace,omitempty"`
	// Reason says why the stage failed, or how its artifact is damaged.
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
	// Under is the key of the stage that this one stands under in a tree: of its inputs,
	// the one that is computed last; "" where it has none.
	Under string `json:"under,omitempty"`
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

// states tells how far each run is: by how its stages just ended, and for those
// that were not asked for by what is on disk.
func (g *Graph) states(outcomes map[*stage.Stage]stage.Outcome) ([]RunStatus, error) {
	look := newLooker(g, outcomes)
	states := make([]RunStatus, len(g.Runs))
	for i := range g.Runs {
		state, err := look.run(&g.Runs[i])
		if err != nil {
			return nil, err
		}
		states[i] = state
	}
	return states, nil
}

// looker looks at each stage once.
type looker struct {
	graph    *Graph
	outcomes map[*stage.Stage]stage.Outcome
	seen     map[*stage.Stage]seen
	counted  map[*stage.Stage]int // the last count that came by
	counts   int
}

func newLooker(g *Graph, outcomes map[*stage.Stage]stage.Outcome) *looker {
	return &looker{graph: g, outcomes: outcomes, seen: map[*stage.Stage]seen{}, counted: map[*stage.Stage]int{}}
}

// count is the number of stages that goals need, themselves included. It makes no
// list of them, since most runs of a large sweep are done.
func (l *looker) count(goals []*stage.Stage) int {
	l.counts++
	n := 0
	var visit func(st *stage.Stage)
	visit = func(st *stage.Stage) {
		if l.counted[st] == l.counts {
			return
		}
		l.counted[st] = l.counts
		n++
		for _, input := range st.Inputs {
			visit(input.Stage)
		}
	}
	for _, goal := range goals {
		visit(goal)
	}
	return n
}

// seen is what is known of a stage.
type seen struct {
	done   bool
	reason string // why it failed
}

func (l *looker) at(st *stage.Stage) seen {
	if known, ok := l.seen[st]; ok {
		return known
	}
	var found seen
	outcome, asked := l.outcomes[st]
	switch {
	case asked && outcome.Done():
		found.done = true
	case asked && outcome.State == stage.Failed:
		found.reason = outcome.Err.Error()
	case l.graph.store.Finished(st):
		found.done = true
	case !asked:
		found.reason = l.graph.store.Failure(st)
	}
	l.seen[st] = found
	return found
}

// run tells how far a run is. One whose goals are there is done, whether or not what
// they were made of still is.
func (l *looker) run(run *Run) (RunStatus, error) {
	status := RunStatus{ID: run.ID, Label: run.Label, Seed: run.Seed, Status: runs.Planned}
	goals := 0
	for _, goal := range run.Goals {
		if l.at(goal).done {
			goals++
		}
	}
	status.Stages = l.count(run.Goals)
	if goals == len(run.Goals) {
		status.Status, status.StagesDone = runs.Done, status.Stages
		return status, nil
	}
	for _, st := range stage.Order(run.Goals) {
		found := l.at(st)
		switch {
		case found.done:
			status.StagesDone++
		case found.reason != "" && status.Status != runs.Failed:
			status.Status = runs.Failed
			status.Reason = fmt.Sprintf("stage %s (%s) failed: %s", st.Kind, st.Name, found.reason)
		}
	}
	return status, nil
}

// Status looks how far the runs are, without computing or changing anything.
func (g *Graph) Status(ctx context.Context, o Options) (Status, error) {
	status := Status{Sweep: g.Sweep.Name}
	selected := g.selected(o)
	look := newLooker(g, nil)
	var goals []*stage.Stage
	for _, run := range selected {
		if ctx.Err() != nil {
			return status, context.Cause(ctx)
		}
		of, err := look.run(run)
		if err != nil {
			return status, err
		}
		status.Runs = append(status.Runs, of)
		goals = append(goals, run.Goals...)
	}
	estimates := newEstimates(g.store)
	users := map[*stage.Stage]int{}
	for i := range g.Runs {
		for _, role := range g.Runs[i].Stages {
			users[role.Stage]++
		}
	}
	left := map[*stage.Stage]float64{}
	ordered := stage.Order(goals)
	status.Stages = make([]StageStatus, 0, len(ordered))
	place := make(map[*stage.Stage]int, len(ordered))
	for i, st := range ordered {
		if ctx.Err() != nil {
			return status, context.Cause(ctx)
		}
		place[st] = i
		under, last := "", -1
		for _, input := range st.Inputs {
			if at := place[input.Stage]; at > last {
				under, last = input.Stage.Key, at
			}
		}
		of := StageStatus{Kind: st.Kind, Name: st.Name, Key: st.Key, Status: "to do", Runs: users[st], Folder: g.store.Path(st), Under: under}
		if look.at(st).done {
			of.Status = "done"
			status.Stages = append(status.Stages, of)
			continue
		}
		if owner, running := g.store.Holder(st); running {
			of.Status, of.Owner, of.Pace = "running", &owner, g.store.Pace(st)
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
	status.Seconds = makespan(ordered, left, max(1, o.Jobs))
	return status, estimates.err
}

// Times adds to a status what the stages that are done took, and which of them are
// seen at a glance to be damaged: the next run computes them again.
func (g *Graph) Times(ctx context.Context, status *Status) error {
	for i := range status.Stages {
		of := &status.Stages[i]
		if of.Status != "done" {
			continue
		}
		record, _, err := g.store.Sound(ctx, of.Kind, of.Key, stage.Glance)
		if damaged := (*stage.DamagedError)(nil); errors.As(err, &damaged) {
			of.Status, of.Reason = "damaged", damaged.What
			continue
		}
		if err != nil {
			return err
		}
		of.Seconds = record.Seconds
	}
	return nil
}

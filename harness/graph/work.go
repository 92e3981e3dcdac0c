package graph

import (
	"context"
	"time"

	"lastmile/harness/stage"
)

// WorkOptions say how to work on a graph beside other processes.
type WorkOptions struct {
	Options
	// Idle is how long to wait for a stage that can be computed before the work ends,
	// and Poll about how often the work folder is looked at.
	Idle, Poll time.Duration
	// Lease and Grace are those of [stage.Store].
	Lease, Grace time.Duration
}

// Work computes stages of the runs as [stage.Store.Work] does. It touches nothing but
// them: the store is brought up to date by whoever follows the work. Stages with native
// code are computed each in a process of its own.
func (g *Graph) Work(ctx context.Context, o WorkOptions) (stage.Worked, error) {
	if err := g.checkDevice(o.Options); err != nil {
		return stage.Worked{}, err
	}
	leave, err := g.store.Enter(ctx, "work on "+g.Sweep.Name)
	if err != nil {
		return stage.Worked{}, err
	}
	defer leave()
	times := newEstimates(g.store)
	times.enough = fewRecords
	store := *g.store
	store.Lease, store.Grace = o.Lease, o.Grace
	return store.Work(ctx, g.Goals(o.Options), stage.WorkOptions{
		Options: stage.Options{Executor: g.apart(o.Options), Threads: o.Threads, Device: o.Device, Weight: times.weight, Report: o.Report},
		Idle:    o.Idle,
		Poll:    o.Poll,
	})
}

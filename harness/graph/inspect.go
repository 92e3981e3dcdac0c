package graph

import (
	"context"
	"errors"

	"lastmile/harness/stage"
)

// inspectedAtOnce is the most stages of a sweep that are all looked at before a run,
// which takes a fraction of a second. Of a larger sweep only what is read is looked at.
const inspectedAtOnce = 5000

// inspect looks at the artifacts of all stages that goals need, and returns those that
// are damaged, which are unfinished stages now.
func (g *Graph) inspect(ctx context.Context, goals []*stage.Stage, o Options) ([]*stage.Stage, error) {
	all, check := stage.Order(goals), stage.Quick
	switch {
	case o.Verify:
		check = stage.Full
	case len(all) > inspectedAtOnce:
		return nil, nil
	}
	var damaged []*stage.Stage
	for i, st := range all {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		_, _, err := g.store.Sound(ctx, st.Kind, st.Key, check)
		gone, err := g.damaged(ctx, st, err, check, o)
		if err != nil {
			return nil, err
		}
		if gone {
			damaged = append(damaged, st)
		}
		if o.Verified != nil {
			o.Verified(i+1, len(all))
		}
	}
	return damaged, nil
}

// damaged tells whether the error of a look at an artifact is that it is damaged; then
// that is said, and the stage is unfinished. Any other error it returns.
func (g *Graph) damaged(ctx context.Context, st *stage.Stage, err error, check stage.Check, o Options) (bool, error) {
	if damaged := (*stage.DamagedError)(nil); !errors.As(err, &damaged) {
		return false, err
	}
	if o.Report != nil {
		o.Report(stage.Event{Stage: st, State: stage.Damaged, Err: err})
	}
	return true, g.store.Retire(ctx, st.Kind, st.Key, check)
}

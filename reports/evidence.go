package reports

import (
	"context"

	"lastmile/runs"
)

// evidence is what a report is made from. The texts, which are many, are not
// in it: they are asked for when it is known which of them are shown.
type evidence struct {
	sweep      runs.ListedSweep
	acronyms   acronyms
	labels     []label
	decodings  []decoding // in the order in which they are reported
	scores     runs.Scores
	curves     []runs.Curve
	accuracies []runs.RunAccuracy
	tuned      []runs.RunDecoding
	costs      []runs.StageCost
}

// gather reads a sweep from the store.
func gather(ctx context.Context, store *runs.Store, sweep string, algorithms []Algorithm) (*evidence, error) {
	e := evidence{acronyms: newAcronyms(algorithms)}
	var err error
	if e.sweep, err = store.Sweep(ctx, sweep); err != nil {
		return nil, err
	}
	if e.scores, err = store.Scores(ctx, sweep); err != nil {
		return nil, err
	}
	if e.curves, err = store.Curves(ctx, sweep); err != nil {
		return nil, err
	}
	if e.accuracies, err = store.RewardAccuracies(ctx, sweep); err != nil {
		return nil, err
	}
	if e.tuned, err = store.Decodings(ctx, sweep); err != nil {
		return nil, err
	}
	if e.costs, err = store.Costs(ctx, sweep); err != nil {
		return nil, err
	}
	if err := e.readLabels(algorithms); err != nil {
		return nil, err
	}
	e.orderDecodings()
	return &e, nil
}

// system returns the scores of a system, or nil where it has none.
func (e *evidence) system(of runs.System) *runs.SystemScores {
	for i := range e.scores.Systems {
		if e.scores.Systems[i].System == of {
			return &e.scores.Systems[i]
		}
	}
	return nil
}

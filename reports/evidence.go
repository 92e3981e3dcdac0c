package reports

import (
	"context"

	"lastmile/runs"
)

// evidence is what a report is made from. The texts, which are many, are not
// in it: they are asked for when it is known which of them are shown.
type evidence struct {
	sweep       runs.ListedSweep
	data        string // the name of the data set, where the sweep has several
	acronyms    acronyms
	labels      []label    // those that are shown
	elsewhere   []label    // those that are shown of the other data sets
	leftOut     int        // how many others the sweep has
	decodings   []decoding // in the order in which they are reported
	metrics     []runs.Metric
	scores      runs.Scores // by the metrics that are reported
	systems     map[runs.System]*runs.SystemScores
	curves      []runs.Curve
	accuracies  []runs.RunAccuracy
	evaluations []runs.RunEvaluation // of reward models
	tuned       []runs.RunDecoding
	costs       []runs.StageCost
}

// gather reads a sweep from the store, but for its scores.
func gather(ctx context.Context, store *runs.Store, sweep string, options Options) (*evidence, error) {
	e := evidence{acronyms: newAcronyms(options.Algorithms)}
	var err error
	if e.sweep, err = store.Listing(ctx, sweep); err != nil {
		return nil, err
	}
	if e.metrics, err = store.Metrics(ctx, sweep); err != nil {
		return nil, err
	}
	if e.curves, err = store.Curves(ctx, sweep, wantedCurves()...); err != nil {
		return nil, err
	}
	if e.accuracies, err = store.RewardAccuracies(ctx, sweep); err != nil {
		return nil, err
	}
	if e.evaluations, err = store.RewardEvaluations(ctx, sweep); err != nil {
		return nil, err
	}
	if e.tuned, err = store.Decodings(ctx, sweep); err != nil {
		return nil, err
	}
	if e.costs, err = store.Costs(ctx, sweep); err != nil {
		return nil, err
	}
	for first, err := range store.Labels(ctx, sweep) {
		if err != nil {
			return nil, err
		}
		if !e.shows(first, options) {
			e.leftOut++
			continue
		}
		if err := e.addLabel(first, options.Algorithms); err != nil {
			return nil, err
		}
	}
	if e.leftOut > 0 {
		e.narrow()
	}
	e.orderDecodings()
	return &e, nil
}

// readScores reads the scores by the metrics that are reported, of the labels that
// are shown.
func (e *evidence) readScores(ctx context.Context, store *runs.Store, metrics []string) (err error) {
	if len(metrics) == 0 {
		return nil // the store would give all there are
	}
	e.scores.Metrics = e.metrics
	if e.scores.Examples, err = store.ScoredExamples(ctx, e.sweep.Name); err != nil {
		return err
	}
	shown := e.shown()
	for system, err := range store.Systems(ctx, e.sweep.Name, metrics...) {
		if err != nil {
			return err
		}
		if shown[system.Label] {
			e.scores.Systems = append(e.scores.Systems, system)
		}
	}
	e.systems = map[runs.System]*runs.SystemScores{}
	for i := range e.scores.Systems {
		e.systems[e.scores.Systems[i].System] = &e.scores.Systems[i]
	}
	return nil
}

// system returns the scores of a system, or nil where it has none.
func (e *evidence) system(of runs.System) *runs.SystemScores { return e.systems[of] }

package runs

import (
	"context"
	"slices"
)

// Curve is one training curve of one run.
type Curve struct {
	Label  string
	Seed   int
	Kind   string // the kind of its stage
	Stage  string // the key of its stage, which runs may share
	Split  string
	Name   string
	Steps  []int
	Values []float64
}

// CurveName names curves. What is empty rules nothing out.
type CurveName struct {
	Kind  string // of the stages
	Name  string
	Split string
}

// RunAccuracy is an accuracy of a run's reward model.
type RunAccuracy struct {
	Label string
	Seed  int
	Stage string // the key of the reward stage, which runs may share
	RewardAccuracy
}

// Curves returns the training curves of these names of a sweep, or all where
// none is given, in the order of its runs. A stage that several runs share is
// there for each of them, with the same Steps and Values.
func (s *Store) Curves(ctx context.Context, sweep string, wanted ...CurveName) ([]Curve, error) {
	doing := "reading the curves of sweep " + sweep
	type user struct {
		label, kind, key string
		seed             int
		stage            int64
	}
	var users []user
	var u user
	err := s.read(ctx, doing, `
		SELECT sr.label, sr.seed, t.kind, t.key, t.id
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN run_stages rs ON rs.run = sr.run JOIN stages t ON t.id = rs.stage
		WHERE s.name = ? AND rs.role = '' AND EXISTS (SELECT 1 FROM curves c WHERE c.stage = t.id)
		ORDER BY sr.position, t.kind`, []any{sweep}, []any{&u.label, &u.seed, &u.kind, &u.key, &u.stage}, func() error {
		if len(wanted) == 0 || slices.ContainsFunc(wanted, func(n CurveName) bool { return n.Kind == "" || n.Kind == u.kind }) {
			users = append(users, u)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []Curve
	ofStage := map[int64][]Curve{}
	for _, u := range users {
		curves, ok := ofStage[u.stage]
		if !ok {
			if curves, err = s.curves(ctx, doing, u.stage, u.kind, wanted); err != nil {
				return nil, err
			}
			ofStage[u.stage] = curves
		}
		for _, c := range curves {
			c.Label, c.Seed, c.Kind, c.Stage = u.label, u.seed, u.kind, u.key
			all = append(all, c)
		}
	}
	return all, nil
}

// curves reads the curves of one stage that are wanted.
func (s *Store) curves(ctx context.Context, doing string, stage int64, kind string, wanted []CurveName) ([]Curve, error) {
	var found []Curve
	var c Curve
	err := s.read(ctx, doing, `SELECT DISTINCT name, split FROM curves WHERE stage = ? ORDER BY name, split`, []any{stage}, []any{&c.Name, &c.Split}, func() error {
		fits := func(n CurveName) bool {
			return (n.Kind == "" || n.Kind == kind) && (n.Name == "" || n.Name == c.Name) && (n.Split == "" || n.Split == c.Split)
		}
		if len(wanted) == 0 || slices.ContainsFunc(wanted, fits) {
			found = append(found, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var step int
	var value float64
	for i := range found {
		of := &found[i]
		err := s.read(ctx, doing, `SELECT step, value FROM curves WHERE stage = ? AND name = ? AND split = ? ORDER BY step`, []any{stage, of.Name, of.Split}, []any{&step, &value}, func() error {
			of.Steps, of.Values = append(of.Steps, step), append(of.Values, value)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// RewardAccuracies returns the accuracies of a sweep's reward models, in the
// order of its runs.
func (s *Store) RewardAccuracies(ctx context.Context, sweep string) ([]RunAccuracy, error) {
	var all []RunAccuracy
	var a RunAccuracy
	err := s.read(ctx, "reading the reward accuracies of sweep "+sweep, `
		SELECT sr.label, sr.seed, t.key, a.kind, a.ended, a.accuracy, a.n
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
		JOIN run_stages rs ON rs.run = sr.run
		JOIN stages t ON t.id = rs.stage
		JOIN reward_accuracies a ON a.stage = t.id
		WHERE s.name = ? AND rs.role = '' ORDER BY sr.position, a.kind, a.ended DESC`,
		[]any{sweep}, []any{&a.Label, &a.Seed, &a.Stage, &a.Kind, &a.Ended, &a.Accuracy, &a.N}, func() error {
			all = append(all, a)
			return nil
		})
	return all, err
}

package runs

import (
	"context"
	"encoding/json"
	"fmt"
)

// RewardEvaluation is what a reward model is worth on held-out prompts.
type RewardEvaluation struct {
	Kinds       []RewardKind
	Samples     []RewardMeasure
	Calibration []RewardBin
}

// RewardKind is a reward model's accuracy on one kind of negatives.
type RewardKind struct {
	Kind     string
	Ended    bool // whether the negatives have the end token
	Trained  bool // whether the reward model has learned from such
	Accuracy float64
	N        int // pairs
	Trivial  []TrivialAccuracy
}

// TrivialAccuracy is a trivial scorer's on the same pairs.
type TrivialAccuracy struct {
	Scorer   string
	Accuracy float64
}

// RewardMeasure is what a reward model says of the samples of a policy. The table
// reward_samples explains policies and statistics.
type RewardMeasure struct {
	Policy    string
	Statistic string
	Metric    string
	Value     float64
	Low, High *float64 // nil of fewer than two prompts
	N         int      // prompts
}

// RewardBin is a bin of a reliability table. The table reward_calibration explains
// pairs.
type RewardBin struct {
	Pairs      string
	Bin        int
	Confidence float64
	Right      float64
	N          int
}

// RunEvaluation is that of a run's reward model.
type RunEvaluation struct {
	Label string
	Seed  int
	Stage string // the key of the stage, which runs may share
	RewardEvaluation
}

// RewardEvaluation takes the evaluation of the run's reward model.
func (w *Writer) RewardEvaluation(e RewardEvaluation) { w.made.evaluation = e }

func (in *Ingest) writeEvaluation(ctx context.Context, stage int64, m made) error {
	for i, k := range m.evaluation.Kinds {
		trivial := map[string]float64{}
		for _, t := range k.Trivial {
			trivial[t.Scorer] = t.Accuracy
		}
		text, err := json.Marshal(trivial)
		if err != nil {
			return fmt.Errorf("trivial scorers on %s: %w", k.Kind, err)
		}
		if err := in.insert.rewardKinds.add(ctx, stage, i, k.Kind, number(k.Ended), number(k.Trained), k.Accuracy, string(text), k.N); err != nil {
			return err
		}
	}
	for i, s := range m.evaluation.Samples {
		if err := in.insert.rewardSamples.add(ctx, stage, i, s.Policy, s.Statistic, s.Metric, s.Value, s.Low, s.High, s.N); err != nil {
			return err
		}
	}
	for _, b := range m.evaluation.Calibration {
		if err := in.insert.rewardBins.add(ctx, stage, b.Pairs, b.Bin, b.Confidence, b.Right, b.N); err != nil {
			return err
		}
	}
	for _, table := range []*inserter{in.insert.rewardKinds, in.insert.rewardSamples, in.insert.rewardBins} {
		if err := table.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// RewardEvaluations returns the evaluations of a sweep's reward models, in the order of
// its runs. The trivial scorers are in that of their names.
func (s *Store) RewardEvaluations(ctx context.Context, sweep string) ([]RunEvaluation, error) {
	doing := "reading the evaluations of reward models of sweep " + sweep
	var all []RunEvaluation
	var ids []int64
	var of RunEvaluation
	var id int64
	err := s.read(ctx, doing, `
		SELECT sr.label, sr.seed, t.key, t.id
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN run_stages rs ON rs.run = sr.run JOIN stages t ON t.id = rs.stage
		WHERE s.name = ? AND EXISTS (SELECT 1 FROM reward_samples m WHERE m.stage = t.id)
		ORDER BY sr.position`, []any{sweep}, []any{&of.Label, &of.Seed, &of.Stage, &id}, func() error {
		all, ids = append(all, of), append(ids, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	read := map[int64]RewardEvaluation{}
	for i, id := range ids {
		e, ok := read[id]
		if !ok {
			if e, err = s.evaluation(ctx, doing, id); err != nil {
				return nil, err
			}
			read[id] = e
		}
		all[i].RewardEvaluation = e
	}
	return all, nil
}

// evaluation reads that of one stage.
func (s *Store) evaluation(ctx context.Context, doing string, stage int64) (e RewardEvaluation, err error) {
	var k RewardKind
	err = s.read(ctx, doing, `SELECT kind, ended, trained, accuracy, n FROM reward_kinds WHERE stage = ? ORDER BY position`,
		[]any{stage}, []any{&k.Kind, &k.Ended, &k.Trained, &k.Accuracy, &k.N}, func() error {
			e.Kinds = append(e.Kinds, k)
			return nil
		})
	if err != nil {
		return e, err
	}
	var place int
	var t TrivialAccuracy
	err = s.read(ctx, doing, `
		SELECT (SELECT count(*) FROM reward_kinds b WHERE b.stage = k.stage AND b.position < k.position), t.key, t.value
		FROM reward_kinds k JOIN json_each(k.trivial) t WHERE k.stage = ? ORDER BY k.position, t.key`,
		[]any{stage}, []any{&place, &t.Scorer, &t.Accuracy}, func() error {
			e.Kinds[place].Trivial = append(e.Kinds[place].Trivial, t)
			return nil
		})
	if err != nil {
		return e, err
	}
	var m RewardMeasure
	err = s.read(ctx, doing, `SELECT policy, statistic, metric, value, low, high, n FROM reward_samples WHERE stage = ? ORDER BY position`,
		[]any{stage}, []any{&m.Policy, &m.Statistic, &m.Metric, &m.Value, &m.Low, &m.High, &m.N}, func() error {
			e.Samples = append(e.Samples, m)
			return nil
		})
	if err != nil {
		return e, err
	}
	var b RewardBin
	err = s.read(ctx, doing, `SELECT pairs, bin, confidence, "right", n FROM reward_calibration WHERE stage = ? ORDER BY pairs, bin`,
		[]any{stage}, []any{&b.Pairs, &b.Bin, &b.Confidence, &b.Right, &b.N}, func() error {
			e.Calibration = append(e.Calibration, b)
			return nil
		})
	return e, err
}

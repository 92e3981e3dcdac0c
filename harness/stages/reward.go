package stages

import (
	"context"
	"path/filepath"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/negatives"
	"lastmile/harness/reward"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/harness/train"
	"lastmile/runs"
)

// Reward is the kind that trains the reward model.
const Reward = "reward"

var rewardKind = Kind{
	Name:    Reward,
	Version: 2,
	Reads: func(c experiments.Config) []string {
		keys := []string{"reward_model", "negatives.per_example"}
		if needsRankings(c) {
			keys = append(keys, wordKeys(c)...)
		}
		return trainingKeys(c, keys...)
	},
	Cost: []string{train.CheckpointCost("reward_model")},
	Content: func(_ context.Context, c experiments.Config, _ Hasher) (string, error) {
		if stacked, _ := c.Value("reward_model.stacked"); stacked != nil && stacked != 0.0 {
			return stackVersion, nil
		}
		return "", nil
	},
	Inputs: func(c experiments.Config) []Need {
		if needsRankings(c) {
			return []Need{in(Prepare), in(MLE), in(Negatives), in(Samples)}
		}
		return []Need{in(Prepare), in(MLE), in(Negatives)}
	},
	Improves: true,
	Run:      trainReward,
	Ingest: func(dir string, w *runs.Writer) error {
		if err := ingestCurves(dir, w); err != nil {
			return err
		}
		var accuracies []reward.Accuracy
		if err := stage.ReadJSON(accuracyFile(dir), &accuracies); err != nil {
			return err
		}
		stored := make([]runs.RewardAccuracy, len(accuracies))
		for i, a := range accuracies {
			stored[i] = runs.RewardAccuracy(a)
		}
		w.RewardAccuracies(stored)
		return nil
	},
}

// stackVersion is that of stacks, of which reward models without one know nothing.
const stackVersion = "stack 2"

func accuracyFile(dir string) string { return filepath.Join(dir, "accuracy.json") }

// trainReward trains the reward model: the MLE policy with a scalar head, and
// accuracy.json with what it gets right on dev.
func trainReward(ctx context.Context, job *stage.Job) error {
	t, err := openTexts(job, MLE)
	if err != nil {
		return err
	}
	var settings reward.ModelSettings
	if err := job.Read("reward_model", &settings); err != nil {
		return err
	}
	examples, rest := t.forStack(settings.Stacked)
	learned, err := t.material(job, examples, data.Train, settings)
	if err != nil {
		return err
	}
	held, err := t.material(job, firstOf(t.dev, settings.DevExamples), data.Dev, settings)
	if err != nil {
		return err
	}
	return WithSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := LoadModel(s, job.Inputs[MLE], t.Task)
		if err != nil {
			return err
		}
		if m, err = adapted(m, t.common, "reward"); err != nil {
			return err
		}
		m.Config.ScorePooling = settings.ScorePooling()
		m.AddHead()
		accuracies, err := reward.Train(ctx, m, learned, held, settings, t.Seed, hooks(job))
		if err != nil {
			return err
		}
		if settings.Stacked > 0 {
			if accuracies, err = t.stack(ctx, job, m, learned, rest, held, settings); err != nil {
				return err
			}
		}
		if err := stage.WriteJSON(accuracyFile(job.Dir), accuracies); err != nil {
			return err
		}
		return savePolicy(m, t.Tokenizer, job.Dir)
	})
}

// material is what the examples of a split give a reward model to learn from, or to be
// measured on.
func (t texts) material(job *stage.Job, examples []data.Example, split data.Split, settings reward.ModelSettings) (m reward.Material, err error) {
	if m.Examples, err = t.comparisons(examples, splitFile(job.Inputs[Negatives], split)); err != nil || settings.Ranked == 0 {
		return m, err
	}
	tokenizer, err := wordsOf(job)
	if err != nil {
		return m, err
	}
	m.Rankings, err = t.rankings(examples, splitFile(job.Inputs[Samples], split), settings, tokenizer)
	return m, err
}

// comparisons are examples with the negatives that a file holds for them.
// Examples without any are left out.
func (l Language) comparisons(examples []data.Example, path string) ([]reward.Example, error) {
	made, err := data.ReadLines[negatives.Negative](path)
	if err != nil {
		return nil, err
	}
	of := make(map[string][]reward.Negative)
	for _, n := range made {
		of[n.Example] = append(of[n.Example], reward.Negative{Kind: n.Kind, Ended: n.Ended, Tokens: n.Tokens})
	}
	var out []reward.Example
	for _, e := range examples {
		if len(of[e.ID]) == 0 {
			continue
		}
		truth, _ := l.Codec.Response(e.References[0])
		out = append(out, reward.Example{Prompt: l.Codec.Prompt(e), Truth: truth, Negatives: of[e.ID]})
	}
	return out, nil
}

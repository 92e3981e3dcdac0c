package stages

import (
	"context"
	"path/filepath"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/negatives"
	"lastmile/harness/random"
	"lastmile/harness/reward/evaluation"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/runs"
)

// RewardEval is the kind that measures what the reward model is worth.
const RewardEval = "reward_eval"

var rewardEvalKind = Kind{
	Name:    RewardEval,
	Version: 2,
	Goal:    true,
	When:    rewardsNeedModel,
	Reads: func(c experiments.Config) []string {
		return trainingKeys(c, append([]string{"reward_eval", "negatives"}, metricKeys...)...)
	},
	Cost: []string{"reward_eval.batch_size"},
	Inputs: func(c experiments.Config) []Need {
		inputs := []Need{in(Prepare), in(MLE), in(Negatives), in(Reward), in(Policy)}
		if measuresByScorer(c) {
			inputs = append(inputs, in(Scorer))
		}
		return inputs
	},
	Run:    evaluateReward,
	Ingest: ingestEvaluation,
}

func evaluationFile(dir string) string { return filepath.Join(dir, "evaluation.json") }

// sampleScore is a line of samples.jsonl: what the reward model and the metrics say of a
// response of a policy. The truths are among them.
type sampleScore struct {
	// ID is that of the example.
	ID string `json:"id"`
	// Of is "truth", or one of [evaluation.Policies].
	Of     string  `json:"of"`
	Text   string  `json:"text"`
	Tokens int     `json:"tokens"`
	Ended  bool    `json:"ended"`
	Score  float64 `json:"score"`
	// Metrics are by name; a truth has none.
	Metrics map[string]float64 `json:"metrics,omitempty"`
}

// evaluator is what a reward_eval stage works with.
type evaluator struct {
	texts
	job       *stage.Job
	settings  evaluation.Settings
	negatives negatives.Settings
	metrics   Metrics
	examples  []data.Example
	names     evaluation.Names
	kept      *keptDecodings
}

// evaluateReward scores held-out prompts with the reward model: evaluation.json, and
// samples.jsonl with the policies' samples.
func evaluateReward(ctx context.Context, job *stage.Job) error {
	e := evaluator{job: job, kept: keptIn(job)}
	var err error
	if e.texts, err = openTexts(job, MLE); err != nil {
		return err
	}
	for key, value := range map[string]any{"reward_eval": &e.settings, "negatives": &e.negatives, "metrics": &e.metrics} {
		if err := job.Read(key, value); err != nil {
			return err
		}
	}
	// Not the first ones: a file may be in some order.
	chosen := random.New(0, RewardEval, "examples").Perm(len(e.dev))[:min(e.settings.Examples, len(e.dev))]
	slices.Sort(chosen)
	for _, i := range chosen {
		e.examples = append(e.examples, e.dev[i])
	}
	made, err := e.spoiled(ctx, chosen)
	if err != nil {
		return err
	}
	var sampled [2][][]decode.Response
	for i, kind := range []string{MLE, Policy} {
		if sampled[i], err = e.sample(ctx, job.Inputs[kind], evaluation.Policies[i]); err != nil {
			return err
		}
	}
	prompts, lines, err := e.prompts(ctx, made, sampled)
	if err != nil {
		return err
	}
	if err := data.WriteLines(filepath.Join(job.Dir, "samples.jsonl"), lines); err != nil {
		return err
	}
	return stage.WriteJSON(evaluationFile(job.Dir), evaluation.Evaluate(prompts, e.names))
}

// sample draws the responses of the policy in a folder. Both policies see the same draws.
func (e *evaluator) sample(ctx context.Context, dir, note string) (responses [][]decode.Response, err error) {
	requests := make([]decode.Request, len(e.examples))
	for i, example := range e.examples {
		requests[i] = decode.Request{ID: example.ID, Prompt: e.Codec.Prompt(example)}
	}
	settings := decode.Default("sample")
	settings.Temperature, settings.BatchSize = e.settings.Temperature, e.settings.BatchSize
	err = WithSession(e.job.Threads, e.job.Device, func(s *torch.Session) error {
		m, err := LoadModel(s, dir, e.Task)
		if err != nil {
			return err
		}
		responses, err = decode.Decode(ctx, m, requests, decode.Options{
			Settings:  settings,
			MaxTokens: e.Codec.MaxResponse(),
			Ends:      e.Ends(),
			Samples:   e.settings.Samples,
			Seed:      e.Seed,
			Stage:     RewardEval,
			Progress:  func(done, total int) { e.job.Progress(done, total, "samples "+note) },
			Tokens:    e.job.Tokens,
			Keeper:    e.kept.next(),
		})
		return err
	})
	return responses, err
}

func ingestEvaluation(dir string, w *runs.Writer) error {
	var e evaluation.Evaluation
	if err := stage.ReadJSON(evaluationFile(dir), &e); err != nil {
		return err
	}
	stored := runs.RewardEvaluation{}
	for _, k := range e.Kinds {
		kind := runs.RewardKind{Kind: k.Kind, Ended: k.Ended, Trained: k.Trained, Accuracy: k.Accuracy, N: k.N}
		for _, t := range k.Trivial {
			kind.Trivial = append(kind.Trivial, runs.TrivialAccuracy(t))
		}
		stored.Kinds = append(stored.Kinds, kind)
	}
	for _, m := range e.Samples {
		stored.Samples = append(stored.Samples, runs.RewardMeasure{Policy: m.Policy, Statistic: m.Statistic, Metric: m.Metric, Value: m.Value, Low: m.Low, High: m.High, N: m.N})
	}
	for _, b := range e.Calibration {
		stored.Calibration = append(stored.Calibration, runs.RewardBin(b))
	}
	w.RewardEvaluation(stored)
	return nil
}

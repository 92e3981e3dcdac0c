package train

import (
	"context"
	"fmt"
	"math"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/random"
)

// MLESettings are the fine-tuning by maximum likelihood: cross-entropy on the
// response.
type MLESettings struct {
	OptimizerSettings
	// Epochs is the number of passes over the training examples.
	Epochs float64 `toml:"epochs" json:"epochs"`
	// BatchSize is the number of examples in a step.
	BatchSize int `toml:"batch_size" json:"batch_size"`
	// EvalEvery is the number of steps between two evaluations on dev; the
	// best of them is kept.
	EvalEvery int `toml:"eval_every" json:"eval_every"`
	// Patience is the number of evaluations on dev without a better one after
	// which training stops; 0 means never.
	Patience int `toml:"patience" json:"patience"`
	// SelectOn says which evaluation is the best: the one with the best score of
	// greedy outputs for dev by this metric or, where nothing is said, with the
	// lowest loss. The training "mle_longer" goes by it as well.
	SelectOn string `toml:"select_on" json:"select_on,omitempty"`
	// DevExamples is the number of dev examples that the metric looks at, the
	// first; 0 means all.
	DevExamples int `toml:"dev_examples" json:"dev_examples,omitempty"`
}

// MLESection is the section [mle] of a sweep file. metric says which metrics can
// choose among policies on dev.
func MLESection(metric experiments.Check) experiments.Section {
	return experiments.Section{
		Key:     "mle",
		Default: MLESettings{OptimizerSettings: DefaultOptimizer(1e-3), Epochs: 1, BatchSize: 32, EvalEvery: 100},
		Rules: WithOptimizer(experiments.Rules{
			"epochs":       experiments.AboveTo(0, 1e6),
			"batch_size":   experiments.Whole(1, 1<<16),
			"eval_every":   experiments.AtLeast(1),
			"patience":     experiments.AtLeast(0),
			"select_on":    metric,
			"dev_examples": experiments.AtLeast(0),
		}),
	}
}

// MLE fine-tunes the model by maximum likelihood: cross-entropy on the
// response's tokens, the mean over a batch's. Steps is the number of optimizer
// steps, or 0 for the epochs of the configuration. Dev is evaluated every
// EvalEvery steps and at the end, by a metric before the first as well; the
// parameters of the best evaluation win. The stage names the random streams.
func MLE(ctx context.Context, m *model.Model, train, dev []Sequence, c MLESettings, steps int, seed int, stage string, hooks Hooks) error {
	if len(train) == 0 || len(dev) == 0 {
		return fmt.Errorf("maximum likelihood needs examples: %d in train, %d in dev", len(train), len(dev))
	}
	perEpoch := (len(train) + c.BatchSize - 1) / c.BatchSize
	if steps == 0 {
		steps = max(1, int(math.Round(c.Epochs*float64(perEpoch))))
	}
	t := NewTrainer(m, c.OptimizerSettings, hooks)
	var state Selected
	if err := t.Resume(&state); err != nil {
		return err
	}
	evaluate := func() error {
		loss, err := t.evaluate(ctx, dev, c.BatchSize)
		if err != nil {
			return err
		}
		t.Log("dev", "loss", loss)
		if c.SelectOn == "" {
			return t.offer(&state, loss, true)
		}
		return t.Evaluate(ctx, c.SelectOn, c.DevExamples, &state)
	}
	if c.SelectOn != "" && state.BestFile == "" {
		if err := evaluate(); err != nil {
			return err
		}
	}
	sizes := lengths(train)
	var batches [][]int
	for epoch := -1; t.Done < steps; {
		if err := ctx.Err(); err != nil {
			return err
		}
		// Every window but the last gives full batches, so an epoch has at
		// least perEpoch of them; the position in it follows from the step.
		if e := t.Done / perEpoch; e != epoch {
			epoch = e
			batches = Bucket(random.New(seed, stage, "order", epoch), sizes, 32*c.BatchSize, func(n, _ int) bool { return n > c.BatchSize })
		}
		t.Dropout(seed, stage)
		loss, err := t.likelihoodStep(pick(train, batches[t.Done%perEpoch]), Rate(c.OptimizerSettings, t.Done, steps))
		if err != nil {
			return err
		}
		t.Done++
		t.Log("train", "loss", loss)
		if t.Done == steps || c.EvalEvery > 0 && t.Done%c.EvalEvery == 0 {
			if err := evaluate(); err != nil {
				return err
			}
			if state.Stopped(c.Patience) {
				break
			}
		}
		if t.Due(ctx) {
			if err := t.Checkpoint(state, state.BestFile); err != nil {
				return err
			}
		}
		t.Progress(steps, fmt.Sprintf("loss %.2f", loss))
	}
	if err := t.LoadBest(state.BestFile); err != nil {
		return err
	}
	t.Optimizer.Free()
	return t.Finish()
}

// likelihoodStep takes one optimizer step and returns the loss before it, in
// nats a response token.
func (t *Trainer) likelihoodStep(sequences []Sequence, share float64) (loss float64, err error) {
	targets := 0
	for _, q := range sequences {
		targets += q.Response()
	}
	for part := range Micro(sequences, t.config.MicroBatch) {
		b := newBatch(part)
		err := t.Session().Scope(func() error {
			value, err := t.Backward(logprobs(t.Model, b).Sum().MulScalar(-1 / float64(targets)))
			loss += value
			return err
		})
		if err != nil {
			return loss, err
		}
		t.Tokens(b.tokens)
	}
	return loss, t.Step(share)
}

// evaluate returns the mean loss over all response tokens, in nats. A loss
// that is not a number is an error.
func (t *Trainer) evaluate(ctx context.Context, sequences []Sequence, size int) (float64, error) {
	sum, n := 0.0, 0
	sizes := lengths(sequences)
	batches := Bucket(random.New(0, "evaluate"), sizes, len(sizes), func(n, _ int) bool { return n > size })
	for _, indices := range batches {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		b := newBatch(pick(sequences, indices))
		var value float64
		err := t.Session().NoGrad(func() (err error) {
			value, err = logprobs(t.Model, b).Sum().Item()
			return err
		})
		if err != nil {
			return 0, err
		}
		sum += value
		n += len(b.targets)
	}
	if loss := -sum / float64(n); math.IsNaN(loss) || math.IsInf(loss, 0) {
		return loss, fmt.Errorf("the dev loss is %g after step %d", loss, t.Steps)
	}
	return -sum / float64(n), nil
}

package reward

import (
	"context"
	"fmt"
	"math"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// ModelSettings are the training of the reward model: the MLE policy with a scalar
// head, trained to put the truth above its negatives.
type ModelSettings struct {
	train.OptimizerSettings
	// Loss is "bradley-terry" over pairs of truth and negative, or "bce",
	// binary cross-entropy over single responses.
	Loss string `toml:"loss" json:"loss"`
	// Steps is the number of optimizer steps.
	Steps int `toml:"steps" json:"steps"`
	// BatchSize is the number of prompts in a step, each with its truth and
	// its negatives.
	BatchSize int `toml:"batch_size" json:"batch_size"`
	// DevExamples is the number of dev examples that accuracies are measured
	// on; 0 means all.
	DevExamples int `toml:"dev_examples" json:"dev_examples"`
	// EvalEvery is the number of steps between two evaluations on dev.
	EvalEvery int `toml:"eval_every" json:"eval_every"`
}

// ModelSection is the section [reward_model] of a sweep file.
func ModelSection(active func(experiments.Config) bool) experiments.Section {
	return experiments.Section{
		Key: "reward_model",
		Default: ModelSettings{
			OptimizerSettings: train.DefaultOptimizer(1e-3),
			Loss:              "bradley-terry",
			Steps:             500,
			BatchSize:         8,
			EvalEvery:         100,
		},
		Rules: train.WithOptimizer(experiments.Rules{
			"loss":         experiments.Choice("loss", "bradley-terry", "bce"),
			"steps":        experiments.AtLeast(1),
			"batch_size":   experiments.AtLeast(1),
			"dev_examples": experiments.AtLeast(0),
			"eval_every":   experiments.AtLeast(1),
		}),
		Active: active,
	}
}

// Example is a prompt with its truth and negatives, all as tokens.
type Example struct {
	Prompt, Truth []int
	Negatives     []Negative
}

// Negative is one response that is worse than the truth.
type Negative struct {
	Kind   string
	Ended  bool
	Tokens []int
}

// Accuracy is the share of examples whose truth scores above a negative of one
// kind, in one form.
type Accuracy struct {
	Kind     string  `json:"kind"`
	Ended    bool    `json:"ended"`
	Accuracy float64 `json:"accuracy"`
	N        int     `json:"n"`
}

// headScores scores every response of the trees: one score per response, in their
// order. It is a tensor of one dimension.
func headScores(m *model.Model, trees []model.Tree) *torch.Tensor {
	b := model.NewBranches(m.Session(), trees)
	return m.Scores(m.HiddenAt(b.Input, b.Last))
}

// Train trains the reward model m, which has a scalar head, and returns its
// accuracies on dev. Each step takes BatchSize examples; the loss is the mean
// over all pairs of a truth and one of its negatives (Bradley-Terry) or over
// all responses (binary cross-entropy, truths and negatives weighing the
// same).
func Train(ctx context.Context, m *model.Model, examples, dev []Example, c ModelSettings, seed int, hooks train.Hooks) ([]Accuracy, error) {
	if len(examples) == 0 || len(dev) == 0 {
		return nil, fmt.Errorf("the reward model needs examples: %d in train, %d in dev", len(examples), len(dev))
	}
	t := train.NewTrainer(m, c.OptimizerSettings, hooks)
	if err := t.Resume(&struct{}{}); err != nil {
		return nil, err
	}
	sizes := make([]int, len(examples))
	for i, e := range examples {
		sizes[i] = e.tree().Tokens()
	}
	perEpoch := (len(examples) + c.BatchSize - 1) / c.BatchSize
	var batches [][]int
	for epoch := -1; t.Done < c.Steps; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e := t.Done / perEpoch; e != epoch {
			epoch = e
			batches = train.Bucket(random.New(seed, "reward", "order", epoch), sizes, 32*c.BatchSize, func(n, _ int) bool { return n > c.BatchSize })
		}
		chosen := make([]Example, 0, c.BatchSize)
		for _, i := range batches[t.Done%perEpoch] {
			chosen = append(chosen, examples[i])
		}
		t.Dropout(seed, "reward")
		value, accuracy, err := step(t, chosen, c)
		if err != nil {
			return nil, err
		}
		t.Done++
		t.Log("train", "loss", value)
		t.Log("train", "accuracy", accuracy)
		if c.EvalEvery > 0 && t.Done%c.EvalEvery == 0 && t.Done < c.Steps {
			if _, err := evaluate(ctx, t, dev, c.BatchSize); err != nil {
				return nil, err
			}
		}
		if t.Due() {
			if err := t.Checkpoint(struct{}{}); err != nil {
				return nil, err
			}
		}
		t.Progress(c.Steps, fmt.Sprintf("loss %.2f, accuracy %.2f", value, accuracy))
	}
	measured, err := evaluate(ctx, t, dev, c.BatchSize)
	if err != nil {
		return nil, err
	}
	t.Optimizer.Free()
	return measured, t.Finish()
}

func (e Example) tree() model.Tree {
	tree := model.Tree{Prompt: e.Prompt, Responses: [][]int{e.Truth}}
	for _, n := range e.Negatives {
		tree.Responses = append(tree.Responses, n.Tokens)
	}
	return tree
}

func trees(examples []Example) (trees []model.Tree, tokens int) {
	for _, e := range examples {
		tree := e.tree()
		trees = append(trees, tree)
		tokens += tree.Tokens()
	}
	return trees, tokens
}

// step takes one optimizer step and returns the loss and the share of pairs in
// order before it.
func step(t *train.Trainer, examples []Example, c ModelSettings) (value, accuracy float64, err error) {
	all := 0
	for _, e := range examples {
		all += len(e.Negatives)
	}
	s := t.Session()
	for part := range train.Micro(examples, c.MicroBatch) {
		trees, tokens := trees(part)
		err := s.Scope(func() error {
			scores := headScores(t.Model, trees)
			truths, negatives := pairs(part)
			better := scores.IndexSelect(0, s.Ints(truths, len(truths)))
			worse := scores.IndexSelect(0, s.Ints(negatives, len(negatives)))
			margins, err := better.Sub(worse).Detach().Values()
			if err != nil {
				return err
			}
			for _, margin := range margins {
				if margin > 0 {
					accuracy += 1 / float64(all)
				}
			}
			loss, err := t.Backward(pairLoss(c.Loss, better, worse).MulScalar(float64(len(margins)) / float64(all)))
			value += loss
			return err
		})
		if err != nil {
			return value, accuracy, err
		}
		t.Tokens(tokens)
	}
	return value, accuracy, t.Step(train.Rate(c.OptimizerSettings, t.Done, c.Steps))
}

// pairLoss is the training loss of pairs of scores, better and worse, each [n]:
// "bradley-terry", the mean of -ln σ(better - worse), or "bce", the mean of
// -ln σ(better) and -ln σ(-worse).
func pairLoss(name string, better, worse *torch.Tensor) *torch.Tensor {
	if name == "bce" {
		return better.LogSigmoid().Add(worse.Neg().LogSigmoid()).Mean().MulScalar(-0.5)
	}
	return better.Sub(worse).LogSigmoid().Mean().Neg()
}

// pairs lists every pair of a truth and a negative, as indices of responses.
func pairs(examples []Example) (truths, negatives []int64) {
	at := int64(0)
	for _, e := range examples {
		for i := range e.Negatives {
			truths = append(truths, at)
			negatives = append(negatives, at+1+int64(i))
		}
		at += 1 + int64(len(e.Negatives))
	}
	return truths, negatives
}

// evaluate measures the accuracies of the model in training, and adds them to the
// learning curves.
func evaluate(ctx context.Context, t *train.Trainer, dev []Example, size int) ([]Accuracy, error) {
	measured, err := accuracies(ctx, t.Model, dev, size)
	if err != nil {
		return nil, err
	}
	for _, a := range measured {
		form := "ended"
		if !a.Ended {
			form = "unended"
		}
		t.Log("dev", "accuracy "+a.Kind+" "+form, a.Accuracy)
	}
	return measured, nil
}

// accuracies counts on how many examples the truth scores above the negatives,
// by kind and form, in the order in which they first come.
func accuracies(ctx context.Context, m *model.Model, examples []Example, size int) ([]Accuracy, error) {
	trees, _ := trees(examples)
	scored, err := ScoreAll(ctx, m, trees, size)
	if err != nil {
		return nil, err
	}
	type form struct {
		kind  string
		ended bool
	}
	at := make(map[form]int)
	var out []Accuracy
	for i, e := range examples {
		for j, n := range e.Negatives {
			key := form{n.Kind, n.Ended}
			k, ok := at[key]
			if !ok {
				k = len(out)
				at[key] = k
				out = append(out, Accuracy{Kind: n.Kind, Ended: n.Ended})
			}
			out[k].N++
			if scored[i][0] > scored[i][j+1] {
				out[k].Accuracy++
			}
		}
	}
	for i := range out {
		out[i].Accuracy /= float64(out[i].N)
	}
	return out, nil
}

// ScoreAll scores every response of any number of trees, size of them at a time, those of
// similar length together. The size changes nothing but rounding.
func ScoreAll(ctx context.Context, m *model.Model, trees []model.Tree, size int) ([][]float64, error) {
	sizes := make([]int, len(trees))
	for i, tree := range trees {
		sizes[i] = tree.Tokens()
	}
	out := make([][]float64, len(trees))
	for _, indices := range train.Bucket(random.New(0, "measure"), sizes, max(1, len(sizes)), func(n, _ int) bool { return n > size }) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var batch []model.Tree
		for _, i := range indices {
			batch = append(batch, trees[i])
		}
		scores, err := Score(m, batch)
		if err != nil {
			return nil, err
		}
		for k, i := range indices {
			out[i] = scores[k]
		}
	}
	return out, nil
}

// Score scores every response of the trees, without gradients.
func Score(m *model.Model, trees []model.Tree) ([][]float64, error) {
	var values []float64
	err := m.Session().NoGrad(func() (err error) {
		values, err = headScores(m, trees).Value64s()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("scoring: %w", err)
	}
	out := make([][]float64, len(trees))
	for i, tree := range trees {
		out[i], values = values[:len(tree.Responses)], values[len(tree.Responses):]
		for _, v := range out[i] {
			if math.IsNaN(v) {
				return nil, fmt.Errorf("scoring: the reward model's score is not a number")
			}
		}
	}
	return out, nil
}

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
	"lastmile/metrics"
)

// ModelSettings are the training of the reward model: the MLE policy with a scalar
// head, trained to put the truth above its negatives.
type ModelSettings struct {
	train.OptimizerSettings
	// Loss is "bradley-terry" over pairs of truth and negative, or "bce",
	// binary cross-entropy over single responses.
	Loss string `toml:"loss" json:"loss"`
	// Pooling is what a response's score is: that of its last token, "last", the mean of
	// its tokens', "mean", or the sum of both, each with a head of its own, "both".
	Pooling string `toml:"pooling" json:"pooling,omitempty"`
	// Steps is the number of optimizer steps. With 0 the network scores nothing, and what
	// is stacked is trivial scorers alone: the control of a reward model that is stacked.
	Steps int `toml:"steps" json:"steps"`
	// BatchSize is the number of prompts in a step, each with its truth and
	// its negatives.
	BatchSize int `toml:"batch_size" json:"batch_size"`
	// Ranked is the share of the loss that is about the MLE policy's own samples, as
	// [samples] describes them: a step then takes BatchSize prompts with samples
	// beside those with negatives, and learns which of two samples is better. 0 means
	// none.
	Ranked float64 `toml:"ranked" json:"ranked,omitempty"`
	// RankBy is the metric against the references by which samples are ranked, with
	// its default options; "" means la-rougeL.
	RankBy string `toml:"rank_by" json:"rank_by,omitempty"`
	// Margin is how much worse than another by that metric, which goes from 0 to 1, a
	// sample must be to be learned as worse; 0 means 0.02.
	Margin float64 `toml:"margin" json:"margin,omitempty"`
	// RankLoss is what a pair of samples costs: "" as much as a truth and a negative by
	// Loss, in which order alone counts, or "difference", squared error, by which the
	// difference of their scores becomes ten times that by the metric.
	RankLoss string `toml:"rank_loss" json:"rank_loss,omitempty"`
	// Stacked is the share of the training prompts, of at most 5,000 in all, that the
	// network does not learn from. On them its score is combined with those of trivial
	// scorers, which know whether a response ends, its length, its repetitions, its words
	// of the prompt, and its trigrams; the reward model's score is then the
	// combination's. 0 means the network's alone.
	Stacked float64 `toml:"stacked" json:"stacked,omitempty"`
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
			"pooling":      orEmpty("a pooling", experiments.Choice("pooling", lastPooling, model.MeanPooling, model.BothPooling)),
			"ranked":       experiments.FromBelow(0, 1),
			"rank_by":      orEmpty("a metric against references", experiments.OneOf("metric", metrics.AgainstReferences)),
			"margin":       experiments.FromBelow(0, 1),
			"rank_loss":    orEmpty(`"" or "difference"`, experiments.Choice("loss", "difference")),
			"stacked":      experiments.FromBelow(0, 1),
			"steps":        experiments.AtLeast(0),
			"batch_size":   experiments.Whole(1, 1<<16),
			"dev_examples": experiments.AtLeast(0),
			"eval_every":   experiments.AtLeast(1),
		}),
		Active: active,
		Check: func(c experiments.Config) []experiments.Complaint {
			return append(rankedAlone(c), untrained(c)...)
		},
	}
}

// untrained complains about a network that is not trained where nothing else scores.
func untrained(c experiments.Config) []experiments.Complaint {
	if s := experiments.Get[ModelSettings](c, "reward_model"); s.Steps > 0 || s.Stacked > 0 {
		return nil
	}
	return []experiments.Complaint{{
		Keys:    []string{"reward_model.steps", "reward_model.stacked"},
		Message: "after 0 steps a network scores nothing, and nothing is stacked on it; reward_model.stacked = 0.2 is a start",
	}}
}

// lastPooling is the pooling that goes without a name in a model's configuration.
const lastPooling = "last"

// ScorePooling is the pooling as [model.Config] has it.
func (c ModelSettings) ScorePooling() string {
	if c.Pooling == lastPooling {
		return model.LastPooling
	}
	return c.Pooling
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

// Model is a reward model as it scores.
type Model struct {
	// Network is the language model with a scalar head.
	Network *model.Model
	// Stack is what its score is combined with; nil for nothing.
	Stack *Stack
}

// headScores scores every response of the trees: one score per response, in their
// order. It is a tensor of one dimension.
func headScores(m *model.Model, trees []model.Tree) *torch.Tensor {
	return m.ResponseScores(model.NewBranches(m.Session(), trees))
}

// Material is what a reward model learns from, or is measured on.
type Material struct {
	Examples []Example
	// Rankings are the policy's own samples, nil unless ModelSettings.Ranked is above 0.
	Rankings []Ranking
}

// Train trains the reward model m, which has a scalar head, and returns its
// accuracies on held-out examples. Each step takes BatchSize examples; the loss is the
// mean over all pairs of a truth and one of its negatives (Bradley-Terry) or over
// all responses (binary cross-entropy, truths and negatives weighing the
// same). With Ranked above 0 the step also takes BatchSize rankings, and the mean over
// their pairs of a better and a worse sample has that share of the loss.
func Train(ctx context.Context, m *model.Model, learned, held Material, c ModelSettings, seed int, hooks train.Hooks) ([]Accuracy, error) {
	if len(learned.Examples) == 0 || len(held.Examples) == 0 {
		return nil, fmt.Errorf("the reward model needs examples: %d in train, %d in dev", len(learned.Examples), len(held.Examples))
	}
	examples := newQueue(exampleGroups(learned.Examples), c.BatchSize, seed, "order")
	var rankings *queue
	if c.Ranked > 0 {
		groups := rankingGroups(learned.Rankings, c.margin())
		if len(groups) == 0 {
			return nil, fmt.Errorf("reward_model.ranked: of %d prompts with samples none has two that differ by the margin of %g", len(learned.Rankings), c.margin())
		}
		rankings = newQueue(groups, c.BatchSize, seed, "ranked")
	}
	t := train.NewTrainer(m, c.OptimizerSettings, hooks)
	if err := t.Resume(&struct{}{}); err != nil {
		return nil, err
	}
	for t.Done < c.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t.Dropout(seed, "reward")
		value, accuracy, err := c.backward(t, examples.batch(t.Done), 1-c.Ranked, c.truthLoss)
		if err != nil {
			return nil, err
		}
		var ranked float64
		if rankings != nil {
			part, right, err := c.backward(t, rankings.batch(t.Done), c.Ranked, c.rankLoss)
			if err != nil {
				return nil, err
			}
			value, ranked = value+part, right
		}
		if err := t.Step(train.Rate(c.OptimizerSettings, t.Done, c.Steps)); err != nil {
			return nil, err
		}
		t.Done++
		t.Log("train", "loss", value)
		t.Log("train", "accuracy", accuracy)
		note := fmt.Sprintf("loss %.2f, accuracy %.2f", value, accuracy)
		if rankings != nil {
			t.Log("train", "accuracy ranked", ranked)
			note += fmt.Sprintf(", ranked %.2f", ranked)
		}
		if c.EvalEvery > 0 && t.Done%c.EvalEvery == 0 && t.Done < c.Steps {
			if _, err := evaluate(ctx, t, held, c); err != nil {
				return nil, err
			}
		}
		if t.Due(ctx) {
			if err := t.Checkpoint(struct{}{}); err != nil {
				return nil, err
			}
		}
		t.Progress(c.Steps, note)
	}
	measured, err := evaluate(ctx, t, held, c)
	if err != nil {
		return nil, err
	}
	t.Optimizer.Free()
	return measured, t.Finish()
}

// backward adds the gradient of a share of the step's loss, the mean over all pairs of
// the groups, and returns its value and the share of the pairs in order.
func (c ModelSettings) backward(t *train.Trainer, groups []group, share float64, loss groupLoss) (value, accuracy float64, err error) {
	all := 0
	for _, g := range groups {
		all += len(g.pairs)
	}
	s := t.Session()
	for part := range train.Micro(groups, c.MicroBatch) {
		trees, tokens := trees(part)
		err := s.Scope(func() error {
			scores := headScores(t.Model, trees)
			first, second := pairs(part)
			better := scores.IndexSelect(0, s.Ints(first, len(first)))
			worse := scores.IndexSelect(0, s.Ints(second, len(second)))
			margins, err := better.Sub(worse).Detach().Values()
			if err != nil {
				return err
			}
			for _, margin := range margins {
				if margin > 0 {
					accuracy += 1 / float64(all)
				}
			}
			part, err := t.Backward(loss(better, worse, part).MulScalar(share * float64(len(margins)) / float64(all)))
			value += part
			return err
		})
		if err != nil {
			return value, accuracy, err
		}
		t.Tokens(tokens)
	}
	return value, accuracy, nil
}

// groupLoss is the mean loss of the pairs of groups, whose scores are better and worse,
// each [pairs].
type groupLoss func(better, worse *torch.Tensor, groups []group) *torch.Tensor

// truthLoss is that of truths and negatives.
func (c ModelSettings) truthLoss(better, worse *torch.Tensor, _ []group) *torch.Tensor {
	return pairLoss(c.Loss, better, worse)
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

// evaluate measures the accuracies of the model in training, and adds them to the
// learning curves.
func evaluate(ctx context.Context, t *train.Trainer, held Material, c ModelSettings) ([]Accuracy, error) {
	measured, correlation, err := Model{Network: t.Model}.Measure(ctx, held, c)
	if err != nil {
		return nil, err
	}
	for _, a := range measured {
		t.Log("dev", "accuracy "+a.form(), a.Accuracy)
	}
	if c.Ranked > 0 {
		t.Log("dev", "correlation within prompts", correlation)
	}
	return measured, nil
}

// form is the kind, with its form where there are two.
func (a Accuracy) form() string {
	switch {
	case a.Kind == ranked:
		return a.Kind
	case a.Ended:
		return a.Kind + " ended"
	}
	return a.Kind + " unended"
}

// Measure returns the accuracies on held-out material and, where Ranked is above 0, the
// mean correlation of the score with the metric that ranks, within a prompt.
func (m Model) Measure(ctx context.Context, held Material, c ModelSettings) ([]Accuracy, float64, error) {
	measured, err := m.accuracies(ctx, held.Examples, c.BatchSize)
	if err != nil || c.Ranked == 0 {
		return measured, 0, err
	}
	of, correlation, err := m.agreement(ctx, held.Rankings, c)
	return append(measured, of), correlation, err
}

// accuracies counts on how many examples the truth scores above the negatives,
// by kind and form, in the order in which they first come.
func (m Model) accuracies(ctx context.Context, examples []Example, size int) ([]Accuracy, error) {
	trees, _ := trees(exampleGroups(examples))
	scored, err := m.ScoreAll(ctx, trees, size)
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
func (m Model) ScoreAll(ctx context.Context, trees []model.Tree, size int) ([][]float64, error) {
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
		scores, err := m.Score(batch)
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
func (m Model) Score(trees []model.Tree) ([][]float64, error) {
	var values []float64
	err := m.Network.Session().NoGrad(func() (err error) {
		values, err = headScores(m.Network, trees).Value64s()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("scoring: %w", err)
	}
	out := make([][]float64, len(trees))
	for i, tree := range trees {
		out[i], values = values[:len(tree.Responses)], values[len(tree.Responses):]
		if m.Stack != nil {
			for j, scores := range m.Stack.trivialScores(tree) {
				out[i][j] = m.Stack.combine(out[i][j], scores)
			}
		}
		for _, v := range out[i] {
			if math.IsNaN(v) {
				return nil, fmt.Errorf("scoring: the reward model's score is not a number")
			}
		}
	}
	return out, nil
}

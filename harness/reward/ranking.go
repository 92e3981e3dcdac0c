package reward

import (
	"context"
	"math"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// Ranking is a prompt with responses that a policy drew, and what a metric against the
// references says of each.
type Ranking struct {
	Prompt  []int
	Samples [][]int
	Values  []float64
}

// Rank scores texts against an example's references with the metric that ranks: one
// value each, the higher the better. The tokenizer is that of [metrics.Options].
func (c ModelSettings) Rank(texts, references []string, tokenizer string) ([]float64, error) {
	by := similarity{c.RankBy, metrics.DefaultOptions()}
	by.options.Tokenizer = tokenizer
	if by.metric == "" {
		by.metric = "la-rougeL"
	}
	inputs := make([]metrics.Input, len(texts))
	for i, text := range texts {
		inputs[i] = metrics.Input{Hypothesis: text, References: references}
	}
	return by.scores(inputs)
}

// margin is how much worse the second of a pair is at least.
func (c ModelSettings) margin() float64 {
	if c.Margin == 0 {
		return 0.02
	}
	return c.Margin
}

// group is the ranking as a reward model learns it: each sample above each that is worse
// by the margin or more.
func (r Ranking) group(margin float64) group {
	g := group{Tree: model.Tree{Prompt: r.Prompt, Responses: r.Samples}}
	for i, better := range r.Values {
		for j, worse := range r.Values {
			if by := better - worse; by >= margin {
				g.pairs = append(g.pairs, preference{i, j, by})
			}
		}
	}
	return g
}

// unit is the difference by the metric that is to become a difference of 1 in score where
// ModelSettings.RankLoss is "difference".
const unit = 0.1

// rankLoss is that of better and worse samples: that of a truth and a negative, or
// with RankLoss "difference" the mean of (better - worse - by/unit)², where by is how
// much they differ by the metric.
func (c ModelSettings) rankLoss(better, worse *torch.Tensor, groups []group) *torch.Tensor {
	if c.RankLoss != "difference" {
		return pairLoss(c.Loss, better, worse)
	}
	by := differences(groups)
	wanted := better.Session().Float64s(by, len(by)).MulScalar(1 / unit)
	return better.Sub(worse).Sub(wanted).Square().Mean()
}

// correlation is Pearson's of two lists of n numbers; ok is false where one of them is
// constant.
func correlation(x, y []float64) (r float64, ok bool) {
	var mx, my, xx, yy, xy float64
	for i := range x {
		mx += x[i] / float64(len(x))
		my += y[i] / float64(len(y))
	}
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
		xy += (x[i] - mx) * (y[i] - my)
	}
	return xy / math.Sqrt(xx*yy), xx > 0 && yy > 0
}

// ranked is what the policy's own samples are called among the kinds of negatives.
const ranked = "ranked"

// agreement measures how far the scores of samples agree with the metric that ranks
// them: the share of the pairs that are ranked rightly, and Pearson's correlation within
// a prompt, the mean over the prompts where both vary.
func (m Model) agreement(ctx context.Context, rankings []Ranking, c ModelSettings) (Accuracy, float64, error) {
	a := Accuracy{Kind: ranked, Ended: true}
	all := make([]model.Tree, len(rankings))
	for i, r := range rankings {
		all[i] = model.Tree{Prompt: r.Prompt, Responses: r.Samples}
	}
	scores, err := m.ScoreAll(ctx, all, c.BatchSize)
	if err != nil {
		return a, 0, err
	}
	sum, n := 0.0, 0
	for i, r := range rankings {
		for _, p := range r.group(c.margin()).pairs {
			a.N++
			if scores[i][p.better] > scores[i][p.worse] {
				a.Accuracy++
			}
		}
		if of, ok := correlation(scores[i], r.Values); ok {
			sum += of
			n++
		}
	}
	a.Accuracy /= float64(max(a.N, 1))
	return a, sum / float64(max(n, 1)), nil
}

// rankedAlone complains about settings of ranked samples where none are ranked.
func rankedAlone(c experiments.Config) []experiments.Complaint {
	s := experiments.Get[ModelSettings](c, "reward_model")
	var found []experiments.Complaint
	if s.Ranked > 0 {
		return nil
	}
	complain := func(key string) {
		found = append(found, experiments.Complaint{
			Keys:    []string{"reward_model." + key, "reward_model.ranked"},
			Message: key + " is for ranked samples, and their share, reward_model.ranked, is 0",
		})
	}
	if s.RankBy != "" {
		complain("rank_by")
	}
	if s.Margin > 0 {
		complain("margin")
	}
	if s.RankLoss != "" {
		complain("rank_loss")
	}
	return found
}

// orEmpty allows "" besides what a check allows.
func orEmpty(allowed string, known experiments.Check) experiments.Check {
	return experiments.Check{Allowed: allowed, Broken: func(value any) string {
		if value == "" {
			return ""
		}
		return known.Broken(value)
	}}
}

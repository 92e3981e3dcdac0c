package rollout

import "lastmile/harness/model"

// learnTruths adds the gradient of the auxiliary loss of maximum likelihood on the
// truths of some of a step's prompts: −ln π of their tokens at temperature 1, the mean
// over the tokens of all the step's prompts, times MLECoefficient. It goes into the
// update's curve mle_loss.
func (l *Learner) learnTruths(some, step []Batch) error {
	if l.Settings.MLECoefficient == 0 {
		return nil
	}
	tokens := 0
	for _, group := range step {
		tokens += len(l.Problems[group[0].Problem].Truth)
	}
	var trees []model.Tree
	for _, group := range some {
		p := l.Problems[group[0].Problem]
		trees = append(trees, model.Tree{Prompt: p.Prompt, Responses: [][]int{p.Truth}})
	}
	s := l.Session()
	return s.Scope(func() error {
		b := model.NewBranches(s, trees)
		logprobs := l.Policy.Logprobs(l.Policy.HiddenAt(b.Input, b.Predict), b.Targets, 1)
		loss := logprobs.Sum().MulScalar(-l.Settings.MLECoefficient / float64(tokens))
		value, err := l.Backward(loss)
		l.steps.sums["mle_loss"] += value / l.Settings.MLECoefficient
		l.Trainer.Tokens(b.Rows * b.Length)
		return err
	})
}

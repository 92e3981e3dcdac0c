// Package pairs is what preference algorithms share: pairs of a better and a worse
// response to a prompt, and their log-probabilities.
package pairs

import (
	"lastmile/harness/model"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// Pair is a prompt with the response that is to become likelier, chosen, and the
// one that is to become less likely, rejected, as tokens with the end token where
// they ended.
type Pair struct {
	Prompt, Chosen, Rejected []int
}

// Tokens is the number of tokens of a pair.
func (p Pair) Tokens() int { return p.tree().Tokens() }

// tree is the pair as one row of a batch, whose prompt is computed once.
func (p Pair) tree() model.Tree {
	return model.Tree{Prompt: p.Prompt, Responses: [][]int{p.Chosen, p.Rejected}}
}

// Logprobs are the log-probabilities, in nats, that a model gives to the chosen and
// the rejected responses of a batch, summed over their tokens: each [pairs].
func Logprobs(m *model.Model, batch []Pair) (chosen, rejected *torch.Tensor) {
	trees := make([]model.Tree, len(batch))
	var lengths []int
	for i, p := range batch {
		trees[i] = p.tree()
		lengths = append(lengths, len(p.Chosen), len(p.Rejected))
	}
	s := m.Session()
	b := model.NewBranches(s, trees)
	logprobs := m.Logprobs(m.HiddenAt(b.Input, b.Predict), b.Targets, 1)
	sums := train.SumBy(logprobs, lengths).Reshape(len(batch), 2)
	column := func(i int) *torch.Tensor { return sums.Narrow(1, i, 1).Reshape(len(batch)) }
	return column(0), column(1)
}

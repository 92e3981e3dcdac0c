package main

import (
	"context"
	"slices"

	"lastmile/harness/doctor"
	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// roofline is what a device can do at most (Williams, Waterman and Patterson 2009), as
// measured, of what a job cannot do without: products of matrices, and reading weights.
type roofline struct {
	// products are operations a second, a multiplication and an addition counting as
	// two; reads are bytes a second.
	products, reads float64
}

// raise measures the device as lastmile doctor does, and keeps what is faster than was
// measured before: on a machine that others use too, a single measurement is too low to be
// a bound.
func (r *roofline) raise(ctx context.Context, s *torch.Session) error {
	products, err := doctor.ProductRate(ctx, s)
	if err != nil {
		return err
	}
	reads, err := doctor.ReadRate(ctx, s)
	r.products, r.reads = max(r.products, products), max(r.reads, reads)
	return err
}

// network counts what a transformer's products are made of.
type network struct {
	// layers are the parameters of all projections within the layers, and adapters
	// those of LoRA; vocabulary are those of the projection to the vocabulary.
	layers, adapters, vocabulary float64
	// pair are the operations for a token and one that it attends to, in all layers.
	pair float64
}

// networkOf counts a model of gated MLPs, whose adapters have a rank, 0 for none.
func networkOf(c model.Config, rank int) network {
	hidden, inside := float64(c.HiddenSize), float64(c.IntermediateSize)
	head := hidden / float64(c.NumAttentionHeads)
	if c.HeadDim > 0 {
		head = float64(c.HeadDim)
	}
	queries, keys := head*float64(c.NumAttentionHeads), head*float64(c.NumKeyValueHeads)
	depth := float64(c.NumHiddenLayers)
	n := network{vocabulary: hidden * float64(c.VocabSize), pair: 4 * queries * depth}
	for _, p := range [][2]float64{{hidden, queries}, {hidden, keys}, {hidden, keys}, {queries, hidden}, {hidden, inside}, {hidden, inside}, {inside, hidden}} {
		n.layers += depth * p[0] * p[1]
		n.adapters += depth * float64(rank) * (p[0] + p[1])
	}
	return n
}

// bytes are those of the weights, in f32, that a step of decoding reads.
func (n network) bytes() float64 { return 4 * (n.layers + n.vocabulary) }

// tree is a prompt with responses behind it; a text to learn from is one with one
// response. All are numbers of tokens.
type tree struct {
	prompt    int
	responses []int
}

// parts are the operations of the products of one pass over a tree, the prompt computed
// once and its responses projected to the vocabulary: within the layers, of adapters,
// and all others, which have no parameters or are never frozen.
func (n network) parts(t tree) (layers, adapters, others float64) {
	p := float64(t.prompt)
	tokens, pairs := p, p*(p+1)/2
	for _, r := range t.responses {
		r := float64(r)
		tokens += r
		pairs += r*p + r*(r+1)/2
		others += 2 * n.vocabulary * r
	}
	return 2 * n.layers * tokens, 2 * n.adapters * tokens, others + n.pair*pairs
}

// forward are the operations of a pass without gradients.
func (n network) forward(t tree) float64 {
	layers, adapters, others := n.parts(t)
	return layers + adapters + others
}

// training are those of a pass with gradients, which costs two more: one for the inputs
// and one for the weights, unless these are frozen below adapters.
func (n network) training(t tree) float64 {
	layers, adapters, others := n.parts(t)
	passes := 3.0
	if n.adapters > 0 {
		passes = 2
	}
	return passes*layers + 3*(adapters+others)
}

// decoding is the least time, in seconds, of decoding trees, so many sequences at once:
// the prompts' products, and then for each step its products or the reading of all
// weights, whatever takes longer.
func (r roofline) decoding(n network, trees []tree, batch int) float64 {
	var prompts, steps, fed float64
	for _, t := range trees {
		// The first token of each response comes from the prompt's last state.
		first := n.forward(tree{prompt: t.prompt}) + 2*n.vocabulary
		rest := t
		rest.responses = make([]int, len(t.responses))
		for i, length := range t.responses {
			rest.responses[i] = length - 1
			fed += float64(length - 1)
		}
		prompts += first
		steps += n.forward(rest) - n.forward(tree{prompt: t.prompt})
	}
	return prompts/r.products + max(steps/r.products, fed/float64(batch)*n.bytes()/r.reads)
}

// trees are the job's texts, with responses of so many tokens each.
func (j Job) trees(responses func(i int) []int) []tree {
	var trees []tree
	for i, t := range j.Texts {
		trees = append(trees, tree{len(t.Prompt), responses(i)})
	}
	return trees
}

// beginning is the number of tokens that all prompts begin with.
func (j Job) beginning() int {
	first := j.Texts[0].Prompt
	n := len(first)
	for _, t := range j.Texts {
		n = min(n, len(t.Prompt))
		for i := range n {
			if t.Prompt[i] != first[i] {
				n = i
				break
			}
		}
	}
	return n
}

// bound is the least time, in seconds, that the timed part of a job takes at this
// roofline, its share of all that the job does by the result; 0 where the roofline, in f32, says nothing of
// it.
func (r roofline) bound(c model.Config, j Job, result Result) float64 {
	rank := 0
	if j.LoRA {
		rank = adapterRank
	}
	n := networkOf(c, rank)
	var operations float64
	switch {
	case j.BF16:
		return 0
	case j.Kind == "decode":
		// What all prompts begin with need be computed once.
		again := float64(len(j.Texts)-1) * n.forward(tree{prompt: j.beginning()})
		return r.decoding(n, j.trees(func(i int) []int { return []int{len(result.Responses[i])} }), j.Batch) - again/r.products
	case j.Kind == "mle":
		for _, t := range j.trees(func(i int) []int { return []int{len(j.Texts[i].Response)} }) {
			operations += n.training(t)
		}
		return operations / r.products * float64(result.Work) / float64(result.Total)
	case j.Kind == "rl":
		// The log-probabilities of what is sampled are the policy's already; the
		// reference policy's take another pass, and the policy's update one with gradients.
		trees := j.trees(func(int) []int { return slices.Repeat([]int{j.MaxTokens}, j.Samples) })
		for _, t := range trees {
			operations += n.forward(t) + n.training(t)
		}
		all := operations/r.products + r.decoding(n, trees, j.Batch*j.Samples)
		return all * float64(j.Steps) / float64(j.Steps+1)
	}
	return 0
}

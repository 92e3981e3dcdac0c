package model

import "lastmile/harness/torch"

// Tree is a prompt with several responses to it. The model computes it as one
// row, prompt first and the responses behind it as branches: each token sees
// the prompt and the earlier tokens of its own response, at the positions that
// it would have alone. So the prompt is computed once for all its responses.
type Tree struct {
	Prompt    []int
	Responses [][]int
}

// Tokens is the number of tokens of the tree.
func (t Tree) Tokens() int {
	n := len(t.Prompt)
	for _, r := range t.Responses {
		n += len(r)
	}
	return n
}

// Branches says where the tokens of a batch of trees lie among its hidden
// states, flattened to [rows · length, hidden].
type Branches struct {
	Input
	// Last is the position of each response's last token, in the order of the
	// trees and of their responses.
	Last []int64
	// Own are the positions of all response tokens in that order, and Lengths the
	// number of each response's.
	Own     []int64
	Lengths []int
	// Predict is, for every response token in that order, the position whose
	// state predicts it; Targets are those tokens.
	Predict, Targets []int64
}

// NewBranches lays trees out as a batch, padded on the right to the largest.
func NewBranches(s *torch.Session, trees []Tree) Branches {
	b := Branches{}
	b.Rows = len(trees)
	for _, t := range trees {
		b.Length = max(b.Length, t.Tokens())
	}
	n := b.Length
	b.Tokens = make([]int64, b.Rows*n)
	b.Positions = make([]int64, b.Rows*n)
	mask := make([]float32, b.Rows*n*n)
	for i := range mask {
		mask[i] = Masked
	}
	for row, t := range trees {
		at := 0
		// put appends a token that sees the prompt up to prompt and its own
		// branch from start on.
		put := func(token, position, prompt, start int) {
			b.Tokens[row*n+at] = int64(token)
			b.Positions[row*n+at] = int64(position)
			sees := mask[(row*n+at)*n:][:n]
			clear(sees[:prompt])
			clear(sees[start : at+1])
			at++
		}
		for i, token := range t.Prompt {
			put(token, i, 0, 0)
		}
		for _, response := range t.Responses {
			start := at
			before := len(t.Prompt) - 1
			for i, token := range response {
				b.Predict = append(b.Predict, int64(row*n+before))
				b.Targets = append(b.Targets, int64(token))
				before = at
				b.Own = append(b.Own, int64(row*n+at))
				put(token, len(t.Prompt)+i, len(t.Prompt), start)
			}
			b.Last = append(b.Last, int64(row*n+at-1))
			b.Lengths = append(b.Lengths, len(response))
		}
	}
	b.Mask = s.Floats(mask, b.Rows, 1, 1, n, n)
	return b
}

// Logprobs are the log-probabilities, in nats, that hidden states [n, hidden]
// give to the tokens targets at a sampling temperature: [n]. The vocabulary is
// projected for these states only.
func (m *Model) Logprobs(hidden *torch.Tensor, targets []int64, temperature float64) *torch.Tensor {
	return hidden.CappedTokenLogprobs(m.unembed, m.s.Ints(targets, len(targets)), temperature, m.Config.caps.logits)
}

// ResponseScores are the scores of responses by the scalar head, as the model's
// [Config.ScorePooling] says: [responses], in the order of the trees and of their
// responses.
func (m *Model) ResponseScores(b Branches) *torch.Tensor {
	if m.Config.ScorePooling == LastPooling {
		return m.Scores(m.HiddenAt(b.Input, b.Last))
	}
	shares := make([]float32, len(b.Lengths)*len(b.Own))
	last := make([]int64, len(b.Lengths))
	at := 0
	for i, n := range b.Lengths {
		for range n {
			shares[i*len(b.Own)+at] = 1 / float32(n)
			at++
		}
		last[i] = int64(at - 1)
	}
	scores := m.HiddenAt(b.Input, b.Own).Linear(m.Head, nil)
	mean := m.s.Floats(shares, len(b.Lengths), len(b.Own)).MatMul(scores.Narrow(1, 0, 1)).Reshape(-1)
	if m.Config.ScorePooling == MeanPooling {
		return mean
	}
	return mean.Add(scores.Narrow(1, 1, 1).IndexSelect(0, m.s.Ints(last, len(last))).Reshape(-1))
}

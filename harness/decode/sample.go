package decode

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// sequence is a response in the making.
type sequence struct {
	request, sample int
	stream          *rand.Rand
	Response
}

// sample decodes by sampling, or greedily.
func (b *batch) sample(ctx context.Context) ([][]Response, error) {
	active := make([]*sequence, 0, len(b.requests)*b.o.Samples)
	out := make([][]Response, len(b.requests))
	rows := make([]int, 0, cap(active))
	for i, r := range b.requests {
		out[i] = make([]Response, b.o.Samples)
		for sample := range b.o.Samples {
			active = append(active, &sequence{request: i, sample: sample, stream: random.New(b.o.Seed, b.o.Stage, r.ID, sample)})
			rows = append(rows, i)
		}
	}
	if b.o.Samples > 1 {
		b.choose(rows)
	}
	// Rows of ended sequences stay until they are a quarter of the batch: to
	// leave costs a copy of the cache.
	inRow := slices.Clone(active)
	for step := 0; ; step++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		chosen, logprobs, err := b.next(inRow)
		if err != nil {
			return nil, err
		}
		var values []float32
		if b.values != nil {
			if values, err = b.values.Values(); err != nil {
				return nil, err
			}
		}
		live := 0
		for row, q := range inRow {
			if q == nil {
				continue
			}
			q.Tokens = append(q.Tokens, int(chosen[row]))
			if logprobs != nil {
				q.Logprobs = append(q.Logprobs, logprobs[row])
			}
			if values != nil {
				q.Values = append(q.Values, values[row])
			}
			q.Ended = int(chosen[row]) == b.o.EOS
			if q.Ended || len(q.Tokens) == b.o.MaxTokens {
				out[q.request][q.sample] = q.Response
				inRow[row] = nil
				continue
			}
			live++
		}
		if live == 0 {
			return out, nil
		}
		if 4*live <= 3*len(inRow) {
			var keep []int
			var tokens []int64
			var still []*sequence
			for row, q := range inRow {
				if q != nil {
					keep, tokens, still = append(keep, row), append(tokens, chosen[row]), append(still, q)
				}
			}
			b.choose(keep)
			chosen, inRow = tokens, still
		}
		b.advance(chosen)
	}
}

// next chooses each row's next token, and with sampling its log-probability.
// Rows without a sequence get a token that nobody reads.
func (b *batch) next(inRow []*sequence) (tokens []int64, logprobs []float32, err error) {
	if b.o.Strategy == "greedy" {
		b.s.Scope(func() { tokens, err = b.logits.ArgMax(-1).IntValues() })
		return tokens, nil, err
	}
	var all []float32
	b.s.Scope(func() { all, err = b.scaled().LogSoftmax(-1).Values() })
	if err != nil {
		return nil, nil, err
	}
	size := b.m.Config.VocabSize
	tokens, logprobs = make([]int64, len(inRow)), make([]float32, len(inRow))
	for row, q := range inRow {
		if q == nil {
			continue
		}
		distribution := all[row*size : (row+1)*size]
		token := choose(q.stream, distribution, b.o.TopK, b.o.TopP)
		tokens[row], logprobs[row] = int64(token), distribution[token]
	}
	return tokens, logprobs, nil
}

func (b *batch) scaled() *torch.Tensor {
	if b.o.Temperature == 1 {
		return b.logits
	}
	return b.logits.MulScalar(1 / b.o.Temperature)
}

// choose draws a token by inversion of the distribution function, from all
// tokens or from those that top-k and then top-p leave.
func choose(stream *rand.Rand, logprobs []float32, topK int, topP float64) int {
	u := stream.Float64()
	if topK == 0 && topP >= 1 {
		return invert(u, len(logprobs), func(i int) float64 { return math.Exp(float64(logprobs[i])) })
	}
	order := make([]int, len(logprobs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(logprobs[b], logprobs[a]) })
	if topK > 0 && topK < len(order) {
		order = order[:topK]
	}
	total := 0.0
	for _, i := range order {
		total += math.Exp(float64(logprobs[i]))
	}
	if topP < 1 {
		sum := 0.0
		for n, i := range order {
			sum += math.Exp(float64(logprobs[i]))
			if sum >= topP*total {
				order = order[:n+1]
				break
			}
		}
	}
	return order[invert(u, len(order), func(i int) float64 { return math.Exp(float64(logprobs[order[i]])) })]
}

// invert is the first index at which the running sum of the weights passes
// the share u of their total.
func invert(u float64, n int, weight func(int) float64) int {
	total := 0.0
	for i := range n {
		total += weight(i)
	}
	sum := 0.0
	for i := range n {
		if sum += weight(i); sum > u*total {
			return i
		}
	}
	return n - 1
}

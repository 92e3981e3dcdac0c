// Package decode turns prompts into responses: greedily, by sampling, or by
// beam search, in batches with a KV cache.
//
// Each sequence draws from a random stream of its own, named by the seed, the
// stage and the sequence, and prompts are padded on the left behind a mask. So
// the batch size and the order of the prompts change nothing but rounding.
package decode

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// Request asks for the responses to one prompt.
type Request struct {
	// ID names the prompt's random streams.
	ID string
	// Prompt is the prompt's tokens, at least one.
	Prompt []int
}

// Response is one decoded response.
type Response struct {
	// Tokens are the response's, the end token included where it ended.
	Tokens []int
	// Ended says that the model ended it, not the limit.
	Ended bool
	// Logprobs are the log-probabilities of the tokens, in nats, under the
	// distribution at the decoding's temperature, before top-k and top-p. Only
	// sampling keeps them.
	Logprobs []float32
	// Values are what the model's scalar head says of the states that the tokens
	// were drawn from, where [Options].Values asks for them.
	Values []float32
}

// Options say how to decode.
type Options struct {
	experiments.Decode
	// MaxTokens is the longest response, in tokens, the end token included.
	MaxTokens int
	// EOS is the end token.
	EOS int
	// Samples is the number of responses to each prompt, 1 if 0. The prompt is
	// computed once for all of them.
	Samples int
	// Values asks for the values of a sampling model with a scalar head.
	Values bool
	// Seed and Stage name the random streams, with the prompt's ID and the
	// number of the sample.
	Seed  int
	Stage string
	// Progress is told how many prompts are done.
	Progress func(done, total int)
	// Tokens is told of the tokens computed.
	Tokens func(n int)
}

// Decode answers each request with Samples responses, in the requests' order.
func Decode(ctx context.Context, m *model.Model, requests []Request, o Options) ([][]Response, error) {
	if o.Samples == 0 {
		o.Samples = 1
	}
	for _, r := range requests {
		if n := len(r.Prompt); n == 0 || n+o.MaxTokens > m.Config.MaxPositionEmbeddings {
			return nil, fmt.Errorf("decoding %q: a prompt of %d tokens and %d more do not fit the model's %d positions", r.ID, n, o.MaxTokens, m.Config.MaxPositionEmbeddings)
		}
	}
	order := make([]int, len(requests))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(requests[b].Prompt), len(requests[a].Prompt)) })
	out := make([][]Response, len(requests))
	done := 0
	for indices := range slices.Chunk(order, max(1, o.BatchSize)) {
		prompts := make([]Request, len(indices))
		for i, index := range indices {
			prompts[i] = requests[index]
		}
		responses, err := decodeBatch(ctx, m, prompts, o)
		if err != nil {
			return nil, err
		}
		for i, index := range indices {
			out[index] = responses[i]
		}
		done += len(indices)
		if o.Progress != nil {
			o.Progress(done, len(requests))
		}
	}
	return out, nil
}

func decodeBatch(ctx context.Context, m *model.Model, requests []Request, o Options) (responses [][]Response, err error) {
	s := m.Session()
	scoped := s.Scope(func() {
		s.NoGrad(func() {
			b := newBatch(m, requests, o)
			if o.Strategy == "beam" {
				responses, err = b.beam(ctx)
			} else {
				responses, err = b.sample(ctx)
			}
		})
	})
	if err == nil {
		err = scoped
	}
	return responses, err
}

// batch is a set of sequences that are decoded together. A row is a sequence;
// its cached columns are padding, prompt, response.
type batch struct {
	m        *model.Model
	s        *torch.Session
	o        Options
	requests []Request
	width    int // of the prompts, padding included
	padding  []int
	cache    *model.Cache
	mask     *torch.Tensor // [rows, capacity]: what padding adds; nil without padding
	logits   *torch.Tensor // [rows, vocab_size] of the next token
	values   *torch.Tensor // [rows] of the same states; nil where nobody asked
}

// newBatch computes the prompts, one row each.
func newBatch(m *model.Model, requests []Request, o Options) *batch {
	b := &batch{m: m, s: m.Session(), o: o, requests: requests}
	tokens := 0
	for _, r := range requests {
		b.width = max(b.width, len(r.Prompt))
		tokens += len(r.Prompt)
	}
	rows, capacity := len(requests), b.width+o.MaxTokens
	ids := make([]int64, 0, rows*b.width)
	positions := make([]int64, 0, rows*b.width)
	mask := make([]float32, rows*capacity)
	padded := false
	for row, r := range requests {
		padding := b.width - len(r.Prompt)
		b.padding = append(b.padding, padding)
		for i := range padding {
			ids, positions = append(ids, int64(o.EOS)), append(positions, 0)
			mask[row*capacity+i] = model.Masked
			padded = true
		}
		for i, token := range r.Prompt {
			ids, positions = append(ids, int64(token)), append(positions, int64(i))
		}
	}
	in := model.Input{Tokens: ids, Rows: rows, Length: b.width, Positions: positions}
	if padded {
		b.mask = b.s.Floats(mask, rows, capacity)
	}
	b.cache = m.NewCache(rows, capacity)
	in.Cache = b.cache
	b.s.Scope(func() {
		if padded {
			causal := model.Causal(b.s, b.width, 0)
			in.Mask = causal.Add(b.mask.Narrow(1, 0, b.width).Reshape(rows, 1, 1, 1, b.width))
		}
		last := make([]int64, rows)
		for row := range last {
			last[row] = int64((row+1)*b.width - 1)
		}
		b.project(m.HiddenAt(in, last))
	})
	b.count(tokens)
	return b
}

// project takes logits and values from the rows' last states, [rows, hidden],
// and hands them to the scope around the current one.
func (b *batch) project(states *torch.Tensor) {
	b.logits = b.m.Logits(states).Keep()
	if b.o.Values {
		b.values = b.m.Scores(states).Keep()
	}
}

func (b *batch) count(tokens int) {
	if b.o.Tokens != nil {
		b.o.Tokens(tokens)
	}
}

// advance feeds one token to each row.
func (b *batch) advance(tokens []int64) {
	rows := len(tokens)
	columns := b.cache.Length()
	positions := make([]int64, rows)
	for row := range positions {
		positions[row] = int64(columns - b.padding[row])
	}
	b.logits.Free()
	if b.values != nil {
		b.values.Free()
	}
	b.s.Scope(func() {
		in := model.Input{Tokens: tokens, Rows: rows, Length: 1, Positions: positions, Cache: b.cache}
		if b.mask != nil {
			in.Mask = b.mask.Narrow(1, 0, columns+1).Reshape(rows, 1, 1, 1, columns+1)
		}
		b.project(b.m.Hidden(in).Reshape(rows, b.m.Config.HiddenSize))
	})
	b.count(rows)
}

// choose keeps the given rows, in that order; a row may come several times.
func (b *batch) choose(rows []int) {
	index := make([]int64, len(rows))
	padding := make([]int, len(rows))
	for i, row := range rows {
		index[i], padding[i] = int64(row), b.padding[row]
	}
	b.padding = padding
	b.s.Scope(func() {
		rows := b.s.Ints(index, len(index))
		cache := b.cache.Select(rows).Keep()
		b.cache.Free()
		b.cache = cache
		logits := b.logits.IndexSelect(0, rows).Keep()
		b.logits.Free()
		b.logits = logits
		if b.values != nil {
			values := b.values.IndexSelect(0, rows).Keep()
			b.values.Free()
			b.values = values
		}
		if b.mask != nil {
			mask := b.mask.IndexSelect(0, rows).Keep()
			b.mask.Free()
			b.mask = mask
		}
	})
}

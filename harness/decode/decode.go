// Package decode turns prompts into responses: greedily, by sampling, by beam
// search, or by a choice among samples, in batches with a KV cache. The strategies
// "best" and "matched" are settled before: [Settings.Tries] are what the first stands
// for, and the second samples from another model.
//
// A sequence that has ended leaves its slot of the cache to one that waits. Each
// draws from a random stream of its own, named by the seed, the stage and the
// sequence, and sees nothing but its own slot. So the batch size and the order
// of the prompts change nothing but rounding.
package decode

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
	// Entropies are those of the distributions that the tokens were drawn from, in
	// nats, at the decoding's temperature, before top-k and top-p, where
	// [Options].Entropies asks for them.
	Entropies []float32
}

// Options say how to decode.
type Options struct {
	Settings
	// MaxTokens is the longest response, in tokens, the end token included.
	MaxTokens int
	// Ends are the end tokens: any of them ends a response.
	Ends []int
	// Samples is the number of responses to each prompt, 1 if 0. The prompt is
	// computed once for all of them. Strategies that choose among samples give one.
	Samples int
	// Text and Utilities are what the strategy "mbr" compares candidates by: the
	// text of a response's tokens, and what the hypothesis of each pair is worth
	// against its reference, the higher the better.
	Text      func(tokens []int) string
	Utilities func(pairs []Pair) ([]float64, error)
	// Scores are what the strategy "best-of-n" chooses by: what each of some
	// responses to the request at that place is worth, the higher the better.
	Scores func(request int, responses []Response) ([]float64, error)
	// Values asks for the values of a sampling model with a scalar head.
	Values bool
	// Entropies asks for the entropies of what sampling draws from.
	Entropies bool
	// Seed and Stage name the random streams, with the prompt's ID and the
	// number of the sample.
	Seed  int
	Stage string
	// Progress is told how many prompts are done.
	Progress func(done, total int)
	// Tokens is told of the tokens computed.
	Tokens func(n int)
	// Keeper, where there is one, keeps the responses, part by part, so that a
	// decoding that is interrupted goes on where it stopped.
	Keeper Keeper

	partWork float64 // usualPartWork if 0
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
	if len(requests) == 0 {
		return nil, nil
	}
	order := make([]int, len(requests))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(requests[b].Prompt), len(requests[a].Prompt)) })
	responses := make([][]Response, len(requests))
	done := 0
	progress := func(n int) {
		if done += n; o.Progress != nil {
			o.Progress(done, len(requests))
		}
	}
	finish := func(index int, answers []Response) error {
		responses[index] = answers
		progress(1)
		return nil
	}
	for part := range o.parts(m, order) {
		kept, err := o.once(requests, part, responses, func() error {
			return m.Session().NoGrad(func() error {
				switch o.Strategy {
				case Beam:
					return beams(ctx, m, requests, part, o, finish)
				case MBR:
					return amongCandidates(ctx, m, requests, part, o, o.mbr, finish)
				case BestOfN:
					return amongCandidates(ctx, m, requests, part, o, o.bestOfN, finish)
				}
				return newSampler(m, requests, part, o, finish).run(ctx)
			})
		})
		if err != nil {
			return nil, err
		}
		if kept {
			progress(len(part))
		}
	}
	return responses, nil
}

// shortest is the number of tokens from which on a prefix that all prompts share, such as
// the beginning of a chat template, is worth being computed once.
const shortest = 8

// beginning is how many tokens all requests begin with, of which one at least is left
// over in each; 0 where that is not worth it.
func beginning(requests []Request) int {
	first := requests[0].Prompt
	n := len(first) - 1
	for _, r := range requests[1:] {
		n = min(n, len(r.Prompt)-1)
		for i := range n {
			if r.Prompt[i] != first[i] {
				n = i
				break
			}
		}
	}
	if len(requests) == 1 || n < shortest {
		return 0
	}
	return n
}

// prefixOf computes what all requests begin with; nil where that is not worth it.
func prefixOf(m *model.Model, requests []Request, o Options) *model.Prefix {
	n := beginning(requests)
	if n == 0 {
		return nil
	}
	tokens := make([]int64, n)
	for i, token := range requests[0].Prompt[:n] {
		tokens[i] = int64(token)
	}
	o.count(n)
	return m.Prefix(tokens)
}

// prefill computes prompts, which begin with the prefix, into slots of the cache and
// returns the states of their last tokens, [prompts, hidden].
func prefill(m *model.Model, cache *model.Cache, prefix *model.Prefix, prompts [][]int, slots []int, o Options) *torch.Tensor {
	in := model.Input{Rows: len(prompts), Cache: cache, Slots: slots, Prefix: prefix}
	for _, prompt := range prompts {
		own := len(prompt) - prefix.Length()
		in.Length = max(in.Length, own)
		in.Counts = append(in.Counts, own)
	}
	in.Tokens = make([]int64, in.Rows*in.Length)
	last := make([]int64, in.Rows)
	tokens := 0
	for row, prompt := range prompts {
		prompt = prompt[prefix.Length():]
		for i, token := range prompt {
			in.Tokens[row*in.Length+i] = int64(token)
		}
		last[row] = int64(row*in.Length + len(prompt) - 1)
		tokens += len(prompt)
	}
	o.count(tokens)
	return m.HiddenAt(in, last)
}

// step feeds one token to each slot and returns their states, [slots, hidden].
func step(m *model.Model, cache *model.Cache, tokens []int64, slots []int, o Options) *torch.Tensor {
	o.count(len(tokens))
	in := model.Input{Tokens: tokens, Rows: len(tokens), Length: 1, Cache: cache, Slots: slots}
	return m.Hidden(in).Reshape(len(tokens), m.Config.HiddenSize)
}

func (o Options) count(tokens int) {
	if o.Tokens != nil {
		o.Tokens(tokens)
	}
}

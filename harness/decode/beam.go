package decode

import (
	"cmp"
	"context"
	"math"
	"slices"

	"lastmile/harness/model"
)

// hypothesis is a beam: its tokens and the sum of their log-probabilities.
type hypothesis struct {
	tokens []int
	score  float64
	row    int
}

// finished collects one prompt's best complete responses.
type finished struct {
	best []hypothesis // scores normalised, best first
	done bool
}

// beams decodes by beam search: of all continuations of a prompt's beams the
// best 2 · Beams are looked at, those with the end token are complete, and of
// the others the best Beams go on. A complete response's score is its
// log-probability over its length to the power LengthPenalty, as in
// transformers; a prompt is done when no open beam can still be better than
// its Beams complete ones.
func beams(ctx context.Context, m *model.Model, requests []Request, order []int, o Options, finish func(int, []Response) error) error {
	prefix := prefixOf(m, requests, o)
	for indices := range slices.Chunk(order, max(1, o.BatchSize)) {
		prompts := make([][]int, len(indices))
		for i, index := range indices {
			prompts[i] = requests[index].Prompt
		}
		var found []finished
		err := m.Session().Scope(func() (err error) {
			found, err = search(ctx, m, prefix, prompts, o)
			return err
		})
		if err != nil {
			return err
		}
		for i, f := range found {
			responses := make([]Response, o.Samples)
			for sample := range responses {
				h := f.best[min(sample, len(f.best)-1)]
				responses[sample] = Response{Tokens: h.tokens, Ended: slices.Contains(o.Ends, h.tokens[len(h.tokens)-1])}
			}
			if err := finish(indices[i], responses); err != nil {
				return err
			}
		}
	}
	return nil
}

// search decodes prompts, the longest first, which begin with the prefix, together.
func search(ctx context.Context, m *model.Model, prefix *model.Prefix, prompts [][]int, o Options) ([]finished, error) {
	s, size := m.Session(), m.Config.VocabSize
	open := make([][]hypothesis, len(prompts))
	results := make([]finished, len(prompts))
	slots := make([]int, len(prompts))
	for i := range open {
		open[i] = []hypothesis{{row: i}}
		slots[i] = i
	}
	cache := m.NewCache(len(prompts), len(prompts[0])+o.MaxTokens)
	states := prefill(m, cache, prefix, prompts, slots, o)
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var all []float32
		err := s.Scope(func() (err error) {
			all, err = m.Logits(states).LogSoftmax(-1).Values()
			return err
		})
		if err != nil {
			return nil, err
		}
		var rows []int
		var tokens []int64
		for i := range open {
			if results[i].done {
				open[i] = nil
				continue
			}
			open[i] = o.extend(&results[i], open[i], all, size, n)
			for j := range open[i] {
				h := &open[i][j]
				rows = append(rows, h.row)
				tokens = append(tokens, int64(h.tokens[len(h.tokens)-1]))
				h.row = len(rows) - 1
			}
		}
		if len(rows) == 0 {
			return results, nil
		}
		states.Free()
		s.Scope(func() error {
			next := cache.Select(rows).Keep()
			cache.Free()
			cache = next
			states = step(m, cache, tokens, nil, o).Keep()
			return nil
		})
	}
}

// extend takes one prompt a step further and returns its open beams.
func (o Options) extend(f *finished, beams []hypothesis, all []float32, size, step int) []hypothesis {
	width := o.Beams
	type candidate struct {
		beam, token int
		score       float64
	}
	var candidates []candidate
	for i, h := range beams {
		for _, token := range largest(all[h.row*size:(h.row+1)*size], 2*width) {
			candidates = append(candidates, candidate{i, token, h.score + float64(all[h.row*size+token])})
		}
	}
	slices.SortStableFunc(candidates, func(a, c candidate) int { return cmp.Compare(c.score, a.score) })
	candidates = candidates[:min(len(candidates), 2*width)]
	norm := math.Pow(float64(step), o.LengthPenalty)
	last := step == o.MaxTokens
	var next []hypothesis
	for _, c := range candidates {
		h := hypothesis{tokens: append(slices.Clone(beams[c.beam].tokens), c.token), score: c.score, row: beams[c.beam].row}
		if slices.Contains(o.Ends, c.token) || last {
			h.score /= norm
			f.best = append(f.best, h)
		} else if next = append(next, h); len(next) == width {
			break
		}
	}
	slices.SortStableFunc(f.best, func(a, c hypothesis) int { return cmp.Compare(c.score, a.score) })
	f.best = f.best[:min(len(f.best), width)]
	if last || len(next) == 0 {
		f.done = true
		return nil
	}
	if len(f.best) == width && f.best[width-1].score >= next[0].score/norm {
		f.done = true
		return nil
	}
	return next
}

// largest are the indices of the n largest values, the largest first.
func largest(values []float32, n int) []int {
	var top []int
	for i, v := range values {
		if len(top) == n && v <= values[top[n-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, v, func(j int, v float32) int {
			if values[j] >= v {
				return -1
			}
			return 1
		})
		top = slices.Insert(top, at, i)
		top = top[:min(len(top), n)]
	}
	return top
}

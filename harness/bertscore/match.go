package bertscore

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"lastmile/harness/encoder"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// pair is a hypothesis and a reference.
type pair struct{ hypothesis, reference string }

// matched has for each token of a text the largest product of its vector with one of the
// other text's.
type matched struct{ hypothesis, reference []float32 }

// blockPairs is the number of pairs whose vectors are in memory at once.
const blockPairs = 64

// match computes what is not known yet. progress is told how many of how many pairs are
// matched; nil is told nothing.
func (m *Model) match(ctx context.Context, progress func(done, total int), inputs []metrics.Input) error {
	var unknown []pair
	asked := make(map[pair]bool)
	for _, in := range inputs {
		for _, reference := range in.References {
			p := pair{in.Hypothesis, reference}
			for _, text := range []string{p.hypothesis, p.reference} {
				if m.tokens[text] == nil {
					m.tokens[text] = m.row(text).Tokens
				}
			}
			if _, ok := m.known[p]; !ok && !asked[p] {
				asked[p] = true
				unknown = append(unknown, p)
			}
		}
	}
	slices.SortStableFunc(unknown, func(a, b pair) int {
		return cmp.Compare(len(m.tokens[a.hypothesis]), len(m.tokens[b.hypothesis]))
	})
	done := 0
	for block := range slices.Chunk(unknown, blockPairs) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.matchBlock(block); err != nil {
			return fmt.Errorf("computing BERTScore: %w", err)
		}
		if done += len(block); progress != nil {
			progress(done, len(unknown))
		}
	}
	return nil
}

// matchBlock matches some pairs, unless what they match was kept.
func (m *Model) matchBlock(pairs []pair) error {
	read := make([][2][]int, len(pairs))
	n := 0
	for i, p := range pairs {
		read[i] = [2][]int{m.tokens[p.hypothesis], m.tokens[p.reference]}
		n += len(read[i][0]) + len(read[i][1])
	}
	numbers, err := m.kept.Once(read, n, func() ([]float64, error) { return m.products(pairs) })
	if err != nil {
		return err
	}
	take := func(n int) []float32 {
		of := make([]float32, n)
		for i := range of {
			of[i] = float32(numbers[i])
		}
		numbers = numbers[n:]
		return of
	}
	for i, p := range pairs {
		m.known[p] = matched{take(len(read[i][0])), take(len(read[i][1]))}
	}
	return nil
}

// products are for each pair what the tokens of its hypothesis match, and then those of
// its reference, each text's vectors computed once.
func (m *Model) products(pairs []pair) (all []float64, err error) {
	err = m.encoder.Session().NoGrad(func() error {
		vectors := m.vectors(pairs)
		for _, p := range pairs {
			h, r := vectors[p.hypothesis], vectors[p.reference]
			products, err := h.MatMul(r.Transpose(0, 1)).Values()
			if err != nil {
				return err
			}
			columns := len(m.tokens[p.reference])
			of := matched{lowest(len(m.tokens[p.hypothesis])), lowest(columns)}
			for i, product := range products {
				of.hypothesis[i/columns] = max(of.hypothesis[i/columns], product)
				of.reference[i%columns] = max(of.reference[i%columns], product)
			}
			for _, x := range slices.Concat(of.hypothesis, of.reference) {
				all = append(all, float64(x))
			}
		}
		return nil
	})
	return all, err
}

func lowest(n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(math.Inf(-1))
	}
	return values
}

// vectors are those of the tokens of each text of the pairs, of length 1: [tokens,
// hidden].
func (m *Model) vectors(pairs []pair) map[string]*torch.Tensor {
	var texts []string
	all := make(map[string]*torch.Tensor)
	var rows []encoder.Row
	for _, p := range pairs {
		for _, text := range []string{p.hypothesis, p.reference} {
			if _, ok := all[text]; ok {
				continue
			}
			all[text] = nil
			tokens := m.tokens[text]
			texts, rows = append(texts, text), append(rows, encoder.Row{Tokens: tokens, First: len(tokens)})
		}
	}
	size := m.encoder.Config.HiddenSize
	for _, batch := range encoder.Batches(rows, m.settings.BatchTokens) {
		hidden := m.encoder.Session().Only(func() *torch.Tensor {
			x := m.encoder.Hidden(m.encoder.Reader.Batch(encoder.Pick(rows, batch)))
			return x.Div(x.Square().SumDim(2, true).Sqrt())
		})
		for k, i := range batch {
			n := len(rows[i].Tokens)
			all[texts[i]] = hidden.Narrow(0, k, 1).Narrow(1, 0, n).Reshape(n, size)
		}
	}
	return all
}

// weights are what tokens weigh among these inputs.
func (m *Model) weights(inputs []metrics.Input) func(token int) float64 {
	if !m.settings.IDF {
		return func(token int) float64 {
			if token == m.encoder.Reader.Start || token == m.encoder.Reader.Separator {
				return 0
			}
			return 1
		}
	}
	n, counts := 0, make(map[int]int)
	for _, in := range inputs {
		for _, reference := range in.References {
			n++
			of := slices.Clone(m.tokens[reference])
			slices.Sort(of)
			for _, token := range slices.Compact(of) {
				counts[token]++
			}
		}
	}
	return func(token int) float64 { return math.Log(float64(n+1) / float64(counts[token]+1)) }
}

// score weighs what a pair matched.
func (m *Model) score(p pair, weight func(token int) float64) score {
	hypothesis, reference := m.tokens[p.hypothesis], m.tokens[p.reference]
	if len(hypothesis) <= 2 || len(reference) <= 2 {
		return score{}
	}
	of := m.known[p]
	s := score{precision: weighed(hypothesis, of.hypothesis, weight), recall: weighed(reference, of.reference, weight)}
	if sum := s.precision + s.recall; sum != 0 {
		s.f1 = 2 * s.precision * s.recall / sum
	}
	return s
}

// weighed is the weighted mean of values, 0 where nothing has a weight.
func weighed(tokens []int, values []float32, weight func(token int) float64) float64 {
	sum, total := 0.0, 0.0
	for i, token := range tokens {
		w := weight(token)
		sum += w * float64(values[i])
		total += w
	}
	if total == 0 {
		return 0
	}
	return sum / total
}

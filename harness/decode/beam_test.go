package decode

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"lastmile/harness/model"
)

func TestABeamOfOneIsGreedy(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(30, 13)
	want := decode(t, m, asked, options("greedy", 8))
	o := options("beam", 8)
	o.Beams = 1
	// Without a length penalty the first response that ends is the best one
	// to come, so the search stops where greedy decoding does.
	o.LengthPenalty = 0
	for i, got := range decode(t, m, asked, o) {
		if !slices.Equal(got[0].Tokens, want[i][0].Tokens) || got[0].Ended != want[i][0].Ended {
			t.Errorf("%s: %v, ended %v, but greedy %v", asked[i].ID, got[0].Tokens, got[0].Ended, want[i][0].Tokens)
		}
	}
}

// enumerate lists every response to a prompt with its log-probability.
func enumerate(t *testing.T, m *model.Model, prompt []int, longest int) []hypothesis {
	var all []hypothesis
	var extend func(tokens []int, score float64)
	extend = func(tokens []int, score float64) {
		for token, p := range next(t, m, slices.Concat(prompt, tokens), 1) {
			longer := append(slices.Clone(tokens), token)
			total := score + math.Log(p)
			if token == eos || len(longer) == longest {
				all = append(all, hypothesis{tokens: longer, score: total})
			} else {
				extend(longer, total)
			}
		}
	}
	extend(nil, 0)
	return all
}

func TestAWideBeamFindsTheBest(t *testing.T) {
	const vocabulary, longest = 4, 4
	m := newModel(t, vocabulary, 8)
	asked := requests(3, vocabulary)
	var all [][]hypothesis
	for _, r := range asked {
		all = append(all, enumerate(t, m, r.Prompt, longest))
	}
	for _, penalty := range []float64{0, 1, 2} {
		o := options("beam", 5)
		o.Beams, o.Samples, o.MaxTokens, o.LengthPenalty = 81, 3, longest, penalty
		normalised := func(h hypothesis) float64 { return h.score / math.Pow(float64(len(h.tokens)), penalty) }
		for i, got := range decode(t, m, asked, o) {
			slices.SortFunc(all[i], func(a, b hypothesis) int { return cmp.Compare(normalised(b), normalised(a)) })
			for rank, response := range got {
				if want := all[i][rank].tokens; !slices.Equal(response.Tokens, want) {
					t.Errorf("length penalty %g, %s: number %d is %v, want %v", penalty, asked[i].ID, rank+1, response.Tokens, want)
				}
			}
		}
	}
}

func TestAWiderBeamIsBetter(t *testing.T) {
	const vocabulary, longest = 13, 8
	m := newModel(t, vocabulary, 16)
	asked := requests(20, vocabulary)
	score := func(beams int) float64 {
		o := options("beam", 16)
		o.Beams, o.MaxTokens, o.LengthPenalty = beams, longest, 0
		sum := 0.0
		for i, got := range decode(t, m, asked, o) {
			tokens := slices.Clone(asked[i].Prompt)
			for _, token := range got[0].Tokens {
				sum += math.Log(next(t, m, tokens, 1)[token])
				tokens = append(tokens, token)
			}
		}
		return sum / float64(len(asked))
	}
	one, three, ten := score(1), score(3), score(10)
	if !(one < three && three <= ten) {
		t.Errorf("mean log-probability %g, %g and %g with 1, 3 and 10 beams", one, three, ten)
	}
}

func TestBeamsOfABatchAreThoseOfSinglePrompts(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(12, 13)
	one, all := decode(t, m, asked, options("beam", 1)), decode(t, m, asked, options("beam", 12))
	for i := range asked {
		if !slices.Equal(one[i][0].Tokens, all[i][0].Tokens) {
			t.Errorf("%s: %v alone, %v in a batch", asked[i].ID, one[i][0].Tokens, all[i][0].Tokens)
		}
	}
}

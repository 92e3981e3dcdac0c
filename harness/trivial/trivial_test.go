package trivial

import (
	"math"
	"slices"
	"testing"
)

// truthsOf are responses of tokens, of which 0 is the end.
func truthsOf(responses ...[]int) []Response {
	var out []Response
	for _, tokens := range responses {
		out = append(out, Response{Tokens: tokens, Ended: true})
	}
	return out
}

func TestEachScorerPrefersWhatItSays(t *testing.T) {
	truths := truthsOf([]int{1, 2, 3, 0}, []int{1, 2, 4, 0}, []int{1, 2, 3, 4, 0})
	better := map[string]Pair{
		"end token":     {Response{Ended: true}, Response{}},
		"longer":        {Response{Tokens: []int{1, 1, 1}}, Response{Tokens: []int{1, 2}}},
		"usual length":  {Response{Tokens: []int{1, 1, 1, 1}}, Response{Tokens: []int{1, 1, 1, 1, 1, 1}}},
		"fewer repeats": {Response{Tokens: []int{1, 2, 3, 1, 0}}, Response{Tokens: []int{1, 1, 2, 0}}},
		"overlap":       {Response{Input: "The Image Viewer.", Text: "image viewer"}, Response{Input: "The Image Viewer.", Text: "sound viewer"}},
		"trigrams":      {Response{Tokens: []int{1, 2, 3, 0}}, Response{Tokens: []int{3, 1, 2, 0}}},
	}
	for _, s := range Scorers(truths, 6) {
		p, ok := better[s.Name]
		if !ok {
			t.Errorf("there is no pair for %q", s.Name)
			continue
		}
		delete(better, s.Name)
		if got := s.Accuracy([]Pair{p}); got != 1 {
			t.Errorf("%s: %g against %g", s.Name, s.Score(p.Truth), s.Score(p.Negative))
		}
		pairs := []Pair{p, {p.Negative, p.Truth}, {p.Truth, p.Truth}, p}
		if got := s.Accuracy(pairs); got != 2.5/4 {
			t.Errorf("%s: accuracy %g of one wrong, one tied and two right, expected 0.625", s.Name, got)
		}
		if got := s.Score(Response{}); math.IsNaN(got) || math.IsInf(got, 0) {
			t.Errorf("%s scores nothing with %g", s.Name, got)
		}
		if got := s.Accuracy(nil); got != 0 {
			t.Errorf("%s: accuracy %g of no pairs", s.Name, got)
		}
	}
	if len(better) > 0 {
		t.Errorf("there are no scorers for %v", better)
	}
}

func TestTrigramsByHand(t *testing.T) {
	m := newModel(4)
	m.learn([]int{1, 2, 0})
	m.learn([]int{1, 3, 0})
	all := counts{}
	// All tokens: 1, 2, 0, 1, 3, 0, of 4 kinds.
	unigram := func(n float64) float64 { return (n + 4*0.25) / (6 + 4) }
	if got, want := m.probability(8, 9, 2, all), unigram(1); math.Abs(got-want) > 1e-12 {
		t.Errorf("p(2) = %g, expected %g", got, want)
	}
	// Behind 1: 2 and 3; and the same behind the start and 1.
	bigram := (1 + 2*unigram(1)) / (2 + 2)
	if got, want := m.probability(start, 1, 2, all), (1+2*bigram)/(2+2); math.Abs(got-want) > 1e-12 {
		t.Errorf("p(2 | start, 1) = %g, expected %g", got, want)
	}
	for _, context := range [][2]int{{start, start}, {start, 1}, {1, 2}, {3, 3}, {0, 9}} {
		sum := 0.0
		for c := range 4 {
			sum += m.probability(context[0], context[1], c, all)
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("probabilities behind %v sum to %g", context, sum)
		}
	}
	if got, want := m.perToken([]int{1}), math.Log(m.probability(start, start, 1, all)); got != want {
		t.Errorf("%g a token, expected %g", got, want)
	}
}

// TestATruthIsNewToTheOthers holds the likelihood of a truth against a model of all others,
// of which one has the same words.
func TestATruthIsNewToTheOthers(t *testing.T) {
	truths := [][]int{{1, 2, 3, 0}, {1, 2, 0}, {4, 4, 4, 4, 0}, {1, 2, 0}, {5, 0}, {0}}
	all := newModel(7)
	for _, truth := range truths {
		all.learn(truth)
	}
	for i, truth := range truths {
		others := newModel(7)
		for k, other := range truths {
			if k != i {
				others.add(other)
			}
		}
		if got, want := all.perToken(truth), others.perToken(truth); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v is likely by %g a token, without it %g", truth, got, want)
		}
		longer := append(slices.Clone(truth), 6)
		with := newModel(7)
		for _, other := range truths {
			with.add(other)
		}
		if got, want := all.perToken(longer), with.perToken(longer); got != want {
			t.Errorf("%v, which is no truth, is likely by %g a token, by all truths %g", longer, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"The X-Window system's 2nd": {"the", "x", "window", "system", "s", "2nd"},
		"日本 tool":                   {"日", "本", "tool"},
		" ... ":                     nil,
		"naïve":                     {"naïve"},
	} {
		if got := words(text); !slices.Equal(got, want) {
			t.Errorf("%q has the words %q, expected %q", text, got, want)
		}
	}
}

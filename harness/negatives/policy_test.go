package negatives

import (
	"fmt"
	"slices"
	"testing"

	"lastmile/harness/data"
)

// policySamples are samples of an example; the tokens are those of their texts.
func policySamples(m *Maker, id string, similarities ...float64) []Sample {
	var all []Sample
	for i, similarity := range similarities {
		text := fmt.Sprint("sample ", i)
		tokens, ended := m.codec.Response(text)
		all = append(all, Sample{Example: id, Ended: ended, Similarity: similarity, Tokens: tokens, Text: text})
	}
	return all
}

func TestNegativesOfThePolicyAreItsSamples(t *testing.T) {
	pool := []data.Example{
		{ID: "a", Input: "An input.", References: []string{"the truth"}},
		{ID: "b", Input: "Another.", References: []string{"another truth"}},
	}
	m := newMaker(t, `{"per_example":4,"policy":{"weight":1,"nearest":0.5}}`, pool)
	samples := policySamples(m, "a", 0.1, 0.51, 0.5, 0)
	cut := Sample{Example: "a", Tokens: []int{5, 6, 7}, Text: "cut off"}
	truth, _ := m.codec.Response("the truth")
	m.UseSamples(append(samples, cut, Sample{Example: "a", Ended: true, Tokens: truth, Text: "the truth"}))
	for seed := range 20 {
		var texts []string
		for _, n := range m.Make(seed, 0) {
			texts = append(texts, n.Text)
			if n.Kind != "policy" || !n.Ended || n.Example != "a" {
				t.Errorf("seed %d: %+v", seed, n)
			}
			i := slices.IndexFunc(samples, func(s Sample) bool { return s.Text == n.Text })
			if i < 0 || !slices.Equal(n.Tokens, samples[i].Tokens) {
				t.Errorf("seed %d: %+v has not the tokens of a sample", seed, n)
			}
		}
		// Not the second, which is too near; not the one without end; not the truth; and
		// each once, though four are asked for.
		slices.Sort(texts)
		if want := []string{"sample 0", "sample 2", "sample 3"}; !slices.Equal(texts, want) {
			t.Errorf("seed %d: %q, want %q", seed, texts, want)
		}
		if got := m.Make(seed, 1); len(got) != 0 {
			t.Errorf("seed %d: of an example without samples %v", seed, got)
		}
	}
	if got := m.MakeAll(1, 0); len(got) != 1 || got[0].Kind != "policy" {
		t.Errorf("accuracies are measured on %+v", got)
	}
}

func TestWithoutSamplesThePolicyLeavesItsPlace(t *testing.T) {
	pool := examples()[:20]
	m := newMaker(t, `{"per_example":4,"copy":{"weight":1},"policy":{"weight":9}}`, pool)
	for i := range pool {
		if got := m.Make(1, i); len(got) != 4 || got[0].Kind != "copy" {
			t.Errorf("example %d: %+v, want four copies", i, got)
		}
	}
}

package decode

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/random"
)

// shared is a utility: the share of the hypothesis's words that the reference has.
func shared(pairs []Pair) ([]float64, error) {
	values := make([]float64, len(pairs))
	for i, p := range pairs {
		words, others := strings.Fields(p.Hypothesis), strings.Fields(p.Reference)
		for _, word := range words {
			if slices.Contains(others, word) {
				values[i] += 1 / float64(len(words))
			}
		}
	}
	return values, nil
}

func TestLeastRiskByHand(t *testing.T) {
	for _, test := range []struct {
		name  string
		texts []string
		want  int
	}{
		// Means against the others: (1/2 + 0)/2, (1/2 + 1/2)/2, (0 + 1/2)/2.
		{"the one between", []string{"a b", "b c", "c d"}, 1},
		// Words of "a" are in "a b" and "a c d", not the other way round.
		{"hypothesis and reference are not exchanged", []string{"a b", "a", "a c d"}, 1},
		{"one", []string{"a"}, 0},
		{"two are as good as each other", []string{"a b", "a c"}, 0},
		{"nothing is shared", []string{"a", "b", "c"}, 0},
		{"all the same", []string{"a", "a", "a"}, 0},
		// (0 + 1/2 + 0)/3 for "a b" and "b c", and (0 + 0 + 1)/3 for either "x".
		{"the same text is another candidate", []string{"a b", "x", "b c", "x"}, 1},
		// Against itself "a" would be worth 1, and the empty text 0.
		{"itself is left out", []string{"", "a"}, 0},
		{"empty texts", []string{"", "a", "", "a"}, 1},
	} {
		got, err := leastRisk(test.texts, shared)
		if err != nil || got != test.want {
			t.Errorf("%s: number %d, %v; want %d", test.name, got, err, test.want)
		}
	}
}

// TestLeastRiskOfManyEqualsTheDefinition holds choices among texts with duplicates
// against the sum over all pairs of candidates.
func TestLeastRiskOfManyEqualsTheDefinition(t *testing.T) {
	stream := random.New(1, "least risk")
	for round := range 200 {
		texts := make([]string, 1+stream.IntN(12))
		for i := range texts {
			texts[i] = fmt.Sprint("w", stream.IntN(4), " w", stream.IntN(4), " w", stream.IntN(4))
		}
		want, highest := 0, -1.0
		for i := range texts {
			mean := 0.0
			for j := range texts {
				if i != j {
					value, _ := shared([]Pair{{texts[i], texts[j]}})
					mean += value[0] / float64(len(texts)-1)
				}
			}
			if mean > highest+rounding {
				want, highest = i, mean
			}
		}
		seen := map[Pair]bool{}
		got, err := leastRisk(texts, func(pairs []Pair) ([]float64, error) {
			for _, p := range pairs {
				if seen[p] {
					t.Errorf("round %d: %v is measured twice", round, p)
				}
				seen[p] = true
			}
			return shared(pairs)
		})
		if err != nil || got != want {
			t.Fatalf("round %d: of %q number %d, %v; want %d", round, texts, got, err, want)
		}
	}
}

// text are the numbers of tokens.
func text(tokens []int) string { return strings.Trim(fmt.Sprint(tokens), "[]") }

// mbrOptions are those of minimum Bayes risk over so many candidates.
func mbrOptions(candidates, batch int) Options {
	o := options("mbr", batch)
	o.Candidates = candidates
	return o
}

func TestMBRIsTheBestOfTheSamples(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(20, 13)
	o := options("sample", 8)
	o.Samples = 6
	samples := decode(t, m, asked, o)
	later := 0
	for i, got := range decode(t, m, asked, mbrOptions(6, 8)) {
		var texts []string
		for _, s := range samples[i] {
			texts = append(texts, text(s.Tokens))
		}
		chosen, err := leastRisk(texts, shared)
		if err != nil {
			t.Fatal(err)
		}
		want := samples[i][chosen]
		if len(got) != 1 || !slices.Equal(got[0].Tokens, want.Tokens) || got[0].Ended != want.Ended {
			t.Errorf("%s: %v, want sample %d, %v", asked[i].ID, got, chosen, want.Tokens)
		}
		// A batch of another size rounds in another way.
		if !slices.EqualFunc(got[0].Logprobs, want.Logprobs, func(a, b float32) bool { return max(a-b, b-a) < 1e-4 }) {
			t.Errorf("%s: log-probabilities %v, want those of the chosen sample, %v", asked[i].ID, got[0].Logprobs, want.Logprobs)
		}
		if chosen > 0 {
			later++
		}
	}
	if later == 0 {
		t.Error("the first sample was always chosen; the test needs others")
	}
}

func TestMBROfOneCandidateIsTheFirstSample(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(20, 13)
	want := decode(t, m, asked, options("sample", 4))
	for i, got := range decode(t, m, asked, mbrOptions(1, 4)) {
		if !slices.Equal(got[0].Tokens, want[i][0].Tokens) {
			t.Errorf("%s: %v, want %v", asked[i].ID, got[0].Tokens, want[i][0].Tokens)
		}
	}
}

func TestCandidatesDependOnNoBatchAndOnNoNumber(t *testing.T) {
	m := newModel(t, 200, 32)
	asked := requests(15, 200)
	// drawn are the texts that are compared, by number of candidates and batch size.
	drawn := func(candidates, batch int) [][]string {
		o := mbrOptions(candidates, batch)
		texts := map[string]bool{}
		o.Text = func(tokens []int) string { texts[text(tokens)] = true; return text(tokens) }
		o.Utilities = func(pairs []Pair) ([]float64, error) { return make([]float64, len(pairs)), nil }
		responses := decode(t, m, asked, o)
		var first []string
		for _, r := range responses {
			first = append(first, text(r[0].Tokens))
		}
		all := make([]string, 0, len(texts))
		for text := range texts {
			all = append(all, text)
		}
		slices.Sort(all)
		return [][]string{first, all}
	}
	few, many := drawn(3, 1), drawn(7, 1)
	for _, batch := range []int{7, 40} {
		if got := drawn(7, batch); !slices.Equal(got[0], many[0]) || !slices.Equal(got[1], many[1]) {
			t.Errorf("a batch of %d changes the candidates", batch)
		}
	}
	if !slices.Equal(few[0], many[0]) {
		t.Error("the first of 3 candidates is not the first of 7")
	}
	for _, text := range few[1] {
		if !slices.Contains(many[1], text) {
			t.Errorf("%q is among 3 candidates and not among 7", text)
		}
	}
	if len(many[1]) < 2*len(few[1]) {
		t.Errorf("%d texts with 7 candidates, %d with 3", len(many[1]), len(few[1]))
	}
}

func TestAUtilityThatFails(t *testing.T) {
	m := newModel(t, 13, 16)
	o := mbrOptions(4, 4)
	broken := errors.New("no such word")
	o.Utilities = func([]Pair) ([]float64, error) { return nil, broken }
	_, err := Decode(t.Context(), m, requests(3, 13), o)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "choosing among 4 candidates for \"request ") {
		t.Errorf("got %v", err)
	}
}

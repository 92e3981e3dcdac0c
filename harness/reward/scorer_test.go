package reward

import (
	"reflect"
	"testing"

	"lastmile/metrics"
)

// TestTheScorerIsAsked asks for the score of each response against the references of its
// own prompt.
func TestTheScorerIsAsked(t *testing.T) {
	texts := []string{"", "one", "two", "three"}
	env := Env{
		Text: func(tokens []int) string { return texts[tokens[0]] },
		Scorer: func(inputs []metrics.Input) ([]float64, error) {
			scores := make([]float64, len(inputs))
			for i, input := range inputs {
				scores[i] = float64(len(input.Hypothesis)) + float64(len(input.References[0]))/100
			}
			return scores, nil
		},
	}
	groups := []Group{
		{Truth: []int{1, eos}, References: []string{"a"}, Responses: []Response{{Tokens: []int{1, eos}}, {Tokens: []int{3, eos}}}},
		{Truth: []int{1, eos}, References: []string{"ab"}, Responses: []Response{{Tokens: []int{2, eos}}}},
	}
	got := score(t, sumOf(t, env, `{"bleurt":{"weight":2}}`), groups...)
	if want := [][]float64{{3.01, 5.01}, {3.02}}; !reflect.DeepEqual(got.Parts["bleurt"], want) {
		t.Errorf("the scores are %v, want %v", got.Parts["bleurt"], want)
	}
	if total := got.Sum[0][1].Total; total != 2*5.01 {
		t.Errorf("with a weight of 2 the reward is %g, want %g", total, 2*5.01)
	}
}

package reward

import (
	"math"
	"strings"
	"testing"
)

// TestCopyingTakesOffWhatTheTruthDoesNotCopy has a truth of which a third is copied.
func TestCopyingTakesOffWhatTheTruthDoesNotCopy(t *testing.T) {
	words := []string{"", "a", "fast", "viewer", "of", "pictures", "images"}
	env := Env{Text: func(tokens []int) string {
		var text []string
		for _, token := range tokens {
			if token != eos {
				text = append(text, words[token])
			}
		}
		return strings.Join(text, " ")
	}}
	ended := func(tokens ...int) Response { return Response{Tokens: append(tokens, eos), Ended: true} }
	g := Group{
		ID: "viewer", Prompt: []int{1}, Input: "a fast viewer of images", Truth: []int{3, 5, 5, eos},
		Responses: []Response{ended(1, 2, 3, 4), ended(3, 5, 5), ended(5, 5, 5), ended(2, 5), ended(), {Tokens: []int{3}}},
	}
	blank := Group{ID: "blank", Prompt: []int{1}, Input: " ", Truth: []int{3, eos}, Responses: []Response{ended(3)}}
	scored := score(t, sumOf(t, env, `{"copying":{"weight":2}}`), blank, g)
	for i, want := range []float64{-4. / 3, 0, 0, -1. / 3, 0, -4. / 3} {
		if got := scored.Sum[1][i].Total; math.Abs(got-want) > 1e-12 {
			t.Errorf("reward %d is %g, want %g", i+1, got, want)
		}
	}
	if got := scored.Sum[0][0].Total; got != 0 {
		t.Errorf("where there is no input the reward is %g", got)
	}
}

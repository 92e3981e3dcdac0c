package reward

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/external"
)

// asking is an environment whose commands run in batches of a size.
func asking(t *testing.T, batch int) Env {
	return Env{
		Text: func(tokens []int) string { return strings.Trim(fmt.Sprint(tokens), "[]") },
		Command: func(s external.Settings, number string) func([]external.Item) ([]float64, error) {
			s.Batch = batch
			p := external.New(context.Background(), s, external.Options{Name: CommandKey, Numbers: []string{number}})
			t.Cleanup(func() {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			})
			return func(items []external.Item) ([]float64, error) {
				answers, err := p.Ask(items, nil)
				return slices.Concat(answers...), err
			}
		},
	}
}

// commandOf are settings whose process makes numbers of a text with a script of sed.
func commandOf(script string) string {
	return fmt.Sprintf(`{"command":{"weight":2,"number":"value","run":["sed","-u","-E",%q],"timeout":20,"start_timeout":20,"batch":32}}`, script)
}

func TestACommandIsAskedForEachResponse(t *testing.T) {
	// The example's id, input and reference, and the response's first token, as digits.
	const script = `s/^\{"id":"([0-9])","input":"in ([0-9])","references":\["([0-9]).*"hypothesis":"([0-9]).*$/{"value":\1\2\3.\4}/`
	groups := []Group{
		{ID: "1", Input: "in 3", References: []string{"7", "8"}, Truth: []int{4, eos}, Responses: []Response{{Tokens: []int{5, eos}}, {Tokens: []int{6, 2, eos}}}},
		{ID: "2", Input: "in 4", References: []string{"9"}, Truth: []int{4, eos}, Responses: []Response{{Tokens: []int{5, eos}}, {Tokens: []int{4, eos}, IsTruth: true}}},
	}
	for _, batch := range []int{1, 3, 32} {
		sum := sumOf(t, asking(t, batch), commandOf(script))
		for range 2 { // updates, of one process
			got := score(t, sum, groups...)
			if want := [][]float64{{137.5, 137.6}, {249.5, 249.4}}; !reflect.DeepEqual(got.Parts["command"], want) {
				t.Errorf("in batches of %d the rewards are %v, want %v", batch, got.Parts["command"], want)
			}
			if got := got.Sum[0][1]; got.Total != 275.2 || !reflect.DeepEqual(got.Tokens, []float64{0, 0, 275.2}) {
				t.Errorf("with a weight of 2 the reward is %v, want 275.2 on the last token", got)
			}
		}
	}
}

func TestWhatACommandDoesWrongIsSaid(t *testing.T) {
	sum := sumOf(t, asking(t, 4), commandOf(`s/.*/{"score":1}/`))
	_, err := sum.Score(t.Context(), []Group{{ID: "e1", Truth: []int{4, eos}, Responses: []Response{{Tokens: []int{5, eos}}}}})
	const want = `the reward command: the command reward.command: the answer to "e1" cannot be used: it lacks the number "value": {"score":1}`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

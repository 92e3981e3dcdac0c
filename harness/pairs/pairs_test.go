package pairs

import (
	"math"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
)

// batch are pairs of several lengths.
var batch = []Pair{
	{Prompt: []int{1, 2, 3}, Chosen: []int{4, 5, 0}, Rejected: []int{6, 0}},
	{Prompt: []int{7}, Chosen: []int{0}, Rejected: []int{8, 9, 10, 11, 8}},
	{Prompt: []int{1, 2}, Chosen: []int{3, 3, 3, 0}, Rejected: []int{3, 3, 3, 3}},
}

// alone is the log-probability of one response, token by token from the
// distribution over the vocabulary.
func alone(t testing.TB, m *model.Model, prompt, response []int) (sum float64) {
	t.Helper()
	in := model.Input{Rows: 1, Length: len(prompt) + len(response)}
	for _, token := range append(append([]int{}, prompt...), response...) {
		in.Tokens = append(in.Tokens, int64(token))
	}
	var distributions []float64
	err := m.Session().NoGrad(func() (err error) {
		distributions, err = m.Logits(m.Hidden(in)).Softmax(-1).Value64s()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, token := range response {
		sum += math.Log(distributions[(len(prompt)-1+i)*m.Config.VocabSize+token])
	}
	return sum
}

func TestLogprobsAreSumsOverSingleResponses(t *testing.T) {
	m := modeltest.Tiny(t, modeltest.Open(t, torch.Float64), 1)
	var chosen, rejected []float64
	err := m.Session().NoGrad(func() (err error) {
		c, r := Logprobs(m, batch)
		if chosen, err = c.Value64s(); err != nil {
			return err
		}
		rejected, err = r.Value64s()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(chosen) != len(batch) || len(rejected) != len(batch) {
		t.Fatalf("%d and %d log-probabilities of %d pairs", len(chosen), len(rejected), len(batch))
	}
	for i, p := range batch {
		if want := alone(t, m, p.Prompt, p.Chosen); math.Abs(chosen[i]-want) > 1e-9 {
			t.Errorf("the chosen response of pair %d has %g, alone %g", i, chosen[i], want)
		}
		if want := alone(t, m, p.Prompt, p.Rejected); math.Abs(rejected[i]-want) > 1e-9 {
			t.Errorf("the rejected response of pair %d has %g, alone %g", i, rejected[i], want)
		}
	}
}

func TestGradientOfLogprobs(t *testing.T) {
	m := modeltest.Tiny(t, modeltest.Open(t, torch.Float64), 1)
	var inputs []gradcheck.Input
	for _, p := range m.Parameters() {
		inputs = append(inputs, gradcheck.Input{Name: p.Name, Tensor: p.Tensor})
	}
	gradcheck.Check(t, func() *torch.Tensor {
		chosen, rejected := Logprobs(m, batch)
		return chosen.Sub(rejected).LogSigmoid().Mean().Neg()
	}, inputs...)
}

func TestTokensOfAPair(t *testing.T) {
	for i, want := range []int{8, 7, 10} {
		if got := batch[i].Tokens(); got != want {
			t.Errorf("pair %d has %d tokens, want %d", i, got, want)
		}
	}
}

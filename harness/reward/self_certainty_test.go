package reward

import (
	"errors"
	"math"
	"slices"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/torch"
)

// TestSelfCertainty compares with KL(U ‖ π), summed over the vocabulary, of one prefix at
// a time.
func TestSelfCertainty(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	m := newModel(t, s)
	trees := []model.Tree{
		{Prompt: []int{3, 4}, Responses: [][]int{{5, 6, eos}, {7}}},
		{Prompt: []int{8}, Responses: [][]int{{9, 9, 1, eos}}},
	}
	before := s.Live()
	got, err := SelfCertainty(m, trees)
	if err != nil {
		t.Fatal(err)
	}
	if s.Live() != before {
		t.Errorf("%d tensors are left", s.Live()-before)
	}
	for i, tree := range trees {
		for j, response := range tree.Responses {
			want := 0.0
			for n := range response {
				divergence := 0.0
				for _, p := range next(t, m, slices.Concat(tree.Prompt, response[:n])) {
					divergence += math.Log(1.0/vocabulary/p) / vocabulary
				}
				want += divergence / float64(len(response))
			}
			if want < 1e-4 || math.Abs(got[i][j]-want) > 1e-9 {
				t.Errorf("response %d to prompt %d has the certainty %g, want %g", j+1, i+1, got[i][j], want)
			}
		}
	}
	// A policy without a preference has none.
	for _, p := range m.Parameters() {
		p.Tensor.CopyInPlace(p.Tensor.MulScalar(0).Detach())
	}
	uniform, err := SelfCertainty(m, trees)
	if err != nil || math.Abs(uniform[0][0]) > 1e-9 || math.Abs(uniform[1][0]) > 1e-9 {
		t.Errorf("the uniform policy has the certainties %v: %v", uniform, err)
	}
}

// next is a model's distribution after a prefix.
func next(t testing.TB, m *model.Model, prefix []int) (p []float64) {
	t.Helper()
	tokens := make([]int64, len(prefix))
	for i, token := range prefix {
		tokens[i] = int64(token)
	}
	err := m.Session().NoGrad(func() (err error) {
		p, err = m.Logits(m.Hidden(model.Input{Tokens: tokens, Rows: 1, Length: len(tokens)})).Softmax(-1).Value64s()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p[len(p)-vocabulary:]
}

func TestSelfCertaintyAsAReward(t *testing.T) {
	env := Env{SelfCertainty: func(trees []model.Tree) ([][]float64, error) {
		if len(trees) != 1 || !slices.Equal(trees[0].Prompt, pair().Prompt) || !slices.Equal(trees[0].Responses[1], pair().Responses[1].Tokens) {
			t.Errorf("asked of %v", trees)
		}
		return [][]float64{{0.5, 2}}, nil
	}}
	if got := score(t, sumOf(t, env, `{"self-certainty":{"weight":3}}`), pair()).Sum[0]; got[0].Total != 1.5 || got[1].Total != 6 {
		t.Errorf("the sum is %+v, want 1.5 and 6", got)
	}
	broken := errors.New("no memory")
	env.SelfCertainty = func([]model.Tree) ([][]float64, error) { return nil, broken }
	if _, err := sumOf(t, env, `{"self-certainty":{"weight":1}}`).Score(t.Context(), []Group{pair()}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

package train

import (
	"math"
	"testing"

	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
)

func TestGradientOfCrossEntropy(t *testing.T) {
	s := open(t, torch.Float64)
	m := newModel(t, s, 1)
	b := newBatch(reversals(3))
	var inputs []gradcheck.Input
	for _, p := range m.Parameters() {
		inputs = append(inputs, gradcheck.Input{Name: p.Name, Tensor: p.Tensor})
	}
	gradcheck.Check(t, func() *torch.Tensor { return logprobs(m, b).Mean().Neg() }, inputs...)
}

func TestGradientOfThePolicyLoss(t *testing.T) {
	s := open(t, torch.Float64)
	logRatio := s.Float64s([]float64{0, 0.1, -0.1, 0.5, 0.5, -0.5, -0.5, 0.02}, 8)
	advantages := s.Float64s([]float64{1, -2, 0.5, 1, -1, 1, -1, 0}, 8)
	loss := func() *torch.Tensor { return PolicyLoss(logRatio, advantages, 0.2) }
	gradcheck.Check(t, loss, gradcheck.Input{Name: "log-ratio", Tensor: logRatio})
	gradients, err := logRatio.Grad().Value64s()
	if err != nil {
		t.Fatal(err)
	}
	// Clipping holds back only what would go further from the old policy.
	for i, flows := range []bool{true, true, true, false, true, true, false, false} {
		if (gradients[i] != 0) != flows {
			t.Errorf("token %d has gradient %g", i, gradients[i])
		}
	}
	want := 0.0
	for _, term := range []float64{1, -2 * math.Exp(0.1), 0.5 * math.Exp(-0.1), 1.2, -math.Exp(0.5), math.Exp(-0.5), -0.8, 0} {
		want -= term / 8
	}
	if got, _ := loss().Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %g, want %g", got, want)
	}
}

func TestGradientOfTheValueLoss(t *testing.T) {
	s := open(t, torch.Float64)
	values := s.Float64s([]float64{0, 1, 1, -1, 0.1, 0.5}, 6)
	sampled := s.Float64s([]float64{0, 0, 0, 0, 0, 0.5}, 6)
	returns := s.Float64s([]float64{1, 2, -2, -2, 0.3, 0.5}, 6)
	loss := func() *torch.Tensor { return ValueLoss(values, sampled, returns, 0.2) }
	gradcheck.Check(t, loss, gradcheck.Input{Name: "values", Tensor: values})
	// Of 0 to 1; of 1, held at 0.2, to 2; of 1 to -2; of -1, held at -0.2, to
	// -2; of 0.1 to 0.3; and none.
	want := (1 + 1.8*1.8 + 9 + 1.8*1.8 + 0.2*0.2 + 0) / 6 / 2
	if got, _ := loss().Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %g, want %g", got, want)
	}
}

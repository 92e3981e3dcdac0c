package train

import (
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
)

func TestGradientOfCrossEntropy(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	m := modeltest.Tiny(t, s, 1)
	b := newBatch(reversals(3))
	var inputs []gradcheck.Input
	for _, p := range m.Parameters() {
		inputs = append(inputs, gradcheck.Input{Name: p.Name, Tensor: p.Tensor})
	}
	gradcheck.Check(t, func() *torch.Tensor { return logprobs(m, b).Mean().Neg() }, inputs...)
}

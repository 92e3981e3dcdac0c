package train

import (
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
)

func TestSumsOverResponses(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	tokens := s.Float64s([]float64{1, 2, 4, 8, 16, 32}, 6)
	lengths := []int{2, 1, 3}
	near(t, SumBy(tokens, lengths), []float64{3, 4, 56}, 0)
	near(t, PerToken(s.Float64s([]float64{5, 6, 7}, 3), lengths), []float64{5, 5, 6, 7, 7, 7}, 0)
	weights := s.Float64s([]float64{1, -2, 3}, 3)
	gradcheck.Check(t, func() *torch.Tensor { return SumBy(tokens, lengths).Mul(weights).Square().Mean() },
		gradcheck.Input{Name: "tokens", Tensor: tokens})
	gradcheck.Check(t, func() *torch.Tensor { return PerToken(weights, lengths).Mul(tokens).Square().Mean() },
		gradcheck.Input{Name: "responses", Tensor: weights})
}

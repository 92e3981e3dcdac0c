package torch

import (
	"lastmile/harness/torch/fused"
)

// Inverts reports whether [Tensor.Invert] works for t: on a device with the fused
// operations.
func (t *Tensor) Inverts() bool { return t.s.device >= 0 && t.fusible() }

// Invert draws from rows of t, probabilities [..., n], on the device instead of
// reading them. Each draw is the first index at which the running sum of its row
// passes its share of the row's total; it comes with its probability.
func (t *Tensor) Invert(rows []int64, shares []float64) (indices []int, probabilities []float32, err error) {
	s := t.s
	if len(rows) != len(shares) {
		s.fail("torch: invert: %d shares for %d rows, want one each", len(shares), len(rows))
	}
	for _, row := range rows {
		if has := t.Elements() / max(1, t.Size(-1)); row < 0 || int(row) >= has {
			s.fail("torch: invert: row %d of %d", row, has)
		}
	}
	err = s.Scope(func() error {
		at, of := s.Ints(rows, len(rows)), fromData(s, shares, Float64, Float64, []int{len(shares)})
		drawn, err := s.fusedOp("invert", func() fused.Tensor { return fused.Invert(t.raw(), at.raw(), of.raw()) }, t, at, of).Value64s()
		for i := 0; i+1 < len(drawn); i += 2 {
			indices, probabilities = append(indices, int(drawn[i])), append(probabilities, float32(drawn[i+1]))
		}
		return err
	})
	return indices, probabilities, err
}

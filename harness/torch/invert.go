package torch

import (
	"github.com/sugarme/gotch/fused"
	"github.com/sugarme/gotch/libtch"
)

// Inverts reports whether [Tensor.Invert] works: on a device with the fused
// operations.
func (t *Tensor) Inverts() bool { return t.s.device >= 0 && t.fusible() }

// Invert draws from rows of t, probabilities [.., n], where they are instead of
// reading them: for each row the first index at which the running sum passes
// share of the row's total, and its probability.
func (t *Tensor) Invert(rows []int64, shares []float64) (indices []int, probabilities []float32, err error) {
	s := t.s
	err = s.Scope(func() error {
		at, of := s.Ints(rows, len(rows)), fromData(s, shares, Float64, Float64, []int{len(shares)})
		drawn, err := s.fusedOp("invert", func() libtch.Ctensor { return fused.Invert(t.c, at.c, of.c) }, t, at, of).Value64s()
		for i := 0; i+1 < len(drawn); i += 2 {
			indices, probabilities = append(indices, int(drawn[i])), append(probabilities, float32(drawn[i+1]))
		}
		return err
	})
	return indices, probabilities, err
}

// Package gradcheck compares the gradients of autograd with finite
// differences, for tests.
package gradcheck

import (
	"math"
	"testing"

	"lastmile/harness/torch"
)

// Input is a leaf that a function is differentiated by, with the name that a
// failure gives it. Its session must be of Float64.
type Input struct {
	Name   string
	Tensor *torch.Tensor
}

// elements is the most elements of an input that are differentiated, spread
// evenly over it.
const elements = 12

// Check fails the test where the gradient of f, a tensor of one element,
// differs from its central difference by more than a millionth of one plus its
// size. It looks at elements spread evenly over each input, and calls f twice for
// each of them.
func Check(t testing.TB, f func() *torch.Tensor, inputs ...Input) {
	t.Helper()
	s := inputs[0].Tensor.Session()
	if s.DType() != torch.Float64 {
		t.Fatal("gradients are compared in float64 only")
	}
	err := s.Scope(func() error {
		for _, in := range inputs {
			in.Tensor.RequireGrad()
			if g := in.Tensor.Grad(); g != nil {
				g.ZeroInPlace()
			}
		}
		f().Backward()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range inputs {
		g := in.Tensor.Grad()
		if g == nil {
			t.Errorf("%s has no gradient", in.Name)
			continue
		}
		gradients, err := g.Value64s()
		if err != nil {
			t.Fatal(err)
		}
		values, err := in.Tensor.Value64s()
		if err != nil {
			t.Fatal(err)
		}
		stride := max(1, len(values)/elements)
		for i := 0; i < len(values); i += stride {
			const step = 1e-5
			at := func(x float64) float64 {
				moved := append([]float64(nil), values...)
				moved[i] = x
				var y float64
				err := s.NoGrad(func() (err error) {
					in.Tensor.CopyInPlace(s.Float64s(moved, in.Tensor.Shape()...))
					y, err = f().Item()
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return y
			}
			want := (at(values[i]+step) - at(values[i]-step)) / (2 * step)
			at(values[i])
			if math.Abs(gradients[i]-want) > 1e-6*(1+math.Abs(want)) {
				t.Errorf("%s[%d]: gradient %.9g, finite difference %.9g", in.Name, i, gradients[i], want)
			}
		}
	}
}

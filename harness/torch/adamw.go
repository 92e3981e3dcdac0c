package torch

import (
	"math"

	"lastmile/harness/torch/fused"
)

// SumOfSquares reads the sum of the squares of all elements of the tensors. A
// device is waited for once.
func SumOfSquares(tensors ...*Tensor) (sum float64, err error) {
	if len(tensors) == 0 {
		return 0, nil
	}
	s := tensors[0].s
	if !s.usable("squares", tensors...) {
		return 0, s.err
	}
	if !tensors[0].fusible() {
		err = s.Scope(func() error {
			var sums []*Tensor
			for _, t := range tensors {
				sums = append(sums, t.Square().Sum().Reshape(1))
			}
			values, err := Cat(0, sums...).Value64s()
			for _, v := range values {
				sum += v
			}
			return err
		})
		return sum, err
	}
	all := make([]fused.Tensor, len(tensors))
	for i, t := range tensors {
		all[i] = t.raw()
	}
	sum = fused.Squares(all)
	if err := fused.Err(); err != nil {
		s.failed("squares", err)
		return 0, s.err
	}
	return sum, nil
}

// AdamW is one step of the optimiser of Loshchilov and Hutter 2019.
type AdamW struct {
	// Scale multiplies the gradient first: what clipping asks for.
	Scale float64
	// Rate is the learning rate.
	Rate, Beta1, Beta2, Epsilon float64
	// Step is the number of this step, counted from 1.
	Step int
}

// Update is what a step of [AdamW] changes: a parameter by its gradient, which
// is left at 0, and its first and second moments.
type Update struct {
	Parameter, Gradient, First, Second *Tensor
	// Decay is the parameter's weight decay, which the learning rate scales.
	Decay float64
}

// Apply takes the step on parameters of one session. Gradients must be off.
func (a AdamW) Apply(updates ...Update) {
	if len(updates) == 0 {
		return
	}
	s := updates[0].Parameter.s
	correct1, correct2 := 1-math.Pow(a.Beta1, float64(a.Step)), 1-math.Pow(a.Beta2, float64(a.Step))
	if updates[0].Parameter.fusible() {
		var tensors []fused.Tensor
		var decays []float64
		for _, u := range updates {
			if !s.usable("adamw", u.Parameter, u.Gradient, u.First, u.Second) {
				return
			}
			tensors = append(tensors, u.Parameter.raw(), u.Gradient.raw(), u.First.raw(), u.Second.raw())
			decays = append(decays, u.Decay)
		}
		fused.AdamW(tensors, decays, a.Scale, a.Rate, a.Beta1, a.Beta2, a.Epsilon, correct1, correct2)
		if err := fused.Err(); err != nil {
			s.failed("adamw", err)
		}
		return
	}
	for _, u := range updates {
		s.Scope(func() error {
			u.Gradient.MulScalarInPlace(a.Scale)
			u.Parameter.MulScalarInPlace(1 - a.Rate*u.Decay)
			u.First.LerpInPlace(u.Gradient, 1-a.Beta1)
			u.Second.LerpInPlace(u.Gradient.Square(), 1-a.Beta2)
			denominator := u.Second.Sqrt().MulScalar(1 / math.Sqrt(correct2)).AddScalar(a.Epsilon)
			u.Parameter.AddInPlace(u.First.Div(denominator).MulScalar(-a.Rate / correct1))
			u.Gradient.ZeroInPlace()
			return nil
		})
	}
}

package torch

import "github.com/sugarme/gotch/libtch"

// AddInPlace adds u to t.
func (t *Tensor) AddInPlace(u *Tensor) {
	t.s.inPlace("add_", func(out *libtch.Ctensor) { libtch.AtgAdd_(out, t.c, u.c) }, t, u)
}

// MulScalarInPlace multiplies t by x.
func (t *Tensor) MulScalarInPlace(x float64) {
	t.s.inPlace("mul_", func(out *libtch.Ctensor) {
		withScalar(x, func(c libtch.Cscalar) { libtch.AtgMulScalar_(out, t.c, c) })
	}, t)
}

// LerpInPlace moves t towards end by the share weight.
func (t *Tensor) LerpInPlace(end *Tensor, weight float64) {
	t.s.inPlace("lerp_", func(out *libtch.Ctensor) {
		withScalar(weight, func(c libtch.Cscalar) { libtch.AtgLerp_(out, t.c, end.c, c) })
	}, t, end)
}

// CopyInPlace overwrites t with u, broadcast. On the result of [Tensor.Narrow] it
// overwrites a part of a tensor.
func (t *Tensor) CopyInPlace(u *Tensor) {
	if t.s.usable("copy_", t, u) {
		libtch.AtCopy_(t.c, u.c)
		t.s.check("copy_")
	}
}

// ZeroInPlace sets t to 0.
func (t *Tensor) ZeroInPlace() {
	t.s.inPlace("zero_", func(out *libtch.Ctensor) { libtch.AtgZero_(out, t.c) }, t)
}

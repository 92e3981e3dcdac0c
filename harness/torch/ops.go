package torch

import (
	"github.com/sugarme/gotch/libtch"

	"lastmile/harness/torch/fused"
)

func (t *Tensor) unary(name string, f func(*libtch.Ctensor, libtch.Ctensor)) *Tensor {
	return t.s.op(name, func(out *libtch.Ctensor) { f(out, t.c) }, t)
}

func (t *Tensor) binary(name string, f func(_ *libtch.Ctensor, a, b libtch.Ctensor), u *Tensor) *Tensor {
	return t.s.op(name, func(out *libtch.Ctensor) { f(out, t.c, u.c) }, t, u)
}

func (t *Tensor) scalar(name string, f func(*libtch.Ctensor, libtch.Ctensor, libtch.Cscalar), x float64) *Tensor {
	return t.s.op(name, func(out *libtch.Ctensor) { withScalar(x, func(c libtch.Cscalar) { f(out, t.c, c) }) }, t)
}

func withScalar(x float64, f func(libtch.Cscalar)) {
	c := libtch.AtsFloat(x)
	f(c)
	libtch.AtsFree(c)
}

// Add is t + u, broadcast.
func (t *Tensor) Add(u *Tensor) *Tensor { return t.binary("add", libtch.AtgAdd, u) }

// Sub is t - u, broadcast.
func (t *Tensor) Sub(u *Tensor) *Tensor { return t.binary("sub", libtch.AtgSub, u) }

// Mul is t · u, element by element, broadcast.
func (t *Tensor) Mul(u *Tensor) *Tensor { return t.binary("mul", libtch.AtgMul, u) }

// Div is t / u, broadcast.
func (t *Tensor) Div(u *Tensor) *Tensor { return t.binary("div", libtch.AtgDiv, u) }

// Minimum is the smaller of t and u, broadcast.
func (t *Tensor) Minimum(u *Tensor) *Tensor { return t.binary("minimum", libtch.AtgMinimum, u) }

// Maximum is the larger of t and u, broadcast.
func (t *Tensor) Maximum(u *Tensor) *Tensor { return t.binary("maximum", libtch.AtgMaximum, u) }

// MatMul is the matrix product over the last two dimensions, the others
// broadcast: [..., n, k] by [..., k, m] is [..., n, m].
func (t *Tensor) MatMul(u *Tensor) *Tensor { return t.binary("matmul", libtch.AtgMatmul, u) }

// Linear is t · weightᵀ + bias: [..., in] by [out, in] and [out] is
// [..., out]; bias may be nil.
func (t *Tensor) Linear(weight, bias *Tensor) *Tensor {
	if t.few() && weight.DType() == Float32 {
		y := t.s.fusedOp("linear", func() fused.Tensor { return fused.Linear(t.raw(), weight.raw()) }, t, weight)
		if bias != nil {
			y = y.Add(bias)
		}
		return y
	}
	inputs := []*Tensor{t, weight}
	var b libtch.Ctensor
	if bias != nil {
		inputs, b = append(inputs, bias), bias.c
	}
	return t.s.op("linear", func(out *libtch.Ctensor) { libtch.AtgLinear(out, t.c, weight.c, b) }, inputs...)
}

// AddScalar is t + x.
func (t *Tensor) AddScalar(x float64) *Tensor { return t.scalar("add", libtch.AtgAddScalar, x) }

// MulScalar is t · x.
func (t *Tensor) MulScalar(x float64) *Tensor { return t.scalar("mul", libtch.AtgMulScalar, x) }

// Exp is e to the t.
func (t *Tensor) Exp() *Tensor { return t.unary("exp", libtch.AtgExp) }

// Sqrt is the square root.
func (t *Tensor) Sqrt() *Tensor { return t.unary("sqrt", libtch.AtgSqrt) }

// Rsqrt is one over the square root.
func (t *Tensor) Rsqrt() *Tensor { return t.unary("rsqrt", libtch.AtgRsqrt) }

// Square is t · t.
func (t *Tensor) Square() *Tensor { return t.unary("square", libtch.AtgSquare) }

// Neg is -t.
func (t *Tensor) Neg() *Tensor { return t.unary("neg", libtch.AtgNeg) }

// Tanh is the hyperbolic tangent.
func (t *Tensor) Tanh() *Tensor { return t.unary("tanh", libtch.AtgTanh) }

// Cap bounds the elements softly, by most · tanh(t / most); with most 0 they stay.
func (t *Tensor) Cap(most float64) *Tensor {
	if most == 0 {
		return t
	}
	return t.MulScalar(1 / most).Tanh().MulScalar(most)
}

// LogSigmoid is ln(sigmoid(t)), without overflow.
func (t *Tensor) LogSigmoid() *Tensor { return t.unary("log_sigmoid", libtch.AtgLogSigmoid) }

// SiLU is t · sigmoid(t).
func (t *Tensor) SiLU() *Tensor { return t.unary("silu", libtch.AtgSilu) }

// GELU is t · Φ(t), with the exact normal distribution function.
func (t *Tensor) GELU() *Tensor {
	return t.s.op("gelu", func(out *libtch.Ctensor) { libtch.AtgGelu(out, t.c, "none") }, t)
}

// GELUTanh is GELU with an approximation by tanh (Hendrycks and Gimpel 2016), as
// GPT-2 has it.
func (t *Tensor) GELUTanh() *Tensor {
	return t.s.op("gelu", func(out *libtch.Ctensor) { libtch.AtgGelu(out, t.c, "tanh") }, t)
}

// Detach is t without its history.
func (t *Tensor) Detach() *Tensor { return t.unary("detach", libtch.AtgDetach) }

// Contiguous is t laid out in memory in the order of its dimensions.
func (t *Tensor) Contiguous() *Tensor { return t.unary("contiguous", libtch.AtgContiguous) }

// Clamp bounds the elements to [low, high].
func (t *Tensor) Clamp(low, high float64) *Tensor {
	return t.s.op("clamp", func(out *libtch.Ctensor) {
		withScalar(low, func(a libtch.Cscalar) {
			withScalar(high, func(b libtch.Cscalar) { libtch.AtgClamp(out, t.c, a, b) })
		})
	}, t)
}

// Softmax turns logits along dim into probabilities.
func (t *Tensor) Softmax(dim int) *Tensor {
	return t.s.op("softmax", func(out *libtch.Ctensor) {
		libtch.AtgSoftmax(out, t.c, int64(dim), int32(t.DType()))
	}, t)
}

// LogSoftmax turns logits along dim into log-probabilities, in nats.
func (t *Tensor) LogSoftmax(dim int) *Tensor {
	return t.s.op("log_softmax", func(out *libtch.Ctensor) {
		libtch.AtgLogSoftmax(out, t.c, int64(dim), int32(t.DType()))
	}, t)
}

// LayerNorm normalises the last dimension to mean 0 and variance 1, then
// scales by weight and shifts by bias, both [last].
func (t *Tensor) LayerNorm(weight, bias *Tensor, eps float64) *Tensor {
	return t.s.op("layer_norm", func(out *libtch.Ctensor) {
		libtch.AtgLayerNorm(out, t.c, []int64{int64(t.Size(-1))}, 1, weight.c, bias.c, eps, 0)
	}, t, weight, bias)
}

// Sum is the sum of all elements, a tensor without dimensions.
func (t *Tensor) Sum() *Tensor {
	return t.s.op("sum", func(out *libtch.Ctensor) { libtch.AtgSum(out, t.c, int32(t.DType())) }, t)
}

// Mean is the mean of all elements, a tensor without dimensions.
func (t *Tensor) Mean() *Tensor {
	return t.s.op("mean", func(out *libtch.Ctensor) { libtch.AtgMean(out, t.c, int32(t.DType())) }, t)
}

// SumDim sums over dim, which is kept with size 1 where keep is set.
func (t *Tensor) SumDim(dim int, keep bool) *Tensor {
	return t.s.op("sum", func(out *libtch.Ctensor) {
		libtch.AtgSumDimIntlist(out, t.c, []int64{int64(dim)}, 1, flag(keep), int32(t.DType()))
	}, t)
}

// MeanDim is the mean over dim, which is kept with size 1 where keep is set.
func (t *Tensor) MeanDim(dim int, keep bool) *Tensor {
	return t.s.op("mean", func(out *libtch.Ctensor) {
		libtch.AtgMeanDim(out, t.c, []int64{int64(dim)}, 1, flag(keep), int32(t.DType()))
	}, t)
}

// Norm is the square root of the sum of squares, a tensor without dimensions.
func (t *Tensor) Norm() *Tensor { return t.unary("norm", libtch.AtgNorm) }

// ArgMax is the index of the largest element along dim, which goes away.
func (t *Tensor) ArgMax(dim int) *Tensor {
	return t.s.op("argmax", func(out *libtch.Ctensor) { libtch.AtgArgmax(out, t.c, int64(dim), 0, 0) }, t)
}

// Reshape is t with another shape and the same elements in the same order; one
// size may be -1.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	dims := int64s(shape)
	return t.s.op("reshape", func(out *libtch.Ctensor) { libtch.AtgReshape(out, t.c, dims, len(dims)) }, t)
}

// Permute reorders the dimensions.
func (t *Tensor) Permute(order ...int) *Tensor {
	dims := int64s(order)
	return t.s.op("permute", func(out *libtch.Ctensor) { libtch.AtgPermute(out, t.c, dims, len(dims)) }, t)
}

// Transpose swaps two dimensions.
func (t *Tensor) Transpose(a, b int) *Tensor {
	return t.s.op("transpose", func(out *libtch.Ctensor) { libtch.AtgTranspose(out, t.c, int64(a), int64(b)) }, t)
}

// Narrow is the part of length elements from start along dim, not copied.
func (t *Tensor) Narrow(dim, start, length int) *Tensor {
	return t.s.op("narrow", func(out *libtch.Ctensor) {
		libtch.AtgNarrow(out, t.c, int64(dim), int64(start), int64(length))
	}, t)
}

// IndexSelect picks the slices of t along dim that index, a vector of Int64,
// names.
func (t *Tensor) IndexSelect(dim int, index *Tensor) *Tensor {
	return t.s.op("index_select", func(out *libtch.Ctensor) {
		libtch.AtgIndexSelect(out, t.c, int64(dim), index.c)
	}, t, index)
}

// Embedding looks the rows of t, [vocabulary, hidden], up for ids of any
// shape: [..., hidden].
func (t *Tensor) Embedding(ids *Tensor) *Tensor {
	return t.s.op("embedding", func(out *libtch.Ctensor) { libtch.AtgEmbedding(out, t.c, ids.c, -1, 0, 0) }, t, ids)
}

// To is t with elements of another type; t itself where it has that type.
func (t *Tensor) To(dtype DType) *Tensor {
	if t.c != nil && t.DType() == dtype {
		return t
	}
	return t.s.op("to", func(out *libtch.Ctensor) { libtch.AtgToDtype(out, t.c, int32(dtype), 0, 0) }, t)
}

// Cat joins tensors along dim.
func Cat(dim int, tensors ...*Tensor) *Tensor {
	handles := make([]libtch.Ctensor, len(tensors))
	for i, t := range tensors {
		handles[i] = t.c
	}
	return tensors[0].s.op("cat", func(out *libtch.Ctensor) {
		libtch.AtgCat(out, handles, len(handles), int64(dim))
	}, tensors...)
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

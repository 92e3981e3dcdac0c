package torch

import (
	"math"

	"github.com/sugarme/gotch/libtch"

	"lastmile/harness/torch/fused"
)

// The operations of this file are one pass over memory each, by package fused.
// Where that cannot serve a tensor they are made of libtorch's own, which also
// say what they compute.

// fusible reports whether the fused operations can serve t.
func (t *Tensor) fusible() bool {
	dtype := t.DType()
	return !t.s.unfused && t.s.kernels && (dtype == Float32 || dtype == Float64 && t.s.device < 0)
}

// fusibleProduct is fusible for an operation with a product in it, which
// autocast computes in another type.
func (t *Tensor) fusibleProduct() bool { return t.fusible() && !t.s.autocast }

// fewRows is the most rows for which the fused product is faster than libtorch's.
const fewRows = 64

// few reports whether t has at most fewRows rows and no gradients are wanted.
func (t *Tensor) few() bool {
	return t.s.noGrad && t.s.device < 0 && t.fusible() && t.DType() == Float32 && t.Elements() <= fewRows*t.Size(-1)
}

// fusedOp runs one fused operation and puts its result into the current scope.
func (s *Session) fusedOp(name string, call func() fused.Tensor, inputs ...*Tensor) *Tensor {
	t := &Tensor{s: s}
	if !s.usable(name, inputs...) {
		return t
	}
	c := call()
	if err := fused.Err(); err != nil {
		s.failed(name, err)
		return t
	}
	s.adopt(t, libtch.Ctensor(c))
	return t
}

// raw is t for package fused.
func (t *Tensor) raw() fused.Tensor { return fused.Tensor(t.c) }

// RMSNorm divides t by the root of its mean square over the last dimension and
// scales by weight, [last] (Zhang and Sennrich 2019).
func (t *Tensor) RMSNorm(weight *Tensor, eps float64) *Tensor {
	if t.fusible() {
		return t.s.fusedOp("rms_norm", func() fused.Tensor { return fused.RMSNorm(t.raw(), weight.raw(), eps) }, t, weight)
	}
	return t.Mul(t.Square().MeanDim(-1, true).AddScalar(eps).Rsqrt()).Mul(weight)
}

// SwiGLU is SiLU(t) · up (Shazeer 2020).
func (t *Tensor) SwiGLU(up *Tensor) *Tensor {
	if t.fusible() {
		return t.s.fusedOp("swiglu", func() fused.Tensor { return fused.SwiGLU(t.raw(), up.raw()) }, t, up)
	}
	return t.SiLU().Mul(up)
}

// LoRALinear is t · weightᵀ + bias + scale · t · aᵀ · bᵀ (Hu et al. 2022), with
// gradients for t, a and b alone: t is [..., in], weight [out, in], bias [out] or
// nil, a [r, in], b [out, r].
func (t *Tensor) LoRALinear(weight, bias, a, b *Tensor, scale float64) *Tensor {
	if !t.fusibleProduct() || t.s.noGrad {
		return t.Projection(weight, bias).Add(t.Projection(a, nil).MulScalar(scale).Projection(b, nil))
	}
	inputs := []*Tensor{t, weight, a, b}
	var added fused.Tensor
	if bias != nil {
		inputs, added = append(inputs, bias), bias.raw()
	}
	return t.s.fusedOp("lora_linear", func() fused.Tensor {
		return fused.LoRALinear(t.raw(), weight.raw(), added, a.raw(), b.raw(), scale)
	}, inputs...)
}

// Dropout is t / (1 - drop), or 0 with the probability drop, from 0 to below 1.
// The random number at an element's place in the stream that key names decides
// (SplitMix, Steele et al. 2014).
func (t *Tensor) Dropout(drop float64, key uint64) *Tensor {
	if !(drop >= 0 && drop < 1) {
		t.s.fail("torch: dropout: a probability of %g, want one from 0 to below 1", drop)
	}
	if t.fusible() {
		return t.s.fusedOp("dropout", func() fused.Tensor { return fused.Dropout(t.raw(), drop, key) }, t)
	}
	kept := make([]float64, t.Elements())
	for i := range kept {
		z := key + (uint64(i)+1)*0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		if z ^= z >> 31; z >= uint64(drop*(1<<64)) {
			kept[i] = 1 / (1 - drop)
		}
	}
	return t.Mul(t.s.Float64s(kept, t.Shape()...))
}

// Rotary turns each pair (i, i + n/2) of a head by its position's angle, as
// transformers' apply_rotary_pos_emb does, and puts the heads before the
// positions: t is [rows, length, heads, n], the result [rows, heads, length,
// n]. Cos and sin are [rows or 1, length, 1, n], the sine negative in its first
// half.
func (t *Tensor) Rotary(cos, sin *Tensor) *Tensor {
	if t.fusible() {
		return t.s.fusedOp("rotary", func() fused.Tensor { return fused.Rotary(t.raw(), cos.raw(), sin.raw()) }, t, cos, sin)
	}
	half := t.Size(-1) / 2
	swapped := Cat(-1, t.Narrow(-1, half, half), t.Narrow(-1, 0, half))
	return t.Mul(cos).Add(swapped.Mul(sin)).Permute(0, 2, 1, 3)
}

// Attention is that of queries [rows, heads, length, n] to keys and values
// [rows, groups, columns, n], where a group of heads shares its keys (Ainslie et
// al. 2023): [rows, length, heads · n]. Logits are divided by √n; then the mask
// is added, [length, columns] or [rows, 1, 1, length, columns], if it is not
// nil.
func Attention(queries, keys, values, mask *Tensor) *Tensor {
	return CappedAttention(queries, keys, values, mask, 0)
}

// CappedAttention is [Attention] with logits that most · tanh(logits / most) bounds
// before the mask is added, as in Gemma 2; with most 0 they stay.
func CappedAttention(queries, keys, values, mask *Tensor, most float64) *Tensor {
	s := queries.s
	if !s.usable("attention", queries, keys, values) {
		return &Tensor{s: s}
	}
	shape, groups := queries.Shape(), keys.Size(1)
	if len(shape) != 4 || groups == 0 || shape[1]%groups != 0 {
		s.fail("torch: attention: queries of shape %v to keys of %v, want [rows, heads, length, n] to [rows, groups, columns, n], a group for so many heads", shape, keys.Shape())
		return &Tensor{s: s}
	}
	rows, heads, length, n := shape[0], shape[1], shape[2], shape[3]
	scale := 1 / math.Sqrt(float64(n))
	if queries.fusibleProduct() {
		inputs := []*Tensor{queries, keys, values}
		var added fused.Tensor
		if mask != nil {
			inputs, added = append(inputs, mask), mask.raw()
		}
		return s.fusedOp("attention", func() fused.Tensor {
			return fused.Attention(queries.raw(), keys.raw(), values.raw(), added, scale, most)
		}, inputs...)
	}
	// The queries of a group are stacked along the length instead of repeating
	// the keys.
	columns, share := keys.Size(2), heads/groups
	weights := queries.MulScalar(scale).Reshape(rows, groups, share*length, n).low().MatMul(keys.low().Transpose(2, 3)).To(queries.DType()).Cap(most)
	if mask != nil {
		weights = weights.Reshape(rows, groups, share, length, columns).Add(mask)
	}
	return weights.Softmax(-1).Reshape(rows, groups, share*length, columns).low().MatMul(values.low()).To(queries.DType()).
		Reshape(rows, heads, length, n).Permute(0, 2, 1, 3).Reshape(rows, length, heads*n)
}

// TokenLogprobs are the log-probabilities, in nats, of targets, Int64 [m],
// under the logits that t, hidden states [m, n], has with weight, [vocabulary,
// n], at a temperature: [m]. Logits come in parts, on a device too, where
// libtorch's own operations make the log-probabilities of them.
func (t *Tensor) TokenLogprobs(weight, targets *Tensor, temperature float64) *Tensor {
	return t.CappedTokenLogprobs(weight, targets, temperature, 0)
}

// CappedTokenLogprobs is [Tensor.TokenLogprobs] with logits that most · tanh(logits /
// most) bounds before the temperature divides them; with most 0 they stay.
func (t *Tensor) CappedTokenLogprobs(weight, targets *Tensor, temperature, most float64) *Tensor {
	return t.s.fusedOp("token_logprobs", func() fused.Tensor {
		plain := t.s.device >= 0 || !t.fusible()
		return fused.TokenLogprobs(t.raw(), weight.raw(), targets.raw(), temperature, most, plain)
	}, t, weight, targets)
}

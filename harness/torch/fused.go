package torch

import (
	"math"
	"slices"

	"github.com/sugarme/gotch/fused"
	"github.com/sugarme/gotch/libtch"
)

// The operations of this file are one pass over memory each where t lies on a
// CPU. Elsewhere they are made of libtorch's own, which also say what they
// compute.

// fusible reports whether the fused operations can serve t.
func (t *Tensor) fusible() bool {
	dtype := t.DType()
	return t.s.device < 0 && !t.s.unfused && !t.s.autocast && (dtype == Float32 || dtype == Float64)
}

// fewRows is how many rows a product may have for the fused one to be faster.
const fewRows = 64

// few reports whether t has so few rows, and nobody wants gradients.
func (t *Tensor) few() bool {
	return t.s.noGrad && t.fusible() && t.DType() == Float32 && t.Elements() <= fewRows*t.Size(-1)
}

// fusedOp runs one fused operation and puts its result into the current scope.
func (s *Session) fusedOp(name string, call func() libtch.Ctensor, inputs ...*Tensor) *Tensor {
	t := &Tensor{s: s}
	if !s.usable(name, inputs...) {
		return t
	}
	c := call()
	if err := fused.Err(); err != nil {
		s.failed(name, err)
		return t
	}
	s.adopt(t, c)
	return t
}

// RMSNorm divides t by the root of its mean square over the last dimension and
// scales by weight, [last] (Zhang and Sennrich 2019).
func (t *Tensor) RMSNorm(weight *Tensor, eps float64) *Tensor {
	if t.fusible() {
		return t.s.fusedOp("rms_norm", func() libtch.Ctensor { return fused.RMSNorm(t.c, weight.c, eps) }, t, weight)
	}
	return t.Mul(t.Square().MeanDim(-1, true).AddScalar(eps).Rsqrt()).Mul(weight)
}

// SwiGLU is SiLU(t) · up (Shazeer 2020).
func (t *Tensor) SwiGLU(up *Tensor) *Tensor {
	if t.fusible() {
		return t.s.fusedOp("swiglu", func() libtch.Ctensor { return fused.SwiGLU(t.c, up.c) }, t, up)
	}
	return t.SiLU().Mul(up)
}

// LoRALinear is t · weightᵀ + bias + scale · t · aᵀ · bᵀ (Hu et al. 2022), with
// gradients for t, a and b alone: t is [..., in], weight [out, in], bias [out] or
// nil, a [r, in], b [out, r].
func (t *Tensor) LoRALinear(weight, bias, a, b *Tensor, scale float64) *Tensor {
	if !t.fusible() || t.s.noGrad {
		return t.Projection(weight, bias).Add(t.Projection(a, nil).MulScalar(scale).Projection(b, nil))
	}
	inputs := []*Tensor{t, weight, a, b}
	var added libtch.Ctensor
	if bias != nil {
		inputs, added = append(inputs, bias), bias.c
	}
	return t.s.fusedOp("lora_linear", func() libtch.Ctensor {
		return fused.LoRALinear(t.c, weight.c, added, a.c, b.c, scale)
	}, inputs...)
}

// Dropout is t / (1 - drop), or 0 with the probability drop, from 0 to below 1:
// where the random number at an element's place in the stream that key names
// (SplitMix, Steele et al. 2014) says so.
func (t *Tensor) Dropout(drop float64, key uint64) *Tensor {
	if t.fusible() {
		return t.s.fusedOp("dropout", func() libtch.Ctensor { return fused.Dropout(t.c, drop, key) }, t)
	}
	// Int64 has no unsigned comparison: turning both signs makes it one.
	const sign = 1 << 63
	kept := t.s.splitMix(t.Elements(), key).xor(sign).atLeast(uint64(drop*(1<<64)) ^ sign)
	return t.Mul(kept.Reshape(t.Shape()...).To(t.DType()).MulScalar(1 / (1 - drop)))
}

// Rotary turns each pair (i, i + n/2) of a head by its position's angle, as
// transformers' apply_rotary_pos_emb does, and puts the heads before the
// positions: t is [rows, length, heads, n], the result [rows, heads, length,
// n]. Cos and sin are [rows or 1, length, 1, n], the sine negative in its first
// half.
func (t *Tensor) Rotary(cos, sin *Tensor) *Tensor {
	if t.fusible() {
		return t.s.fusedOp("rotary", func() libtch.Ctensor { return fused.Rotary(t.c, cos.c, sin.c) }, t, cos, sin)
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
	shape := queries.Shape()
	if len(shape) != 4 {
		return queries
	}
	rows, heads, length, n := shape[0], shape[1], shape[2], shape[3]
	scale := 1 / math.Sqrt(float64(n))
	if queries.fusible() {
		inputs := []*Tensor{queries, keys, values}
		var added libtch.Ctensor
		if mask != nil {
			inputs, added = append(inputs, mask), mask.c
		}
		return queries.s.fusedOp("attention", func() libtch.Ctensor {
			return fused.Attention(queries.c, keys.c, values.c, added, scale)
		}, inputs...)
	}
	// The queries of a group are stacked along the length instead of repeating
	// the keys.
	groups, columns := keys.Size(1), keys.Size(2)
	share := heads / groups
	weights := queries.MulScalar(scale).Reshape(rows, groups, share*length, n).low().MatMul(keys.low().Transpose(2, 3)).To(queries.DType())
	if mask != nil {
		weights = weights.Reshape(rows, groups, share, length, columns).Add(mask)
	}
	return weights.Softmax(-1).Reshape(rows, groups, share*length, columns).low().MatMul(values.low()).To(queries.DType()).
		Reshape(rows, heads, length, n).Permute(0, 2, 1, 3).Reshape(rows, length, heads*n)
}

// Places say where a batch of one token a row goes in a cache whose layers are
// [slots, groups, capacity, n]: behind the first Lengths tokens of the row's
// slot. No two rows share a slot.
type Places struct {
	Slots, Lengths []int64
	// What other devices than a CPU need of them, the same for each layer: the
	// rows' vectors in a layer as [slots · groups · capacity, n], and the mask of
	// what each row attends to, [rows, 1, 1, 1, columns].
	at, slots, mask *Tensor
}

// Places makes the places of a step in a cache such as layer, in the current
// scope.
func (layer *Tensor) Places(slots, lengths []int64) *Places {
	p := &Places{Slots: slots, Lengths: lengths}
	s := layer.s
	if !s.usable("places", layer) || !s.fit("places", layer, slots, lengths, 1) || layer.fusible() {
		return p
	}
	groups, capacity := layer.Size(1), layer.Size(2)
	var at []int64
	columns := int(slices.Max(lengths)) + 1
	mask := make([]float32, len(slots)*columns)
	for row, slot := range slots {
		for g := range groups {
			at = append(at, (slot*int64(groups)+int64(g))*int64(capacity)+lengths[row])
		}
		for j := int(lengths[row]) + 1; j < columns; j++ {
			mask[row*columns+j] = float32(math.Inf(-1))
		}
	}
	p.at, p.slots = s.Ints(at, len(at)), s.Ints(slots, len(slots))
	p.mask = s.Floats(mask, len(slots), 1, 1, 1, columns)
	return p
}

// AttendCached lets one token a row attend to a cached sequence of its own: its
// key and value, [rows, groups, 1, n], go to its place in a layer's keys and
// values, [slots, groups, capacity, n]; then its queries, [rows, heads, 1, n],
// attend to all that its slot holds: [rows, 1, heads · n]. Gradients are
// switched off.
func AttendCached(queries, key, value, keys, values *Tensor, p *Places) *Tensor {
	s := queries.s
	if !s.usable("attend", queries, key, value, keys, values) {
		return queries
	}
	if queries.fusible() {
		return s.fusedOp("attend", func() libtch.Ctensor {
			return fused.Attend(queries.c, key.c, value.c, keys.c, values.c, p.Slots, p.Lengths)
		})
	}
	n := keys.Size(3)
	attended := func(all, new *Tensor) *Tensor {
		all.Reshape(-1, n).indexCopyInPlace(p.at, new.Reshape(-1, n))
		return all.Narrow(2, 0, p.mask.Size(-1)).IndexSelect(0, p.slots)
	}
	return Attention(queries, attended(keys, key), attended(values, value), p.mask)
}

// Store copies the first counts tokens of each row of x, [rows, groups, length,
// n], to the start of its slot of t, [slots, groups, capacity, n].
func (t *Tensor) Store(x *Tensor, slots, counts []int64) {
	if !t.s.usable("store", t, x) || !t.s.fit("store", t, slots, counts, 0) {
		return
	}
	if t.fusible() {
		fused.Store(t.c, x.c, slots, counts)
		if err := fused.Err(); err != nil {
			t.s.failed("store", err)
		}
		return
	}
	for row, slot := range slots {
		n := int(counts[row])
		t.Narrow(0, int(slot), 1).Narrow(2, 0, n).CopyInPlace(x.Narrow(0, row, 1).Narrow(2, 0, n))
	}
}

// fit reports whether a cache, [slots, groups, capacity, n], has the slots and
// in each room for lengths and more tokens.
func (s *Session) fit(name string, cache *Tensor, slots, lengths []int64, more int) bool {
	for row, slot := range slots {
		if size := cache.Size(0); slot < 0 || int(slot) >= size {
			s.fail("torch: %s: slot %d of a cache of %d", name, slot, size)
			return false
		}
		if capacity := cache.Size(2); int(lengths[row])+more > capacity {
			s.fail("torch: %s: %d tokens in a slot that has room for %d", name, int(lengths[row])+more, capacity)
			return false
		}
	}
	return len(slots) > 0
}

// TokenLogprobs are the log-probabilities, in nats, of targets, Int64 [m],
// under the logits that t, hidden states [m, n], has with weight, [vocabulary,
// n], at a temperature: [m].
func (t *Tensor) TokenLogprobs(weight, targets *Tensor, temperature float64) *Tensor {
	if t.fusible() {
		return t.s.fusedOp("token_logprobs", func() libtch.Ctensor {
			return fused.TokenLogprobs(t.c, weight.c, targets.c, temperature)
		}, t, weight, targets)
	}
	return t.Linear(weight, nil).MulScalar(1/temperature).LogSoftmax(-1).Gather(1, targets.Reshape(-1, 1)).Reshape(-1)
}

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
		s.Scope(func() {
			var sums []*Tensor
			for _, t := range tensors {
				sums = append(sums, t.Square().Sum().Reshape(1))
			}
			var values []float64
			values, err = Cat(0, sums...).Value64s()
			for _, v := range values {
				sum += v
			}
		})
		return sum, err
	}
	for _, t := range tensors {
		sum += fused.Squares(t.c)
		if err := fused.Err(); err != nil {
			s.failed("squares", err)
			return 0, s.err
		}
	}
	return sum, nil
}

// AdamW is one step of the optimiser of Loshchilov and Hutter 2019.
type AdamW struct {
	// Scale multiplies the gradient first: what clipping asks for.
	Scale float64
	// Rate is the learning rate, Decay the weight decay, which Rate scales.
	Rate, Decay           float64
	Beta1, Beta2, Epsilon float64
	// Step is the number of this step, counted from 1.
	Step int
}

// Apply takes the step on a parameter with its gradient, which is left at 0,
// and its first and second moments. It goes with gradients switched off.
func (a AdamW) Apply(parameter, gradient, first, second *Tensor) {
	s := parameter.s
	correct1, correct2 := 1-math.Pow(a.Beta1, float64(a.Step)), 1-math.Pow(a.Beta2, float64(a.Step))
	if parameter.fusible() {
		if s.usable("adamw", parameter, gradient, first, second) {
			fused.AdamW(parameter.c, gradient.c, first.c, second.c, a.Scale, a.Rate, a.Beta1, a.Beta2, a.Epsilon, a.Decay, correct1, correct2)
			if err := fused.Err(); err != nil {
				s.failed("adamw", err)
			}
		}
		return
	}
	s.Scope(func() {
		gradient.MulScalarInPlace(a.Scale)
		parameter.MulScalarInPlace(1 - a.Rate*a.Decay)
		first.LerpInPlace(gradient, 1-a.Beta1)
		second.LerpInPlace(gradient.Square(), 1-a.Beta2)
		denominator := second.Sqrt().MulScalar(1 / math.Sqrt(correct2)).AddScalar(a.Epsilon)
		parameter.AddInPlace(first.Div(denominator).MulScalar(-a.Rate / correct1))
		gradient.ZeroInPlace()
	})
}

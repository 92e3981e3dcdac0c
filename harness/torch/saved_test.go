package torch

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch/libtch"
)

// backward is [Tensor.Backward] that keeps the graph, and records the gradients'
// own where twice is set.
func backward(t *Tensor, twice bool) {
	create := 0
	if twice {
		create = 1
	}
	libtch.AtBackward(t.c, 1, create)
	t.s.check("backward")
}

// TestASecondBackwardIsTheSame goes twice through a graph that is kept: no
// gradient may have used up what it needs.
func TestASecondBackwardIsTheSame(t *testing.T) {
	for name, o := range operations() {
		for _, unfused := range []bool{false, true} {
			if unfused && !strings.HasPrefix(name, "token logprobs") {
				continue // libtorch's own
			}
			s := openWith(t, Options{Threads: 2})
			s.unfused = unfused
			inputs, _, sum := o.apply(s)
			var gradients [2][][]float32
			for i := range gradients {
				backward(sum, false)
				for _, in := range inputs {
					g := in.Grad()
					if g == nil {
						continue
					}
					gradients[i] = append(gradients[i], values(t, g))
					g.ZeroInPlace()
				}
			}
			for i := range gradients[0] {
				if !slices.Equal(gradients[0][i], gradients[1][i]) {
					t.Errorf("%s, unfused %v: gradient %d is another one the second time", name, unfused, i)
				}
			}
			s.Close()
		}
	}
}

func TestAGradientHasNone(t *testing.T) {
	for name, o := range operations() {
		s := open(t, Float32)
		_, _, sum := o.apply(s)
		backward(sum, true)
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), "no gradient of its own") {
			t.Errorf("%s: error %v, want one that says that the gradient has no gradient", name, err)
		}
		s.Close()
	}
}

// TestChangedInputsAreErrors changes what an operation has saved before its
// gradient is computed.
func TestChangedInputsAreErrors(t *testing.T) {
	saved := map[string][]int{ // which of the operation's inputs
		"rms norm":       {0, 1},
		"swiglu":         {1},
		"lora linear":    {0, 1, 2},
		"rotary":         {1, 2},
		"attention":      {0, 1, 2},
		"token logprobs": {0, 1},
	}
	all := operations()
	for name, which := range saved {
		for _, i := range which {
			s := open(t, Float32)
			inputs, _, sum := all[name].apply(s)
			s.NoGrad(func() error {
				inputs[i].MulScalarInPlace(2)
				return nil
			})
			sum.Backward()
			if err := s.Err(); err == nil || !strings.Contains(err.Error(), "modified by an inplace operation") {
				t.Errorf("%s, input %d: error %v, want that of autograd", name, i, err)
			}
			s.Close()
		}
	}
}

// TestWritesAreSeenByAutograd has something saved for a gradient that an
// operation then writes to through raw pointers.
func TestWritesAreSeenByAutograd(t *testing.T) {
	type state struct{ parameter, gradient, first, second, keys, values *Tensor }
	step := func(_ *Session, x state) {
		AdamW{Scale: 1, Rate: 0.1, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-5, Step: 1}.Apply(Update{Parameter: x.parameter, Gradient: x.gradient, First: x.first, Second: x.second})
	}
	attend := func(s *Session, x state) {
		one := s.Zeros(1, 2, 1, 4)
		AttendCached(one, one, one, x.keys, x.values, x.keys.Places([]int64{1}, []int64{2}, 1))
	}
	for name, c := range map[string]struct {
		of    func(x state) *Tensor
		write func(s *Session, x state)
	}{
		"adamw's parameter":     {func(x state) *Tensor { return x.parameter }, step},
		"adamw's gradient":      {func(x state) *Tensor { return x.gradient }, step},
		"adamw's first moment":  {func(x state) *Tensor { return x.first }, step},
		"adamw's second moment": {func(x state) *Tensor { return x.second }, step},
		"adamw's gradient, transposed": {func(x state) *Tensor { return x.gradient }, func(s *Session, x state) {
			x.gradient = x.gradient.Transpose(0, 1)
			step(s, x)
		}},
		"cached keys":   {func(x state) *Tensor { return x.keys }, attend},
		"cached values": {func(x state) *Tensor { return x.values }, attend},
		"a stored prompt": {func(x state) *Tensor { return x.keys }, func(s *Session, x state) {
			x.keys.Store(s.Zeros(1, 2, 3, 4), x.keys.Places([]int64{1}, []int64{3}, 0))
		}},
	} {
		for _, unfused := range []bool{false, true} {
			s := open(t, Float32)
			s.unfused = unfused
			square := func() *Tensor { return s.Float64s(noise(1, []int{3, 3}), 3, 3) }
			cache := func() *Tensor { return s.Float64s(noise(2, []int{2, 2, 5, 4}), 2, 2, 5, 4) }
			x := state{square().RequireGrad(), square(), square(), square().Square(), cache(), cache()}
			of := c.of(x)
			weight := s.Float64s(noise(3, of.Shape()), of.Shape()...).RequireGrad()
			sum := of.Mul(weight).Sum()
			s.NoGrad(func() error {
				c.write(s, x)
				return nil
			})
			if s.Err() != nil {
				t.Errorf("%s, unfused %v: %v", name, unfused, s.Err())
			}
			sum.Backward()
			if err := s.Err(); err == nil || !strings.Contains(err.Error(), "modified by an inplace operation") {
				t.Errorf("%s, unfused %v: error %v, want that of autograd", name, unfused, err)
			}
			s.Close()
		}
	}
}

// TestAFusedOperationSaysWhatIsWrong has for each of the messages what brings it
// about. Types stand for devices too: one check looks at both.
func TestAFusedOperationSaysWhatIsWrong(t *testing.T) {
	onCPU(t)
	step := func(change func(s *Session, u *Update)) func(s *Session) {
		return func(s *Session) {
			u := Update{Parameter: s.Zeros(2, 3), Gradient: s.Zeros(2, 3), First: s.Zeros(2, 3), Second: s.Zeros(2, 3)}
			change(s, &u)
			AdamW{Scale: 1, Step: 1}.Apply(Update{Parameter: s.Zeros(5), Gradient: s.Zeros(5), First: s.Zeros(5), Second: s.Zeros(5)}, u)
		}
	}
	attention := func(queries, keys, values []int) func(s *Session) {
		return func(s *Session) { Attention(s.Zeros(queries...), s.Zeros(keys...), s.Zeros(values...), nil) }
	}
	attend := func(queries, key, value, keys, values []int) func(s *Session) {
		return func(s *Session) {
			cache := s.Zeros(keys...)
			AttendCached(s.Zeros(queries...), s.Zeros(key...), s.Zeros(value...), cache, s.Zeros(values...), cache.Places([]int64{1}, []int64{2}, 1))
		}
	}
	rotary := func(x, cos, sin []int) func(s *Session) {
		return func(s *Session) { s.Zeros(x...).Rotary(s.Zeros(cos...), s.Zeros(sin...)) }
	}
	logprobs := func(hidden, weight []int, targets ...int64) func(s *Session) {
		return func(s *Session) {
			s.Zeros(hidden...).TokenLogprobs(s.Zeros(weight...), s.Ints(targets, len(targets)), 1)
		}
	}
	lora := func(x, weight, bias, a, b []int) func(s *Session) {
		return func(s *Session) {
			s.Zeros(x...).LoRALinear(s.Zeros(weight...), s.Zeros(bias...), s.Zeros(a...).RequireGrad(), s.Zeros(b...), 1)
		}
	}
	double := func(s *Session, shape ...int) *Tensor { return s.Zeros(shape...).To(Float64) }
	for i, c := range []struct {
		want string
		run  func(s *Session)
	}{
		{"rms_norm: weight of shape [3] for [2, 4]", func(s *Session) { s.Zeros(2, 4).RMSNorm(s.Zeros(3), 1e-5) }},
		{"rms_norm: weight of shape [0] for [2, 0]", func(s *Session) { s.Zeros(2, 0).RMSNorm(s.Zeros(0), 1e-5) }},
		{"rms_norm: weight of Double on cpu, want Float on cpu", func(s *Session) { s.Zeros(2, 4).RMSNorm(double(s, 4), 1e-5) }},
		{"rms_norm: a weight that is not contiguous", func(s *Session) { s.Zeros(2, 4).RMSNorm(s.Zeros(4, 2).Narrow(1, 0, 1).Reshape(4), 1e-5) }},
		{"swiglu: gate of shape [2], up of shape [3]", func(s *Session) { s.Zeros(2).SwiGLU(s.Zeros(3)) }},
		{"swiglu: up of Double on cpu, want Float on cpu", func(s *Session) { s.Zeros(2).SwiGLU(double(s, 2)) }},
		{"dropout: a probability of 1, want", func(s *Session) { s.Zeros(2).Dropout(1, 1) }},
		{"lora_linear: weight of shape [5, 3] for [2, 4]", lora([]int{2, 4}, []int{5, 3}, []int{5}, []int{2, 3}, []int{5, 2})},
		{"lora_linear: adapters of shapes [2, 4] and [5, 3]", lora([]int{2, 4}, []int{5, 4}, []int{5}, []int{2, 4}, []int{5, 3})},
		{"lora_linear: bias of shape [4] for a weight of [5, 4]", lora([]int{2, 4}, []int{5, 4}, []int{4}, []int{2, 4}, []int{5, 2})},
		{"lora_linear: adapter of Double on cpu, want Float on cpu", func(s *Session) {
			s.Zeros(2, 4).LoRALinear(s.Zeros(5, 4), nil, double(s, 2, 4), s.Zeros(5, 2), 1)
		}},
		{"linear: weight of shape [5, 3] for [2, 4]", func(s *Session) {
			s.NoGrad(func() error {
				s.Zeros(2, 4).Linear(s.Zeros(5, 3), nil)
				return nil
			})
		}},
		{"linear: a weight that is not contiguous", func(s *Session) {
			s.NoGrad(func() error {
				s.Zeros(2, 4).Linear(s.Zeros(4, 5).Transpose(0, 1), nil)
				return nil
			})
		}},
		{"rotary: heads of shape [2, 5, 8]", rotary([]int{2, 5, 8}, []int{1, 5, 8}, []int{1, 5, 8})},
		{"rotary: heads of shape [2, 5, 3, 7]", rotary([]int{2, 5, 3, 7}, []int{1, 5, 1, 7}, []int{1, 5, 1, 7})},
		{"rotary: angles of shapes [1, 4, 1, 8] and [1, 4, 1, 8] for [2, 5, 3, 8]", rotary([]int{2, 5, 3, 8}, []int{1, 4, 1, 8}, []int{1, 4, 1, 8})},
		{"rotary: angles of shapes [1, 5, 1, 8] and [2, 5, 1, 8]", rotary([]int{2, 5, 3, 8}, []int{1, 5, 1, 8}, []int{2, 5, 1, 8})},
		{"rotary: an angle wants a gradient", func(s *Session) {
			s.Zeros(2, 5, 3, 8).Rotary(s.Zeros(1, 5, 1, 8).RequireGrad(), s.Zeros(1, 5, 1, 8))
		}},
		{"attention: queries of shape [4 5 8]", attention([]int{4, 5, 8}, []int{1, 4, 5, 8}, []int{1, 4, 5, 8})},
		{"attention: queries of shape [2 5 4 8] to keys of [2 3 4 8]", attention([]int{2, 5, 4, 8}, []int{2, 3, 4, 8}, []int{2, 3, 4, 8})},
		{"attention: keys of shape [1, 3, 4, 8] for queries of [2, 6, 4, 8]", attention([]int{2, 6, 4, 8}, []int{1, 3, 4, 8}, []int{1, 3, 4, 8})},
		{"attention: keys of shape [2, 3, 4, 7]", attention([]int{2, 6, 4, 8}, []int{2, 3, 4, 7}, []int{2, 3, 4, 7})},
		{"attention: values of shape [2, 3, 5, 8] for keys of [2, 3, 4, 8]", attention([]int{2, 6, 4, 8}, []int{2, 3, 4, 8}, []int{2, 3, 5, 8})},
		{"attention: values of Double on cpu", func(s *Session) { x := s.Zeros(1, 1, 3, 4); Attention(x, x, double(s, 1, 1, 3, 4), nil) }},
		{"attention: mask of shape [2, 2]", func(s *Session) { x := s.Zeros(1, 1, 3, 4); Attention(x, x, x, s.Zeros(2, 2)) }},
		{"attention: mask of shape [4, 2] for 1 rows of 2 queries and 4 keys", func(s *Session) {
			Attention(s.Zeros(1, 1, 2, 4), s.Zeros(1, 1, 4, 4), s.Zeros(1, 1, 4, 4), s.Zeros(4, 2))
		}},
		{"attention: mask of Double on cpu", func(s *Session) { x := s.Zeros(1, 1, 3, 4); Attention(x, x, x, double(s, 3, 3)) }},
		{"attention: the mask wants a gradient", func(s *Session) { x := s.Zeros(1, 1, 3, 4); Attention(x, x, x, s.Zeros(3, 3).RequireGrad()) }},
		{"token_logprobs: vocabulary of shape [5, 3] for hidden states of [1, 4]", logprobs([]int{1, 4}, []int{5, 3}, 0)},
		{"token_logprobs: vocabulary of shape [0, 4]", logprobs([]int{1, 4}, []int{0, 4}, 0)},
		{"token_logprobs: targets of shape [2] for hidden states of [1, 4]", logprobs([]int{1, 4}, []int{5, 4}, 0, 1)},
		{"token_logprobs: targets of Float on cpu, want Long on cpu", func(s *Session) { s.Zeros(1, 4).TokenLogprobs(s.Zeros(5, 4), s.Zeros(1), 1) }},
		{"token_logprobs: a target is outside of the vocabulary of 5", logprobs([]int{1, 4}, []int{5, 4}, -1)},
		{"token_logprobs: a target is outside of the vocabulary of 5", func(s *Session) {
			s.Zeros(1, 4).TokenLogprobs(s.Zeros(5, 4).RequireGrad(), s.Ints([]int64{5}, 1), 1)
		}},
		{"places: 1 lengths for 2 slots", func(s *Session) { s.Zeros(2, 3, 4, 8).Places([]int64{0, 1}, []int64{0}, 1) }},
		{"places: 0 lengths for 0 slots", func(s *Session) { s.Zeros(2, 3, 4, 8).Places(nil, nil, 1) }},
		{"places: slot 2 of a cache of 2", func(s *Session) { s.Zeros(2, 3, 4, 8).Places([]int64{2}, []int64{0}, 1) }},
		{"places: 5 tokens in a slot that has room for 4", func(s *Session) { s.Zeros(2, 3, 4, 8).Places([]int64{1}, []int64{4}, 1) }},
		{"attend: tokens of shape [1, 2, 1, 8] for a cache of [2, 3, 4, 8]",
			attend([]int{1, 6, 1, 8}, []int{1, 2, 1, 8}, []int{1, 2, 1, 8}, []int{2, 3, 4, 8}, []int{2, 3, 4, 8})},
		{"attend: values of shape [1, 3, 2, 8] for keys of [1, 3, 1, 8]",
			attend([]int{1, 6, 1, 8}, []int{1, 3, 1, 8}, []int{1, 3, 2, 8}, []int{2, 3, 4, 8}, []int{2, 3, 4, 8})},
		{"in caches of [2, 3, 3, 8] and [2, 3, 4, 8]",
			attend([]int{1, 6, 1, 8}, []int{1, 3, 1, 8}, []int{1, 3, 1, 8}, []int{2, 3, 4, 8}, []int{2, 3, 3, 8})},
		{"attend: 5 heads cannot share 3 groups of keys",
			attend([]int{1, 5, 1, 8}, []int{1, 3, 1, 8}, []int{1, 3, 1, 8}, []int{2, 3, 4, 8}, []int{2, 3, 4, 8})},
		{"attend: keys of shape [1, 3, 1, 8] for queries of [1, 6, 2, 8]",
			attend([]int{1, 6, 2, 8}, []int{1, 3, 1, 8}, []int{1, 3, 1, 8}, []int{2, 3, 4, 8}, []int{2, 3, 4, 8})},
		{"attend: queries of shape [2, 6, 1, 8] for 1 slots",
			attend([]int{2, 6, 1, 8}, []int{2, 3, 1, 8}, []int{2, 3, 1, 8}, []int{2, 3, 4, 8}, []int{2, 3, 4, 8})},
		{"attend: a query wants a gradient", func(s *Session) {
			one, cache := s.Zeros(1, 2, 1, 4), s.Zeros(2, 2, 5, 4)
			AttendCached(s.Zeros(1, 2, 1, 4).RequireGrad(), one, one, cache, s.Zeros(2, 2, 5, 4), cache.Places([]int64{1}, []int64{2}, 1))
		}},
		{"store: 2 rows of tokens in 1 slots", func(s *Session) {
			cache := s.Zeros(2, 3, 4, 8)
			cache.Store(s.Zeros(2, 3, 4, 8), cache.Places([]int64{1}, []int64{4}, 0))
		}},
		{"store: 4 tokens of 3", func(s *Session) {
			cache := s.Zeros(2, 3, 4, 8)
			cache.Store(s.Zeros(1, 3, 3, 8), cache.Places([]int64{1}, []int64{4}, 0))
		}},
		{"store: slot 1 of a cache of 1", func(s *Session) {
			places := s.Zeros(2, 3, 4, 8).Places([]int64{1}, []int64{4}, 0)
			s.Zeros(1, 3, 4, 8).Store(s.Zeros(1, 3, 4, 8), places)
		}},
		{"store: tokens of Double on cpu", func(s *Session) {
			cache := s.Zeros(2, 3, 4, 8)
			cache.Store(double(s, 1, 3, 4, 8), cache.Places([]int64{1}, []int64{4}, 0))
		}},
		{"store: a cache that is not contiguous", func(s *Session) {
			cache := s.Zeros(2, 4, 3, 8).Transpose(1, 2)
			cache.Store(s.Zeros(1, 3, 4, 8), cache.Places([]int64{1}, []int64{4}, 0))
		}},
		{"store: the cache wants a gradient", func(s *Session) {
			cache := s.Zeros(2, 3, 4, 8).RequireGrad()
			cache.Store(s.Zeros(1, 3, 4, 8), cache.Places([]int64{1}, []int64{4}, 0))
		}},
		{"adamw: a gradient of shape [3, 2] for a parameter of [2, 3]", step(func(s *Session, u *Update) { u.Gradient = s.Zeros(3, 2) })},
		{"adamw: a second moment of shape [2]", step(func(s *Session, u *Update) { u.Second = s.Zeros(2) })},
		{"adamw: a first moment of Double on cpu, want Float on cpu", step(func(s *Session, u *Update) { u.First = double(s, 2, 3) })},
		{"adamw: a parameter that is not contiguous", step(func(s *Session, u *Update) { u.Parameter = s.Zeros(3, 2).Transpose(0, 1) })},
		{"adamw: a parameter wants a gradient", step(func(s *Session, u *Update) { u.Parameter.RequireGrad() })},
	} {
		s := open(t, Float32)
		c.run(s)
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("case %d: error %v, want %q", i, err, c.want)
		}
		s.Close()
	}
}

// TestTokenLogprobsInParts compares both ways to make log-probabilities with
// libtorch's operations on all logits at once.
func TestTokenLogprobsInParts(t *testing.T) {
	for _, size := range []struct{ tokens, vocabulary int }{{6, 1001}, {66, 1 << 18}} { // one part, and two
		targets := make([]int64, size.tokens)
		for i := range targets {
			targets[i] = int64(i * i * 61 % size.vocabulary)
		}
		compute := func(logprobs func(s *Session, hidden, weight, ids *Tensor) *Tensor) (results [][]float64) {
			s := openWith(t, Options{Threads: 1, DType: Float64})
			defer s.Close()
			hidden := s.Float64s(noise(1, []int{size.tokens, 4}), size.tokens, 4).RequireGrad()
			weight := s.Float64s(noise(2, []int{size.vocabulary, 4}), size.vocabulary, 4).RequireGrad()
			out := logprobs(s, hidden, weight, s.Ints(targets, size.tokens))
			out.Mul(s.Float64s(noise(3, []int{size.tokens}), size.tokens)).Sum().Backward()
			for _, r := range []*Tensor{out, hidden.Grad(), weight.Grad()} {
				v, err := r.Value64s()
				if err != nil {
					t.Fatal(err)
				}
				results = append(results, v)
			}
			return results
		}
		for _, most := range []float64{0, 0.8} {
			want := compute(func(_ *Session, hidden, weight, ids *Tensor) *Tensor {
				all, column := hidden.Linear(weight, nil).Cap(most).MulScalar(1/1.3).LogSoftmax(-1), ids.Reshape(-1, 1)
				return all.binary("gather", func(out *libtch.Ctensor, a, b libtch.Ctensor) { libtch.AtgGather(out, a, 1, b, 0) }, column).Reshape(-1)
			})
			for _, unfused := range []bool{false, true} {
				got := compute(func(s *Session, hidden, weight, ids *Tensor) *Tensor {
					s.unfused = unfused
					return hidden.CappedTokenLogprobs(weight, ids, 1.3, most)
				})
				for i := range want {
					near(t, fmt.Sprintf("%d tokens, bound %g, unfused %v, result %d", size.tokens, most, unfused, i), got[i], want[i], 1e-9)
				}
			}
		}
	}
}

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range want {
		if d := got[i] - want[i]; !(d <= tolerance && -d <= tolerance) {
			t.Fatalf("%s: element %d is %g, want %g", what, i, got[i], want[i])
		}
	}
}

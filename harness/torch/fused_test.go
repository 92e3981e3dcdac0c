package torch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// operation is a fused operation on inputs of some shapes, all of which may have
// gradients.
type operation struct {
	inputs [][]int
	run    func(s *Session, in []*Tensor) *Tensor
}

// apply runs the operation on noise, and returns what it was run on and a number
// that depends on every element of its result.
func (o operation) apply(s *Session) (inputs []*Tensor, out, sum *Tensor) {
	for i, shape := range o.inputs {
		inputs = append(inputs, s.Float64s(noise(uint64(i), shape), shape...).RequireGrad())
	}
	out = o.run(s, inputs)
	return inputs, out, out.Mul(s.Float64s(noise(99, out.Shape()), out.Shape()...)).Sum()
}

// inParts is the operation with the largest vocabulary.
const inParts = "token logprobs in parts"

// operations are those with a gradient, in each of their forms.
func operations() map[string]operation {
	mask := func(s *Session, rows, length, columns int) *Tensor {
		values := make([]float32, rows*length*columns)
		stream := rand.New(rand.NewPCG(3, uint64(len(values))))
		for i := range values {
			if i%columns > 0 && stream.IntN(3) == 0 {
				values[i] = -1e9
			}
		}
		if rows == 1 {
			return s.Floats(values, length, columns)
		}
		return s.Floats(values, rows, 1, 1, length, columns)
	}
	return map[string]operation{
		"rms norm": {[][]int{{7, 33, 40}, {40}}, func(_ *Session, in []*Tensor) *Tensor { return in[0].RMSNorm(in[1], 1e-5) }},
		// Large enough for threads to share it.
		"long rms norm": {[][]int{{900, 64}, {64}}, func(_ *Session, in []*Tensor) *Tensor { return in[0].RMSNorm(in[1], 1e-6) }},
		"rms norm of a view": {[][]int{{5, 6, 8}, {5}}, func(_ *Session, in []*Tensor) *Tensor {
			return in[0].Permute(2, 1, 0).RMSNorm(in[1], 1e-5)
		}},
		"swiglu": {[][]int{{9, 1111}, {9, 1111}}, func(_ *Session, in []*Tensor) *Tensor {
			return in[0].MulScalar(30).SwiGLU(in[1])
		}},
		"lora linear": {[][]int{{3, 5, 12}, {2, 12}, {7, 2}}, func(s *Session, in []*Tensor) *Tensor {
			return in[0].LoRALinear(s.Float64s(noise(7, []int{7, 12}), 7, 12), nil, in[1], in[2], 1.5)
		}},
		"lora linear with a bias, from a leaf": {[][]int{{2, 12}, {7, 2}}, func(s *Session, in []*Tensor) *Tensor {
			x, w, bias := s.Float64s(noise(7, []int{9, 12}), 9, 12), s.Float64s(noise(8, []int{7, 12}), 7, 12), s.Float64s(noise(9, []int{7}), 7)
			return x.LoRALinear(w, bias, in[0], in[1], 0.5)
		}},
		"lora linear of rank 11": {[][]int{{50, 35}, {11, 35}, {41, 11}}, func(s *Session, in []*Tensor) *Tensor {
			return in[0].LoRALinear(s.Float64s(noise(7, []int{41, 35}), 41, 35), nil, in[1], in[2], 0.3)
		}},
		"dropout": {[][]int{{40, 1000}}, func(_ *Session, in []*Tensor) *Tensor { return in[0].Dropout(0.3, 1<<63+5) }},
		"rotary": {[][]int{{2, 5, 3, 8}, {2, 5, 1, 8}, {2, 5, 1, 8}}, func(_ *Session, in []*Tensor) *Tensor {
			return in[0].Rotary(in[1].Detach(), in[2].Detach())
		}},
		"rotary, shared": {[][]int{{2, 5, 3, 8}, {1, 5, 1, 8}, {1, 5, 1, 8}}, func(_ *Session, in []*Tensor) *Tensor {
			return in[0].Rotary(in[1].Detach(), in[2].Detach())
		}},
		"attention": {[][]int{{2, 6, 5, 8}, {2, 3, 7, 8}, {2, 3, 7, 8}}, func(_ *Session, in []*Tensor) *Tensor {
			return Attention(in[0], in[1], in[2], nil)
		}},
		"attention, one mask": {[][]int{{3, 2, 4, 6}, {3, 2, 9, 6}, {3, 2, 9, 6}}, func(s *Session, in []*Tensor) *Tensor {
			return Attention(in[0], in[1], in[2], mask(s, 1, 4, 9))
		}},
		"attention, a mask each": {[][]int{{3, 4, 40, 16}, {3, 2, 50, 16}, {3, 2, 50, 16}}, func(s *Session, in []*Tensor) *Tensor {
			return Attention(in[0], in[1], in[2], mask(s, 3, 40, 50))
		}},
		"capped attention, a mask each": {[][]int{{3, 4, 40, 16}, {3, 2, 50, 16}, {3, 2, 50, 16}}, func(s *Session, in []*Tensor) *Tensor {
			return CappedAttention(in[0], in[1], in[2], mask(s, 3, 40, 50), 0.7)
		}},
		"capped attention in blocks": {[][]int{{2, 4, 150, 16}, {2, 2, 150, 16}, {2, 2, 150, 16}}, func(s *Session, in []*Tensor) *Tensor {
			return CappedAttention(in[0], in[1], in[2], nil, 2)
		}},
		"attention of views": {[][]int{{2, 5, 6, 8}, {2, 7, 3, 8}, {2, 7, 3, 8}}, func(_ *Session, in []*Tensor) *Tensor {
			return Attention(in[0].Permute(0, 2, 1, 3), in[1].Permute(0, 2, 1, 3), in[2].Permute(0, 2, 1, 3), nil)
		}},
		"token logprobs": {[][]int{{6, 8}, {1001, 8}}, func(s *Session, in []*Tensor) *Tensor {
			return in[0].TokenLogprobs(in[1], s.Ints([]int64{0, 1000, 5, 5, 17, 999}, 6), 0.7)
		}},
		// Of so many rows that their logits come in parts.
		inParts: {[][]int{{70, 4}, {300000, 4}}, func(s *Session, in []*Tensor) *Tensor {
			targets := make([]int64, 70)
			for i := range targets {
				targets[i] = int64(i * i * 61)
			}
			return in[0].TokenLogprobs(in[1], s.Ints(targets, 70), 1.3)
		}},
		"token logprobs of a frozen vocabulary": {[][]int{{6, 8}}, func(s *Session, in []*Tensor) *Tensor {
			return in[0].TokenLogprobs(s.Float64s(noise(7, []int{101, 8}), 101, 8), s.Ints([]int64{0, 100, 5, 5, 17, 99}, 6), 0.7)
		}},
		"attention in blocks": {[][]int{{2, 4, 150, 16}, {2, 2, 150, 16}, {2, 2, 150, 16}}, func(s *Session, in []*Tensor) *Tensor {
			return Attention(in[0], in[1], in[2], nil)
		}},
		"causal attention in blocks": {[][]int{{2, 4, 150, 16}, {2, 2, 150, 16}, {2, 2, 150, 16}}, func(s *Session, in []*Tensor) *Tensor {
			values := make([]float32, 150*150)
			for i := range values {
				if i%150 > i/150 {
					values[i] = -1e9
				}
			}
			return Attention(in[0], in[1], in[2], s.Floats(values, 150, 150))
		}},
		"attention of rows that see different columns": {[][]int{{3, 2, 70, 8}, {3, 2, 90, 8}, {3, 2, 90, 8}}, func(s *Session, in []*Tensor) *Tensor {
			values := make([]float32, 3*70*90)
			for i := range values {
				// Row 1 sees nothing in its first half, others up to some column.
				row, query, column := i/(70*90), i/90%70, i%90
				if row == 1 && query < 35 || column > (query+31*row)%90 {
					values[i] = -1e9
				}
			}
			return Attention(in[0], in[1], in[2], s.Floats(values, 3, 1, 1, 70, 90))
		}},
	}
}

// TestFusedEqualsComposed compares each fused operation, and the gradient of
// each of its inputs, with the same made of libtorch's operations.
func TestFusedEqualsComposed(t *testing.T) {
	for name, o := range operations() {
		for _, c := range []struct {
			dtype     DType
			threads   int
			tolerance float64
		}{{Float64, 1, 1e-10}, {Float32, 1, 2e-5}, {Float32, 2, 2e-5}} {
			compute := func(unfused bool) (results [][]float64) {
				options := Options{Threads: c.threads, DType: c.dtype}
				if unfused && name == inParts {
					// In f32, libtorch's sum over a vocabulary is less exact than ours on
					// some processors.
					options.DType = Float64
				}
				s := openWith(t, options)
				s.unfused = unfused
				inputs, out, sum := o.apply(s)
				sum.Backward()
				for _, r := range append([]*Tensor{out}, inputs...) {
					if r != out {
						if r = r.Grad(); r == nil {
							continue
						}
					}
					values, err := r.Value64s()
					if err != nil {
						t.Fatal(err)
					}
					results = append(results, values)
				}
				return results
			}
			want, got := compute(true), compute(false)
			if len(want) != len(got) {
				t.Fatalf("%s: %d results, want %d", name, len(got), len(want))
			}
			for i := range want {
				what := fmt.Sprintf("%s, type %d, %d threads, result %d", name, c.dtype, c.threads, i)
				largest := 1.0
				for _, v := range want[i] {
					largest = math.Max(largest, math.Abs(v))
				}
				for j := range want[i] {
					if !(math.Abs(want[i][j]-got[i][j]) <= c.tolerance*largest) {
						t.Fatalf("%s: element %d is %g, want %g", what, j, got[i][j], want[i][j])
					}
				}
			}
		}
	}
}

func noise(seed uint64, shape []int) []float64 {
	n := 1
	for _, size := range shape {
		n *= size
	}
	stream := rand.New(rand.NewPCG(seed, 1))
	values := make([]float64, n)
	for i := range values {
		values[i] = stream.NormFloat64()
	}
	return values
}

// TestCachedAttentionEqualsComposed steps sequences of different lengths in
// slots out of order.
func TestCachedAttentionEqualsComposed(t *testing.T) {
	const rows, slots, groups, heads, capacity, n = 3, 4, 2, 6, 9, 16
	compute := func(unfused bool, window int, most float64) (results [][]float32) {
		s := openWith(t, Options{Threads: 2})
		s.unfused = unfused
		s.NoGrad(func() error {
			tensor := func(seed uint64, shape ...int) *Tensor { return s.Float64s(noise(seed, shape), shape...) }
			keys, values := s.Zeros(slots, groups, capacity, n), s.Zeros(slots, groups, capacity, n)
			at, lengths := []int64{3, 0, 1}, []int64{5, 0, 8}
			for i, cache := range []*Tensor{keys, values} {
				cache.Store(tensor(uint64(i), rows, 8, groups, n).Permute(0, 2, 1, 3), cache.Places(at, lengths, 0))
			}
			out := AttendCachedWithin(tensor(3, rows, heads, 1, n), tensor(4, rows, groups, 1, n), tensor(5, rows, groups, 1, n), keys, values, keys.Places(at, lengths, 1),
				window, most)
			for _, r := range []*Tensor{out, keys, values} {
				v, err := r.Values()
				if err != nil {
					t.Fatal(err)
				}
				results = append(results, v)
			}
			return nil
		})
		return results
	}
	var before [][]float32
	for _, window := range []int{0, 9, 7, 1} {
		for _, most := range []float64{0, 0.5} {
			want, got := compute(true, window, most), compute(false, window, most)
			for i := range want {
				for j := range want[i] {
					if math.Abs(float64(want[i][j]-got[i][j])) > 1e-5 {
						t.Fatalf("window %d, bound %g, result %d: element %d is %g, want %g", window, most, i, j, got[i][j], want[i][j])
					}
				}
			}
			if same := before != nil && slices.Equal(before[0], got[0]); same != (window == 1 && most > 0) {
				t.Errorf("window %d, bound %g: the result is the one before: %v", window, most, same)
			}
			before = got
		}
	}
}

// TestProductsOfFewRows compares them with libtorch's, and a row with itself
// among others.
func TestProductsOfFewRows(t *testing.T) {
	onCPU(t)
	for _, size := range []struct{ k, n int }{{64, 40}, {61, 7}, {8, 1}, {5, 3}, {576, 1001}} {
		for rows := 1; rows <= 11; rows++ {
			s := openWith(t, Options{Threads: 2})
			x, w := s.Float64s(noise(1, []int{rows, size.k}), rows, size.k), s.Float64s(noise(2, []int{size.n, size.k}), size.n, size.k)
			bias := s.Float64s(noise(3, []int{size.n}), size.n)
			want := values(t, x.Linear(w, bias))
			s.NoGrad(func() error {
				got := values(t, x.Linear(w, bias))
				for i := range want {
					if math.Abs(float64(want[i]-got[i])) > 1e-4 {
						t.Fatalf("%d rows, %v: element %d is %g, want %g", rows, size, i, got[i], want[i])
					}
				}
				alone := values(t, x.Narrow(0, rows-1, 1).Linear(w, bias))
				if !slices.Equal(alone, got[(rows-1)*size.n:]) {
					t.Errorf("%d rows, %v: the last row is another one alone", rows, size)
				}
				return nil
			})
		}
	}
}

func TestTokenLogprobsWithoutGradientsAreTheSame(t *testing.T) {
	s := open(t, Float32)
	// A vocabulary so large that the tokens are taken in several parts.
	const tokens, vocabulary = 130, 1 << 16
	hidden := s.Float64s(noise(1, []int{tokens, 4}), tokens, 4)
	weight := s.Float64s(noise(2, []int{vocabulary, 4}), vocabulary, 4).RequireGrad()
	targets := make([]int64, tokens)
	for i := range targets {
		targets[i] = int64(i * 500 % vocabulary)
	}
	ids := s.Ints(targets, tokens)
	want, err := hidden.TokenLogprobs(weight, ids, 1.3).Values()
	if err != nil {
		t.Fatal(err)
	}
	s.NoGrad(func() error {
		got, err := hidden.TokenLogprobs(weight, ids, 1.3).Values()
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-5 {
				t.Fatalf("token %d: %g, with gradients %g", i, got[i], want[i])
			}
		}
		return nil
	})
}

// TestDrawsOnADevice compares with a running sum, from rows in any order and
// with shares at both ends.
func TestDrawsOnADevice(t *testing.T) {
	s := open(t, Float32)
	const rows, n = 3, 1001
	x := s.Float64s(noise(1, []int{rows, n}), rows, n).Softmax(-1)
	if !x.Inverts() {
		t.Skip("there is no device that draws")
	}
	all := values(t, x)
	of, shares := []int64{2, 0, 1, 1, 0}, []float64{0.3, 0, 0.9999999, 0.5, 0.7}
	indices, probabilities, err := x.Invert(of, shares)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range of {
		total, sum, want := 0.0, 0.0, 0
		for _, p := range all[row*n : (row+1)*n] {
			total += float64(p)
		}
		for want = range n {
			if sum += float64(all[int(row)*n+want]); sum > shares[i]*total {
				break
			}
		}
		if indices[i] != want || probabilities[i] != all[int(row)*n+want] {
			t.Errorf("draw %d is %d of probability %g, want %d of %g", i, indices[i], probabilities[i], want, all[int(row)*n+want])
		}
	}
}

func TestDropoutLeavesOutItsShare(t *testing.T) {
	s := open(t, Float32)
	const n = 100_000
	for _, drop := range []float64{0, 0.1, 0.75} {
		var left [2][]float32
		for key := range left {
			left[key] = values(t, s.Zeros(n).AddScalar(1).Dropout(drop, uint64(key+1)))
		}
		gone, both, sum := 0, 0, 0.0
		for i, v := range left[0] {
			sum += float64(v)
			if v == 0 {
				gone++
				if left[1][i] == 0 {
					both++
				}
			}
		}
		share := float64(gone) / n
		if math.Abs(share-drop) > 0.01 || math.Abs(float64(both)/n-drop*drop) > 0.01 || math.Abs(sum/n-1) > 0.02 {
			t.Errorf("drop %g: %g are left out, %g under both keys, and the mean is %g", drop, share, float64(both)/n, sum/n)
		}
	}
}

// TestMaskedTokensWeighNothing wants zero itself: what is only small would let
// the masked in.
func TestMaskedTokensWeighNothing(t *testing.T) {
	s := open(t, Float32)
	q := s.Float64s(noise(1, []int{1, 1, 1, 4}), 1, 1, 1, 4)
	k := s.Float64s(noise(2, []int{1, 1, 2, 4}), 1, 1, 2, 4)
	v := s.Floats([]float32{1, 2, 3, 4, 1e30, 1e30, 1e30, 1e30}, 1, 1, 2, 4)
	got, err := Attention(q, k, v, s.Floats([]float32{0, -1e9}, 1, 2)).Values()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{1, 2, 3, 4} {
		if got[i] != want {
			t.Errorf("attention is %v, want that to the first token alone", got)
			break
		}
	}
}

// TestAdamWEqualsComposed takes steps on a parameter of several parts.
func TestAdamWEqualsComposed(t *testing.T) {
	const n = 40_003
	steps := func(unfused bool) (values []float32) {
		s := openWith(t, Options{Threads: 2})
		s.unfused = unfused
		p := s.Float64s(noise(1, []int{n}), n)
		first, second := s.Zeros(n), s.Zeros(n)
		s.NoGrad(func() error {
			for step := 1; step <= 3; step++ {
				g := s.Float64s(noise(uint64(step), []int{n}), n)
				square, err := SumOfSquares(g)
				if err != nil {
					t.Fatal(err)
				}
				AdamW{Scale: 3 / math.Sqrt(square), Rate: 0.1, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-5, Step: step}.Apply(
					Update{Parameter: p.Narrow(0, 0, 3), Gradient: g.Narrow(0, 0, 3), First: first.Narrow(0, 0, 3), Second: second.Narrow(0, 0, 3)},
					Update{Parameter: p.Narrow(0, 3, n-3), Gradient: g.Narrow(0, 3, n-3), First: first.Narrow(0, 3, n-3), Second: second.Narrow(0, 3, n-3), Decay: 0.2})
				if left, err := SumOfSquares(g); err != nil || left != 0 {
					t.Errorf("the gradient's squares sum to %g after the step, %v", left, err)
				}
			}
			return nil
		})
		values, err := p.Values()
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	want, got := steps(true), steps(false)
	for i := range want {
		if math.Abs(float64(want[i]-got[i])) > 1e-6 {
			t.Fatalf("element %d is %g, want %g", i, got[i], want[i])
		}
	}
}

package torch

import (
	"math"
	"slices"
	"testing"
)

// TestOperations checks that each operation is the one that its name says: a
// wrong argument of the binding would show here.
func TestOperations(t *testing.T) {
	s := open(t, Float32)
	x := s.Floats([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	y := s.Floats([]float32{2, 2, 1}, 3)
	i := s.Ints([]int64{1, 0}, 2)
	type f = func(float64) float64
	each := func(f f) []float32 {
		var out []float32
		for v := range 6 {
			out = append(out, float32(f(float64(v+1))))
		}
		return out
	}
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	z := math.Sqrt(1.5)
	e := math.Exp
	for _, test := range []struct {
		name  string
		got   *Tensor
		shape []int
		want  []float32
	}{
		{"add", x.Add(y), []int{2, 3}, []float32{3, 4, 4, 6, 7, 7}},
		{"sub", x.Sub(y), []int{2, 3}, []float32{-1, 0, 2, 2, 3, 5}},
		{"mul", x.Mul(y), []int{2, 3}, []float32{2, 4, 3, 8, 10, 6}},
		{"div", x.Div(y), []int{2, 3}, []float32{0.5, 1, 3, 2, 2.5, 6}},
		{"minimum", x.Minimum(y), []int{2, 3}, []float32{1, 2, 1, 2, 2, 1}},
		{"maximum", x.Maximum(y), []int{2, 3}, []float32{2, 2, 3, 4, 5, 6}},
		{"matmul", x.MatMul(x.Transpose(0, 1)), []int{2, 2}, []float32{14, 32, 32, 77}},
		{"linear", x.Linear(x, s.Floats([]float32{1, -1}, 2)), []int{2, 2}, []float32{15, 31, 33, 76}},
		{"linear without bias", x.Linear(x, nil), []int{2, 2}, []float32{14, 32, 32, 77}},
		{"add scalar", x.AddScalar(0.5), []int{2, 3}, each(func(v float64) float64 { return v + 0.5 })},
		{"mul scalar", x.MulScalar(-2), []int{2, 3}, each(func(v float64) float64 { return -2 * v })},
		{"exp", x.Exp(), []int{2, 3}, each(math.Exp)},
		{"sqrt", x.Sqrt(), []int{2, 3}, each(math.Sqrt)},
		{"rsqrt", x.Rsqrt(), []int{2, 3}, each(func(v float64) float64 { return 1 / math.Sqrt(v) })},
		{"square", x.Square(), []int{2, 3}, each(func(v float64) float64 { return v * v })},
		{"neg", x.Neg(), []int{2, 3}, each(func(v float64) float64 { return -v })},
		{"tanh", x.Tanh(), []int{2, 3}, each(math.Tanh)},
		{"log sigmoid", x.LogSigmoid(), []int{2, 3}, each(func(v float64) float64 { return math.Log(sigmoid(v)) })},
		{"silu", x.SiLU(), []int{2, 3}, each(func(v float64) float64 { return v * sigmoid(v) })},
		{"gelu", x.GELU(), []int{2, 3}, each(func(v float64) float64 { return v * (1 + math.Erf(v/math.Sqrt2)) / 2 })},
		{"clamp", x.Clamp(2, 4.5), []int{2, 3}, []float32{2, 2, 3, 4, 4.5, 4.5}},
		{"softmax", x.Softmax(0), []int{2, 3}, []float32{float32(1 / (1 + e(3))), float32(1 / (1 + e(3))), float32(1 / (1 + e(3))), float32(1 / (1 + e(-3))), float32(1 / (1 + e(-3))), float32(1 / (1 + e(-3)))}},
		{"log softmax", x.Narrow(1, 0, 2).LogSoftmax(-1), []int{2, 2}, []float32{float32(-math.Log(1 + e(1))), float32(-math.Log(1 + e(-1))), float32(-math.Log(1 + e(1))), float32(-math.Log(1 + e(-1)))}},
		{"layer norm", x.LayerNorm(s.Floats([]float32{1, 2, 1}, 3), s.Floats([]float32{0, 0, 1}, 3), 0), []int{2, 3}, []float32{float32(-z), 0, float32(1 + z), float32(-z), 0, float32(1 + z)}},
		{"sum", x.Sum(), []int{}, []float32{21}},
		{"mean", x.Mean(), []int{}, []float32{3.5}},
		{"sum dim", x.SumDim(0, false), []int{3}, []float32{5, 7, 9}},
		{"sum dim kept", x.SumDim(-1, true), []int{2, 1}, []float32{6, 15}},
		{"mean dim", x.MeanDim(1, false), []int{2}, []float32{2, 5}},
		{"norm", x.Norm(), []int{}, []float32{float32(math.Sqrt(91))}},
		{"reshape", x.Reshape(3, -1), []int{3, 2}, []float32{1, 2, 3, 4, 5, 6}},
		{"permute", x.Reshape(1, 2, 3).Permute(2, 0, 1), []int{3, 1, 2}, []float32{1, 4, 2, 5, 3, 6}},
		{"transpose", x.Transpose(0, 1), []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}},
		{"contiguous", x.Transpose(0, 1).Contiguous(), []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}},
		{"narrow", x.Narrow(1, 1, 2), []int{2, 2}, []float32{2, 3, 5, 6}},
		{"index select", x.IndexSelect(0, i), []int{2, 3}, []float32{4, 5, 6, 1, 2, 3}},
		{"embedding", x.Embedding(i.Reshape(1, 2)), []int{1, 2, 3}, []float32{4, 5, 6, 1, 2, 3}},
		{"cat", Cat(1, x, x.Narrow(1, 1, 1)), []int{2, 4}, []float32{1, 2, 3, 2, 4, 5, 6, 5}},
		{"detach", x.Detach(), []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}},
	} {
		got := values(t, test.got)
		if !slices.Equal(test.got.Shape(), test.shape) {
			t.Errorf("%s has shape %v, want %v", test.name, test.got.Shape(), test.shape)
		}
		if !slices.EqualFunc(got, test.want, func(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-5*(1+math.Abs(float64(b))) }) {
			t.Errorf("%s is %v, want %v", test.name, got, test.want)
		}
	}
	if got, err := x.Mul(s.Floats([]float32{1, -1}, 2, 1)).ArgMax(-1).IntValues(); err != nil || !slices.Equal(got, []int64{2, 0}) {
		t.Errorf("argmax %v, %v", got, err)
	}
}

func TestInPlace(t *testing.T) {
	s := open(t, Float32)
	x := s.Floats([]float32{1, 2, 3}, 3)
	for _, step := range []struct {
		name string
		do   func()
		want []float32
	}{
		{"add", func() { x.AddInPlace(s.Floats([]float32{1}, 1)) }, []float32{2, 3, 4}},
		{"mul", func() { x.MulScalarInPlace(2) }, []float32{4, 6, 8}},
		{"lerp", func() { x.LerpInPlace(s.Zeros(3), 0.25) }, []float32{3, 4.5, 6}},
		{"copy to a part", func() { x.Narrow(0, 1, 2).CopyInPlace(s.Floats([]float32{7}, 1)) }, []float32{3, 7, 7}},
		{"zero", func() { x.ZeroInPlace() }, []float32{0, 0, 0}},
	} {
		live := s.Live()
		s.Scope(func() error {
			step.do()
			return nil
		})
		if got := values(t, x); !slices.Equal(got, step.want) {
			t.Errorf("after %s: %v, want %v", step.name, got, step.want)
		}
		if s.Live() != live {
			t.Errorf("%s left %d tensors", step.name, s.Live()-live)
		}
	}
}

func TestGradientsAddUp(t *testing.T) {
	s := open(t, Float32)
	w := s.Floats([]float32{3}, 1)
	if w.Grad() != nil {
		t.Error("a tensor that nothing was computed from has a gradient")
	}
	w.RequireGrad()
	w.Mul(w).Backward()
	w.MulScalar(2).Detach().Mul(w).Backward()
	if got := values(t, w.Grad()); got[0] != 12 {
		t.Errorf("gradient %v, want 6 of the square and 6 of the product with a constant", got)
	}
}

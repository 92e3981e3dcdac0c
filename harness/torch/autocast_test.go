package torch

import (
	"math"
	"testing"
)

// TestAutocast compares what is computed in bf16, and its gradients, with f32:
// near, of the same type, and not the same.
func TestAutocast(t *testing.T) {
	compute := func(autocast bool) [][]float32 {
		s := openWith(t, Options{Threads: 1})
		s.Autocast(autocast)
		x := s.Float64s(noise(1, []int{3, 5, 24}), 3, 5, 24).RequireGrad()
		w := s.Float64s(noise(2, []int{24, 24}), 24, 24).RequireGrad()
		b := s.Float64s(noise(3, []int{24}), 24)
		y := x.Projection(w, b)
		if y.DType() != Float32 {
			t.Fatalf("a projection of f32 has type %d", y.DType())
		}
		split := y.Reshape(3, 5, 3, 8).Permute(0, 2, 1, 3)
		out := Attention(split, split, split, nil)
		out.Square().Sum().Backward()
		var results [][]float32
		for _, r := range []*Tensor{y, out, x.Grad(), w.Grad()} {
			values, err := r.Values()
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, values)
		}
		return results
	}
	want, got := compute(false), compute(true)
	for i := range want {
		largest, apart := 0.0, 0.0
		for j, v := range want[i] {
			largest = math.Max(largest, math.Abs(float64(v)))
			apart = math.Max(apart, math.Abs(float64(got[i][j]-v)))
		}
		if apart == 0 || apart > 0.03*largest {
			t.Errorf("result %d is %g apart in bf16, its largest element is %g", i, apart, largest)
		}
	}
}

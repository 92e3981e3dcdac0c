package decode

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lastmile/harness/random"
)

func TestChoose(t *testing.T) {
	probabilities := []float64{0.1, 0.4, 0.05, 0.2, 0.25}
	logprobs := make([]float32, len(probabilities))
	for i, p := range probabilities {
		logprobs[i] = float32(math.Log(p))
	}
	for _, test := range []struct {
		topK int
		topP float64
		kept []int
	}{
		{0, 1, []int{0, 1, 2, 3, 4}},
		{5, 1, []int{0, 1, 2, 3, 4}},
		{99, 1, []int{0, 1, 2, 3, 4}},
		{1, 1, []int{1}},
		{3, 1, []int{1, 3, 4}},
		{0, 0.01, []int{1}},
		{0, 0.5, []int{1, 4}},
		{0, 0.8, []int{1, 3, 4}},
		{0, 0.9, []int{0, 1, 3, 4}},
		{0, 0.999, []int{0, 1, 2, 3, 4}},
		{3, 0.6, []int{1, 4}}, // of what top-k leaves, 0.85, 0.65 are 76 %
	} {
		total := 0.0
		for _, i := range test.kept {
			total += probabilities[i]
		}
		want := make([]float64, len(probabilities))
		for _, i := range test.kept {
			want[i] = probabilities[i] / total
		}
		counts := make([]float64, len(probabilities))
		stream := random.New(1, test.topK, test.topP)
		for range 20000 {
			counts[choose(stream, logprobs, test.topK, test.topP)]++
		}
		within(t, fmt.Sprintf("top-k %d, top-p %g", test.topK, test.topP), counts, want)
	}
}

func TestInvert(t *testing.T) {
	weights := []float64{0, 1, 0, 3, 0}
	for u, want := range map[float64]int{0: 1, 0.2499: 1, 0.25: 3, 0.9999999999999999: 3} {
		if got := invert(u, len(weights), func(i int) float64 { return weights[i] }); got != want {
			t.Errorf("at %g: %d, want %d", u, got, want)
		}
	}
}

func TestOneDrawATokenWhateverIsKept(t *testing.T) {
	logprobs := []float32{-1, -1, -1}
	a, b := random.New(1, "stream"), random.New(1, "stream")
	choose(a, logprobs, 0, 1)
	choose(b, logprobs, 2, 0.5)
	if a.Uint64() != b.Uint64() {
		t.Error("top-k and top-p draw another number of times from the stream")
	}
}

func TestLargest(t *testing.T) {
	stream := random.New(1, "largest")
	for range 200 {
		values := make([]float32, 1+stream.IntN(20))
		for i := range values {
			values[i] = float32(stream.IntN(8))
		}
		n := 1 + stream.IntN(12)
		order := make([]int, len(values))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return int(values[b] - values[a]) })
		if got := largest(values, n); !slices.Equal(got, order[:min(n, len(order))]) {
			t.Fatalf("the %d largest of %v are at %v, want %v", n, values, got, order[:min(n, len(order))])
		}
	}
}

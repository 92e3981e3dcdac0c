package decode

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"lastmile/harness/random"
)

func TestChoose(t *testing.T) {
	probabilities := []float64{0.1, 0.4, 0.05, 0.2, 0.25}
	floats := make([]float32, len(probabilities))
	for i, p := range probabilities {
		floats[i] = float32(p)
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
			counts[choose(stream, floats, test.topK, test.topP)]++
		}
		within(t, fmt.Sprintf("top-k %d, top-p %g", test.topK, test.topP), counts, want)
	}
}

func TestInvert(t *testing.T) {
	weights := []float32{0, 1, 0, 3, 0}
	for u, want := range map[float64]int{0: 1, 0.2499: 1, 0.25: 3, 0.9999999999999999: 3} {
		if got := invert(u, weights); got != want {
			t.Errorf("at %g: %d, want %d", u, got, want)
		}
	}
}

// TestInvertInParts has weights for several parts, those of whole parts 0.
func TestInvertInParts(t *testing.T) {
	for _, n := range []int{part - 1, part, 5*part - 7, 9*part + 3} {
		weights := make([]float32, n)
		total := 0.0
		for i := range weights {
			if i/part%3 != 1 && i%7 > 0 {
				weights[i] = float32(i%13) + 0.1
				total += float64(weights[i])
			}
		}
		for i := range 1000 {
			u := float64(i) / 1000
			sum, want := 0.0, 0
			for ; ; want++ {
				if sum += float64(weights[want]); sum > u*total {
					break
				}
			}
			if got := invert(u, weights); got != want {
				t.Fatalf("%d weights at %g: %d, want %d", n, u, got, want)
			}
		}
		if got := invert(math.Nextafter(1, 0), weights); weights[got] == 0 {
			t.Errorf("%d weights: place %d, of weight 0, was drawn", n, got)
		}
	}
}

func TestOneDrawATokenWhateverIsKept(t *testing.T) {
	floats := []float32{0.3, 0.3, 0.4}
	a, b := random.New(1, "stream"), random.New(1, "stream")
	choose(a, floats, 0, 1)
	choose(b, floats, 2, 0.5)
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

// TestLikeliestLeavesWhatSortingAllWould compares choices from distributions
// with long tails with those from a full sort.
func TestLikeliestLeavesWhatSortingAllWould(t *testing.T) {
	stream := random.New(1, "likeliest")
	for round := range 300 {
		probabilities := make([]float32, 1+stream.IntN(400))
		for i := range probabilities {
			probabilities[i] = float32(math.Exp(stream.NormFloat64() * float64(round%12)))
		}
		topK, topP := []int{0, 3, 50, 1000}[stream.IntN(4)], []float64{0.1, 0.9, 0.9999999, 1}[stream.IntN(4)]
		sorted := make([]int, len(probabilities))
		for i := range sorted {
			sorted[i] = i
		}
		byProbability := func(a, b int) int { return cmp.Compare(probabilities[b], probabilities[a]) }
		slices.SortStableFunc(sorted, byProbability)
		got := likeliest(probabilities, topK, topP)
		slices.SortStableFunc(got, byProbability)
		if !slices.Equal(got, sorted[:len(got)]) {
			t.Fatalf("top-k %d, top-p %g: %v are not the likeliest", topK, topP, got)
		}
		var kept, total float64
		for i, p := range probabilities {
			total += float64(p)
			if slices.Contains(got, i) {
				kept += float64(p)
			}
		}
		if topK > 0 && len(got) < min(topK, len(sorted)) || topK == 0 && kept < topP*total {
			t.Fatalf("top-k %d, top-p %g: %d tokens of %g are too few", topK, topP, len(got), kept/total)
		}
	}
}

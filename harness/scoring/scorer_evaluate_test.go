package scoring

import (
	"slices"
	"testing"
)

func TestTheMeanOfScoresOfAnyUnit(t *testing.T) {
	for _, c := range []struct{ a, b, want []float64 }{
		{[]float64{1, 2, 3}, []float64{300, 200, 100}, []float64{2, 2, 2}},
		{[]float64{1, 2, 3}, []float64{-30, -20, -10}, []float64{-1, 0, 1}},
		{[]float64{1, 2, 3}, []float64{7, 7, 7}, []float64{0.5, 1, 1.5}}, // one says nothing
	} {
		if got := meanOf(c.a, c.b); !slices.Equal(got, c.want) {
			t.Errorf("mean of %v and %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

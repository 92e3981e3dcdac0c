package correlation

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

func TestAgainstScipy(t *testing.T) {
	text, err := os.ReadFile("testdata/correlation.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			X, Y                       []float64
			Pearson, Spearman, Kendall float64
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil || len(golden.Cases) == 0 {
		t.Fatalf("%d cases: %v", len(golden.Cases), err)
	}
	for i, c := range golden.Cases {
		for name, pair := range map[string][2]float64{
			"pearson": {Pearson(c.X, c.Y), c.Pearson}, "spearman": {Spearman(c.X, c.Y), c.Spearman}, "kendall": {Kendall(c.X, c.Y), c.Kendall},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-12 {
				t.Errorf("case %d: %s is %.16f, scipy's %.16f", i, name, pair[0], pair[1])
			}
		}
	}
}

func TestNothingIsToldByWhatDoesNotVary(t *testing.T) {
	x, flat := []float64{3, 1, 2}, []float64{4, 4, 4}
	for name, f := range map[string]func(x, y []float64) float64{"pearson": Pearson, "spearman": Spearman, "kendall": Kendall} {
		if a, b, c := f(x, flat), f(flat, x), f(nil, nil); a != 0 || b != 0 || c != 0 {
			t.Errorf("%s is %g, %g and %g", name, a, b, c)
		}
	}
	if got := ranks([]float64{3, 1, 3, 2}); !slices.Equal(got, []float64{2.5, 0, 2.5, 1}) {
		t.Errorf("ranks %v", got)
	}
}

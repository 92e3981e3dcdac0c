package reports

import "testing"

func TestExamplesAreChosenByTheRule(t *testing.T) {
	ours := make([]float64, 101)
	theirs := make([]float64, 101)
	for i := range ours {
		ours[i] = float64((i * 37) % 101) // all different; the median is 50
	}
	chosen := chooseExamples(ours, theirs, 10, 1)
	var values []float64
	seen := map[int]bool{}
	for _, c := range chosen {
		values = append(values, ours[c.column])
		seen[c.column] = true
	}
	if len(chosen) != 10 || len(seen) != 10 {
		t.Fatalf("chose %v", chosen)
	}
	for i, want := range []float64{100, 99, 98, 0, 1, 2, 51, 50} {
		if values[i] != want {
			t.Errorf("example %d has the difference %g, want %g", i, values[i], want)
		}
	}
	if again := chooseExamples(ours, theirs, 10, 1); again[9] != chosen[9] {
		t.Error("the random examples are others the second time")
	}
	if few := chooseExamples(ours[:3], theirs[:3], 10, 1); len(few) != 3 {
		t.Errorf("of 3 examples chose %v", few)
	}
}

package scoring

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// DifferingExample is an example and what both systems made of it.
type DifferingExample struct {
	// ID is the example's, or the number of its line in A's file.
	ID string `json:"id"`
	// A and B are the scores, each the mean over the system's seeds.
	A          float64  `json:"a"`
	B          float64  `json:"b"`
	Difference float64  `json:"difference"`
	References []string `json:"references"`
	// OutputA and OutputB are the texts; of several seeds', those that differ
	// most in that direction.
	OutputA ScoredOutput `json:"output_a"`
	OutputB ScoredOutput `json:"output_b"`
}

// ScoredOutput is a text with its own score.
type ScoredOutput struct {
	Text  string  `json:"text"`
	Score float64 `json:"score"`
	// Seed is that of its run, nil for a file.
	Seed *int `json:"seed,omitempty"`
}

// differing returns the n examples where the systems differ most by a metric,
// of equal ones the first.
func differing(m scored, a, b *texts, n int) []DifferingExample {
	scoresA, scoresB := averages(m.values[0]), averages(m.values[1])
	var order []int
	for i := range scoresA {
		if !equal(scoresA[i], scoresB[i]) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, k int) int {
		return cmp.Compare(math.Abs(scoresA[k]-scoresB[k]), math.Abs(scoresA[i]-scoresB[i]))
	})
	result := []DifferingExample{}
	for _, i := range order[:min(max(n, 0), len(order))] {
		e := DifferingExample{ID: a.examples[i].id, A: scoresA[i], B: scoresB[i], Difference: scoresA[i] - scoresB[i], References: a.inputs[0][i].References}
		if e.ID == "" {
			e.ID = fmt.Sprint("line ", a.examples[i].line)
		}
		ofA, ofB := furthest(m.values, i, math.Copysign(1, e.Difference))
		e.OutputA, e.OutputB = a.scoredOutput(m.values[0], ofA, i), b.scoredOutput(m.values[1], ofB, i)
		result = append(result, e)
	}
	return result
}

// scoredOutput is the text of the seed at a place for an example.
func (t *texts) scoredOutput(values [][]float64, seed, example int) ScoredOutput {
	o := ScoredOutput{Text: t.inputs[seed][example].Hypothesis, Score: values[seed][example]}
	if len(t.Seeds) > 0 {
		o.Seed = &t.Seeds[seed]
	}
	return o
}

// furthest returns which seeds' texts differ most by their scores, in the
// direction of sign: seeds of one place where both systems have as many.
func furthest(values [][][]float64, example int, sign float64) (ofA, ofB int) {
	a, b := values[0], values[1]
	if len(a) == len(b) {
		for k := range a {
			if sign*(a[k][example]-b[k][example]) > sign*(a[ofA][example]-b[ofA][example]) {
				ofA = k
			}
		}
		return ofA, ofA
	}
	for k := range a {
		if sign*a[k][example] > sign*a[ofA][example] {
			ofA = k
		}
	}
	for k := range b {
		if sign*b[k][example] < sign*b[ofB][example] {
			ofB = k
		}
	}
	return ofA, ofB
}

// averages are the scores by example, the mean over seeds.
func averages(seeds [][]float64) []float64 {
	mean := make([]float64, len(seeds[0]))
	for _, row := range seeds {
		for i, x := range row {
			mean[i] += x / float64(len(seeds))
		}
	}
	return mean
}

// equal says that scores differ by rounding alone.
func equal(a, b float64) bool { return math.Abs(a-b) <= 1e-12*(math.Abs(a)+math.Abs(b)) }

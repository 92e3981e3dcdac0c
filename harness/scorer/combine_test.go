package scorer

import (
	"fmt"
	"testing"

	"lastmile/harness/correlation"
	"lastmile/harness/random"
)

// rated are ratings that two of three scores explain half each, two of a source, which
// share noise.
func rated(n int, weight float64) (scores [][]float64, ratings []Rating) {
	scores = make([][]float64, 3)
	stream := random.New(1, "rated")
	for i := range n {
		noise := stream.NormFloat64()
		for range 2 {
			a, b := stream.NormFloat64(), stream.NormFloat64()
			scores[0] = append(scores[0], 100+10*a)
			scores[1] = append(scores[1], b/1000)
			scores[2] = append(scores[2], 7)
			ratings = append(ratings, Rating{Rating: 3 + weight*(a-b) + noise, Source: fmt.Sprint(i)})
		}
	}
	return scores, ratings
}

func TestACombinationIsBetterThanItsParts(t *testing.T) {
	scores, ratings := rated(400, 1)
	wanted := make([]float64, len(ratings))
	for i, r := range ratings {
		wanted[i] = r.Rating
	}
	combined, err := Combine(scores, ratings, 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	// By construction 1/√3 each, and √(2/3) together.
	if one, both := correlation.Spearman(scores[0], wanted), correlation.Spearman(combined, wanted); one < 0.5 || one > 0.65 || both < 0.75 || both > 0.87 {
		t.Errorf("one score has a correlation of %.2f, the combination %.2f", one, both)
	}
	if low, high := middle(append([]float64(nil), combined...)); low < -2 || high > 8 {
		t.Errorf("the combination goes from %.1f to %.1f, where ratings have a mean of 3", low, high)
	}
}

// What a combination says of a source's texts must not depend on their ratings.
func TestACombinationHasNotSeenWhatItScores(t *testing.T) {
	scores, ratings := rated(100, 0)
	before, err := Combine(scores, ratings, 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	ratings[10].Rating += 1000
	after, err := Combine(scores, ratings, 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	if before[10] != after[10] || before[11] != after[11] {
		t.Errorf("another rating of a text changes what is said of it or its source: %v and %v to %v and %v", before[10], before[11], after[10], after[11])
	}
	changed := 0
	for i := range before {
		if before[i] != after[i] {
			changed++
		}
	}
	if changed < 100 {
		t.Errorf("a rating changed what is said of %d others", changed)
	}
}

func TestFoldsWithoutRatings(t *testing.T) {
	scores, ratings := rated(1, 1)
	if _, err := Combine(scores, ratings, 2, 0); err == nil {
		t.Error("a single source was split in two folds")
	}
}

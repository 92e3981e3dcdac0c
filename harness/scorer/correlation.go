package scorer

import (
	"fmt"
	"math"
	"slices"

	"lastmile/harness/correlation"
	"lastmile/harness/random"
)

// Correlation is how well scores agree with ratings.
type Correlation struct {
	// N is the number of rated texts.
	N int `json:"n"`
	// Spearman is the correlation of ranks, Kendall is tau-b, which counts
	// pairs in the same and in the other order, ties allowed for.
	Spearman Bounded `json:"spearman"`
	Kendall  Bounded `json:"kendall"`
}

// Bounded is a value with the bounds of its 95 % interval.
type Bounded struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// resamples is the number of bootstrap resamples of a correlation.
const resamples = 1000

// Correlate compares scores with ratings. The intervals are percentiles of a
// bootstrap over sources: ratings of one source come and go together.
func Correlate(scores []float64, ratings []Rating, seed int) Correlation {
	rated := make([]float64, len(ratings))
	groups := make(map[string][]int)
	var names []string
	for i, r := range ratings {
		rated[i] = r.Rating
		name := group(r, i)
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], i)
	}
	c := Correlation{N: len(scores)}
	c.Spearman.Value, c.Kendall.Value = correlation.Spearman(scores, rated), correlation.Kendall(scores, rated)
	var rhos, taus []float64
	for k := range resamples {
		stream := random.New(seed, "scorer", "correlation", k)
		var x, y []float64
		for range names {
			for _, i := range groups[names[stream.IntN(len(names))]] {
				x, y = append(x, scores[i]), append(y, rated[i])
			}
		}
		rhos, taus = append(rhos, correlation.Spearman(x, y)), append(taus, correlation.Kendall(x, y))
	}
	c.Spearman.Low, c.Spearman.High = middle(rhos)
	c.Kendall.Low, c.Kendall.High = middle(taus)
	return c
}

// group is what a rating is kept together with: its source, or itself.
func group(r Rating, i int) string {
	if r.Source != "" {
		return "source " + r.Source
	}
	return fmt.Sprint("rating ", i)
}

// middle are the bounds of the middle 95 % of values.
func middle(values []float64) (low, high float64) {
	slices.Sort(values)
	at := func(q float64) float64 { return values[int(math.Round(q*float64(len(values)-1)))] }
	return at(0.025), at(0.975)
}

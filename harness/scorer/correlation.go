package scorer

import (
	"cmp"
	"fmt"
	"math"
	"slices"

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
	c.Spearman.Value, c.Kendall.Value = correlation(ranks(scores), ranks(rated)), kendall(scores, rated)
	var rhos, taus []float64
	for k := range resamples {
		stream := random.New(seed, "scorer", "correlation", k)
		var x, y []float64
		for range names {
			for _, i := range groups[names[stream.IntN(len(names))]] {
				x, y = append(x, scores[i]), append(y, rated[i])
			}
		}
		rhos, taus = append(rhos, correlation(ranks(x), ranks(y))), append(taus, kendall(x, y))
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

// kendall is tau-b: (agreeing − disagreeing) / √((pairs − ties in x) · (pairs −
// ties in y)); 0 where one of the two does not vary. Knight's algorithm (1966):
// sorted by x, the pairs that disagree are the exchanges that sort y.
func kendall(x, y []float64) float64 {
	n := len(x)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if x[a] != x[b] {
			return cmp.Compare(x[a], x[b])
		}
		return cmp.Compare(y[a], y[b])
	})
	tied := func(same func(a, b int) bool) float64 {
		total, run := 0.0, 1.0
		for i := 1; i <= n; i++ {
			if i < n && same(order[i-1], order[i]) {
				run++
				continue
			}
			total += run * (run - 1) / 2
			run = 1
		}
		return total
	}
	inX := tied(func(a, b int) bool { return x[a] == x[b] })
	inBoth := tied(func(a, b int) bool { return x[a] == x[b] && y[a] == y[b] })
	exchanges := sortCounting(order, make([]int, n), func(a, b int) bool { return y[b] < y[a] })
	inY := tied(func(a, b int) bool { return y[a] == y[b] })
	pairs := float64(n) * float64(n-1) / 2
	below := math.Sqrt((pairs - inX) * (pairs - inY))
	if below == 0 || math.IsNaN(below) {
		return 0
	}
	return (pairs - inX - inY + inBoth - 2*exchanges) / below
}

// sortCounting merge-sorts items and returns the number of pairs that stood in
// the wrong order.
func sortCounting(items, room []int, wrong func(a, b int) bool) float64 {
	if len(items) < 2 {
		return 0
	}
	half := len(items) / 2
	left, right := items[:half], items[half:]
	count := sortCounting(left, room[:half], wrong) + sortCounting(right, room[half:], wrong)
	merged := room[:0]
	for len(left) > 0 && len(right) > 0 {
		if wrong(left[0], right[0]) {
			count += float64(len(left))
			merged, right = append(merged, right[0]), right[1:]
		} else {
			merged, left = append(merged, left[0]), left[1:]
		}
	}
	merged = append(append(merged, left...), right...)
	copy(items, merged)
	return count
}

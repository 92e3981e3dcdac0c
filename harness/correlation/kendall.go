package correlation

import (
	"cmp"
	"math"
	"slices"
)

// Kendall is tau-b: (agreeing − disagreeing) / √((pairs − ties in x) · (pairs −
// ties in y)); 0 where one of the two does not vary. Knight's algorithm (1966):
// sorted by x, the pairs that disagree are the exchanges that sort y.
func Kendall(x, y []float64) float64 {
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

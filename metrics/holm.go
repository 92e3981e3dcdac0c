package metrics

import "slices"

// Correct corrects the p values of a family of comparisons for being several
// (Holm 1979): each is multiplied by the number of those that are not smaller, and
// none falls below a smaller one's. The chance of a single false one among all
// that are significant then stays below the level. Comparisons that test nothing
// do not count.
func Correct(family []*Comparison) {
	var tested []*Comparison
	for _, c := range family {
		if c.Tested {
			tested = append(tested, c)
		}
	}
	slices.SortStableFunc(tested, func(a, b *Comparison) int {
		switch {
		case a.P < b.P:
			return -1
		case a.P > b.P:
			return 1
		}
		return 0
	})
	highest := 0.0
	for rank, c := range tested {
		highest = max(highest, min(1, c.P*float64(len(tested)-rank)))
		c.Corrected = highest
	}
}

package encoder

import (
	"cmp"
	"slices"
)

// Batches puts rows of similar length together: as many as have, filled up to the
// longest, at most so many tokens; a longer row is alone. Each batch is the places of its
// rows.
func Batches(rows []Row, tokens int) [][]int {
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	length := func(i int) int { return len(rows[i].Tokens) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(length(a), length(b)) })
	var batches [][]int
	start := 0
	for i := range order {
		if i > start && (i-start+1)*length(order[i]) > tokens {
			batches = append(batches, order[start:i])
			start = i
		}
	}
	if start < len(order) {
		batches = append(batches, order[start:])
	}
	return batches
}

// Pick is the rows at some places.
func Pick(rows []Row, places []int) []Row {
	picked := make([]Row, len(places))
	for k, i := range places {
		picked[k] = rows[i]
	}
	return picked
}

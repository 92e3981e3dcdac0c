package model

import (
	"cmp"
	"slices"
)

// Batches puts rows of similar length, in tokens, together: as many as have, filled up
// to the longest, at most so many tokens; a longer row is alone. Each batch is the places
// of its rows.
func Batches(lengths []int, tokens int) [][]int {
	order := make([]int, len(lengths))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lengths[a], lengths[b]) })
	var batches [][]int
	start := 0
	for i, place := range order {
		if i > start && (i-start+1)*lengths[place] > tokens {
			batches = append(batches, order[start:i])
			start = i
		}
	}
	if start < len(order) {
		batches = append(batches, order[start:])
	}
	return batches
}

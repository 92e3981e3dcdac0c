package main

import (
	"slices"
	"strings"
)

const (
	// held is the number of examples in dev, and in test.
	held = 1000
	// smallFamily is the most packages of a family that dev or test take from.
	smallFamily = 3
	// A pair is held out only if no pair of another family comes nearer than
	// this: in the Jaccard index of 5-grams, and in the share of its 8-grams
	// that stand elsewhere.
	maxJaccard, maxCovered = 0.5, 0.3
)

// split deals families to train, dev and test. A held-out pair is compared
// with all the pairs of all other families, so that it has no near twin in
// train nor in the other held-out split; a family that fails stays in train.
func split(groups [][]pair) (train, dev, test []pair) {
	var (
		all       []pair
		inputs    []string
		family    []int
		citations = map[string]int{} // by synopsis, the number of families with it
	)
	for f, group := range groups {
		said := map[string]bool{}
		for _, p := range members(group) {
			all, inputs, family = append(all, p), append(inputs, p.Input), append(family, f)
			said[normal(p.Reference)] = true
		}
		for synopsis := range said {
			citations[synopsis]++
		}
	}
	five, eight := newIndex(5, inputs), newIndex(8, inputs)
	out := make([]bool, len(groups))
	for f, group := range groups {
		if len(dev) == held {
			break
		}
		p := group[0]
		same := func(text int) bool { return family[text] == f }
		if len(group) > smallFamily || p.role > 0 || citations[normal(p.Reference)] > 1 ||
			five.nearest(p.Input, same) > maxJaccard || eight.covered(p.Input, same) >= maxCovered {
			continue
		}
		out[f] = true
		if len(test) < held {
			test = append(test, p)
		} else {
			dev = append(dev, p)
		}
	}
	for i, p := range all {
		if !out[family[i]] {
			train = append(train, p)
		}
	}
	for _, pairs := range [][]pair{train, dev, test} {
		slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.ID, b.ID) })
	}
	return train, dev, test
}

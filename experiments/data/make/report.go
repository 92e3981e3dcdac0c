package main

import (
	"fmt"
	"slices"
)

// leakShare returns the share of held-out inputs whose Jaccard index of
// 5-grams with a training input is above maxJaccard, and the largest index.
func leakShare(held, train []pair) (share, largest float64) {
	// The held-out inputs are indexed, not the many more of train: a run that
	// stands in none of them costs one look.
	inputs := make([]string, len(held))
	for i, p := range held {
		inputs[i] = p.Input
	}
	x := newIndex(5, inputs)
	nearest := make([]float64, len(held))
	for _, p := range train {
		for text, similarity := range x.similar(p.Input) {
			nearest[text] = max(nearest[text], similarity)
		}
	}
	for _, similarity := range nearest {
		largest = max(largest, similarity)
		if similarity > maxJaccard {
			share += 1 / float64(len(held))
		}
	}
	return share, largest
}

// report prints the statistics of the splits, and fails where the data set
// breaks what its README promises.
func report(train, dev, test []pair) error {
	if len(train) == 0 || len(dev) == 0 || len(test) == 0 {
		return fmt.Errorf("measuring the data set: an empty split (train %d, dev %d, test %d)", len(train), len(dev), len(test))
	}
	fmt.Printf("%-6s %9s %12s %14s %13s %15s %15s\n", "split", "examples", "input words", "(median chars)", "output words", "words from in", "near in train")
	for _, s := range []struct {
		name  string
		pairs []pair
	}{{"train", train}, {"dev", dev}, {"test", test}} {
		var in, out, copied, total int
		var chars []int
		for _, p := range s.pairs {
			inputWords, outputWords := words(p.Input), words(p.Reference)
			in, out = in+len(inputWords), out+len(outputWords)
			chars = append(chars, len(p.Input))
			for _, w := range outputWords {
				total++
				if slices.Contains(inputWords, w) {
					copied++
				}
			}
		}
		slices.Sort(chars)
		n := float64(len(s.pairs))
		leak := "-"
		if s.name != "train" {
			share, largest := leakShare(s.pairs, train)
			leak = fmt.Sprintf("%.2f%% (%.2f)", 100*share, largest)
			if share >= 0.01 {
				return fmt.Errorf("measuring the data set: %.2f%% of %s have a 5-gram Jaccard index above %g to a training input; under 1%% is promised", 100*share, s.name, maxJaccard)
			}
		}
		fmt.Printf("%-6s %9d %12.1f %14d %13.1f %14.1f%% %15s\n", s.name, len(s.pairs), float64(in)/n, chars[len(chars)/2], float64(out)/n, 100*float64(copied)/float64(total), leak)
	}
	return nil
}

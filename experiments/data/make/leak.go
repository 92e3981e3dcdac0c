package main

import (
	"hash/fnv"
	"slices"
)

// shingles returns the distinct runs of n words of s, hashed; the whole text
// is one where it has fewer words.
func shingles(s string, n int) []uint64 {
	ws := words(s)
	result := make([]uint64, 0, len(ws))
	h := fnv.New64a()
	for i := range max(1, len(ws)-n+1) {
		h.Reset()
		for _, w := range ws[i:min(i+n, len(ws))] {
			h.Write([]byte(w))
			h.Write([]byte{' '})
		}
		result = append(result, h.Sum64())
	}
	slices.Sort(result)
	return slices.Compact(result)
}

// jaccard returns the Jaccard index of the runs of n words of two texts.
func jaccard(a, b string, n int) float64 {
	as, bs := shingles(a, n), shingles(b, n)
	common := 0
	for _, s := range as {
		if _, ok := slices.BinarySearch(bs, s); ok {
			common++
		}
	}
	return float64(common) / float64(len(as)+len(bs)-common)
}

// An index finds texts that share runs of n words.
type index struct {
	n     int
	texts map[uint64][]int32 // by run, the numbers of the texts with it
	sizes []int              // by text, its number of runs
}

func newIndex(n int, inputs []string) *index {
	x := &index{n: n, texts: map[uint64][]int32{}}
	for i, input := range inputs {
		runs := shingles(input, n)
		for _, run := range runs {
			x.texts[run] = append(x.texts[run], int32(i))
		}
		x.sizes = append(x.sizes, len(runs))
	}
	return x
}

// similar returns the Jaccard index of input to each text of the index that
// shares a run with it, by the text's number.
func (x *index) similar(input string) map[int32]float64 {
	runs := shingles(input, x.n)
	result := map[int32]float64{}
	for _, run := range runs {
		for _, text := range x.texts[run] {
			result[text]++
		}
	}
	for text, common := range result {
		result[text] = common / (float64(len(runs)+x.sizes[text]) - common)
	}
	return result
}

// nearest returns the largest Jaccard index of input to a text of the index
// that skip does not exclude.
func (x *index) nearest(input string, skip func(text int) bool) float64 {
	nearest := 0.0
	for text, similarity := range x.similar(input) {
		if !skip(int(text)) {
			nearest = max(nearest, similarity)
		}
	}
	return nearest
}

// covered returns the share of input's runs that stand in a text of the index
// that skip does not exclude.
func (x *index) covered(input string, skip func(text int) bool) float64 {
	runs := shingles(input, x.n)
	found := 0
	for _, run := range runs {
		if slices.ContainsFunc(x.texts[run], func(text int32) bool { return !skip(int(text)) }) {
			found++
		}
	}
	return float64(found) / float64(len(runs))
}

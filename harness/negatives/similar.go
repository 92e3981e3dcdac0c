package negatives

import (
	"cmp"
	"math"
	"slices"

	"lastmile/harness/data"
)

// similarTruths finds, for an example's first reference, those of others that are
// most like it: by the cosine of their bags of words, in which a word weighs
// (1 + ln of its count)·ln(1 + examples/those that have it). It is an inverted
// index, so that a search looks only at references with a word in common.
type similarTruths struct {
	texts [][]weighed // by example
	lists [][]weighed // by word: the examples that have it
	// inputs has, by example, the different words of its input, in ascending order.
	inputs [][]int
}

// weighed is a word, or an example, with its weight; those of a text make a vector
// of length 1.
type weighed struct {
	number int
	weight float64
}

func indexTruths(examples []data.Example) *similarTruths {
	x := &similarTruths{texts: make([][]weighed, len(examples)), inputs: make([][]int, len(examples))}
	numbers, ofInputs := map[string]int{}, map[string]int{}
	for i, e := range examples {
		for _, p := range words(e.Input) {
			word := bare(e.Input[p.start:p.end])
			number, known := ofInputs[word]
			if !known {
				number = len(ofInputs)
				ofInputs[word] = number
			}
			x.inputs[i] = append(x.inputs[i], number)
		}
		slices.Sort(x.inputs[i])
		x.inputs[i] = slices.Compact(x.inputs[i])
		at := map[int]int{}
		truth := e.References[0]
		for _, p := range words(truth) {
			word := bare(truth[p.start:p.end])
			// Two letters are "at" or "of": rare among short truths, and no topic.
			if len(word) < 3 && !hasContent(truth[p.start:p.end]) {
				continue
			}
			number, known := numbers[word]
			if !known {
				number = len(numbers)
				numbers[word] = number
				x.lists = append(x.lists, nil)
			}
			if place, again := at[number]; again {
				x.texts[i][place].weight++
				continue
			}
			at[number] = len(x.texts[i])
			x.texts[i] = append(x.texts[i], weighed{number, 1})
			x.lists[number] = append(x.lists[number], weighed{number: i})
		}
	}
	next := make([]int, len(x.lists))
	for i, text := range x.texts {
		square := 0.0
		for k, w := range text {
			text[k].weight = (1 + math.Log(w.weight)) * math.Log(1+float64(len(examples))/float64(len(x.lists[w.number])))
			square += text[k].weight * text[k].weight
		}
		for k, w := range text {
			text[k].weight /= math.Sqrt(square)
			// Examples come in order, so each is the next of its words' lists.
			x.lists[w.number][next[w.number]] = weighed{i, text[k].weight}
			next[w.number]++
		}
	}
	return x
}

// mostSimilar is how many references a search returns.
const mostSimilar = 16

// nearest returns the examples whose references are most like that of example i, the
// nearest first, those left out whose cosine is same or more, or whose input is about the
// same. Of two that are as near, the earlier one comes first.
func (x *similarTruths) nearest(i int, same float64) []int {
	cosines := make([]float64, len(x.texts))
	var met []int
	for _, word := range x.texts[i] {
		for _, other := range x.lists[word.number] {
			if cosines[other.number] == 0 {
				met = append(met, other.number)
			}
			cosines[other.number] += word.weight * other.weight
		}
	}
	met = slices.DeleteFunc(met, func(other int) bool { return other == i || cosines[other] >= same })
	before := func(a, b int) int { return cmp.Or(cmp.Compare(cosines[b], cosines[a]), cmp.Compare(a, b)) }
	// Only the first few are wanted of what may be thousands.
	var found []int
	for _, other := range met {
		if len(found) == mostSimilar && before(other, found[mostSimilar-1]) > 0 {
			continue
		}
		if x.sameInput(i, other) {
			continue
		}
		at, _ := slices.BinarySearchFunc(found, other, before)
		found = slices.Insert(found, at, other)
		found = found[:min(len(found), mostSimilar)]
	}
	return found
}

// mostShared is the share of words in common, among all that either of two inputs has,
// from which on they are about the same: what is true of one is true of the other.
const mostShared = 0.5

// sameInput reports whether the inputs of two examples are about the same.
func (x *similarTruths) sameInput(i, k int) bool {
	a, b := x.inputs[i], x.inputs[k]
	shared := 0
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			shared++
			a, b = a[1:], b[1:]
		}
	}
	return shared > 0 && float64(shared) >= mostShared*float64(len(x.inputs[i])+len(x.inputs[k])-shared)
}

package metrics

import (
	"fmt"
	"strconv"
)

// distinct is distinct-n over all texts that are scored together.
type distinct struct{ n int }

func (m distinct) Name() string { return "distinct" + strconv.Itoa(m.n) }
func (m distinct) Signature() string {
	return fmt.Sprintf("%s|over:run|tok:%s|%s", m.Name(), spaceTokenizer, version)
}
func (m distinct) Direction() Direction { return Higher }

// ScoreAll gives each text its part in the number of different n-grams, in
// such a way that the mean over texts is distinct-n: an n-gram that occurs c
// times counts 1/c at each of its places.
func (m distinct) ScoreAll(inputs []Input) ([]float64, error) {
	scores := make([]float64, len(inputs))
	r := readers.Get().(*reader)
	defer readers.Put(r)
	r.vocabulary.forget()
	var words [][]int32
	size := 0
	for i := range inputs {
		words = append(words, r.appendFields(nil, inputs[i].Hypothesis))
		size += len(words[i])
	}
	numbers := make([][]int32, len(words))
	for i, text := range words {
		numbers[i] = append([]int32(nil), text...)
	}
	for n := 2; n <= m.n; n++ {
		r.grams.reset(size)
		for i, text := range words {
			numbers[i] = r.grams.extend(numbers[i], text, n)
		}
	}
	counts := map[int32]int{}
	all := 0
	for _, text := range numbers {
		for _, gram := range text {
			counts[gram]++
			all++
		}
	}
	for i, text := range numbers {
		for _, gram := range text {
			scores[i] += float64(len(inputs)) / float64(counts[gram]) / float64(all)
		}
	}
	return scores, nil
}

package trivial

import (
	"encoding/binary"
	"math"
)

// model is a trigram language model over tokens with Witten and Bell's interpolation
// (1991): p(c | ab) = (count(abc) + kinds(ab)·p(c | b)) / (count(ab) + kinds(ab)), where
// kinds(ab) is how many different tokens follow ab; so down to the uniform distribution
// over the vocabulary. It has nothing to tune.
//
// A truth that is scored itself, as the reference of one example is that serves another
// for a negative, is left out of the counts then: each truth is new to the others.
type model struct {
	vocabulary int
	counts
	truths map[string]bool
}

// counts are those of n-grams.
type counts struct {
	seen  map[[3]int]int // by n-gram, filled up with none in front
	after map[[3]int]int // by what stands before: how many followed
	kinds map[[3]int]int // and how many different ones
}

func newCounts() counts { return counts{map[[3]int]int{}, map[[3]int]int{}, map[[3]int]int{}} }

// No token: in front of a response, and in the place of a context that is left out.
const (
	start   = -1
	nothing = -2
)

// trigrams prefers responses that are likelier a token by a trigram model of truths, the
// end token included.
func trigrams(truths []Response, vocabulary int) Scorer {
	m := newModel(vocabulary)
	for _, t := range truths {
		m.learn(t.Tokens)
	}
	return Scorer{"trigrams", "is likelier a token by a trigram model of truths", func(r Response) float64 { return m.perToken(r.Tokens) }}
}

func newModel(vocabulary int) model { return model{vocabulary, newCounts(), map[string]bool{}} }

// learn counts a truth.
func (m model) learn(tokens []int) {
	m.add(tokens)
	m.truths[key(tokens)] = true
}

// key tells tokens from others.
func key(tokens []int) string {
	var text []byte
	for _, token := range tokens {
		text = binary.AppendVarint(text, int64(token))
	}
	return string(text)
}

// without are the counts of a truth that was learned, as they are to be taken off those of
// all truths.
func (m model) without(tokens []int) counts {
	own := newCounts()
	own.add(tokens)
	clear(own.kinds)
	for gram, n := range own.seen {
		if m.seen[gram] == n {
			own.kinds[[3]int{gram[0], gram[1], nothing}]++
		}
	}
	return own
}

// contexts are those of a token behind a and b, the longest first.
func contexts(a, b int) [3][2]int {
	return [3][2]int{{a, b}, {nothing, b}, {nothing, nothing}}
}

// add counts the n-grams of a truth.
func (m counts) add(tokens []int) {
	a, b := start, start
	for _, c := range tokens {
		for _, context := range contexts(a, b) {
			before, gram := [3]int{context[0], context[1], nothing}, [3]int{context[0], context[1], c}
			if m.seen[gram] == 0 {
				m.kinds[before]++
			}
			m.seen[gram]++
			m.after[before]++
		}
		a, b = b, c
	}
}

// probability is that of token c behind a and b, with some counts taken off.
func (m model) probability(a, b, c int, less counts) float64 {
	p := 1 / float64(m.vocabulary)
	longestFirst := contexts(a, b)
	for i := len(longestFirst) - 1; i >= 0; i-- {
		context := longestFirst[i]
		before, gram := [3]int{context[0], context[1], nothing}, [3]int{context[0], context[1], c}
		if kinds := float64(m.kinds[before] - less.kinds[before]); kinds > 0 {
			p = (float64(m.seen[gram]-less.seen[gram]) + kinds*p) / (float64(m.after[before]-less.after[before]) + kinds)
		}
	}
	return p
}

// perToken is the mean log-probability of tokens, in nats; 0 of none.
func (m model) perToken(tokens []int) float64 {
	var less counts
	if m.truths[key(tokens)] {
		less = m.without(tokens)
	}
	total := 0.0
	a, b := start, start
	for _, c := range tokens {
		total += math.Log(m.probability(a, b, c, less))
		a, b = b, c
	}
	return total / float64(max(len(tokens), 1))
}

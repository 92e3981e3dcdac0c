package scorer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// adequateTarget is the target that says whether the hypothesis says what the reference
// says.
const adequateTarget = "adequate"

// paraphrase is the name of the kind whose hypotheses are other references of the same
// input.
const paraphrase = "paraphrase"

// adequateKinds say what the reference says.
var adequateKinds = []string{same, "case", paraphrase}

// adequate is 1 where the hypothesis is the reference, but for its case, or another
// reference of the same input, and 0 where it is anything else. Two texts of few common
// words can be adequate, and two that differ in a name, a number or a negation are not:
// what overlap does not tell.
func adequate(_ *labeller, drafts []draft) ([]float64, error) {
	out := make([]float64, len(drafts))
	for i, d := range drafts {
		if d.adequate || d.Hypothesis == d.Reference {
			out[i] = 1
		}
	}
	return out, nil
}

// adequacyKinds are the further kinds that the target adequate needs.
func adequacyKinds(same [][]string) []kind {
	return []kind{paraphrases(same), {"renamed", source.renamed}, {"negated", source.negated}}
}

// paraphrases is the kind that takes another reference of the same input. A reference
// that is alone stays.
func paraphrases(same [][]string) kind {
	others := map[string]source{}
	for _, of := range same {
		texts := newSource(of)
		for i, words := range texts {
			key := strings.Join(words, " ")
			for j, other := range texts {
				if j != i && !slices.Equal(other, words) {
					others[key] = append(others[key], other)
				}
			}
		}
	}
	return kind{paraphrase, func(_ source, r *rand.Rand, words []string) []string {
		if of := others[strings.Join(words, " ")]; len(of) > 0 {
			return slices.Clone(of[r.IntN(len(of))])
		}
		return words
	}}
}

// renamed puts other names and numbers, of other references, into the place of some:
// of one at least. A text without any gets another word.
func (s source) renamed(r *rand.Rand, words []string) []string {
	var places []int
	for i := range words {
		if isNumber(words[i]) || isName(words, i) {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		words[r.IntN(len(words))] = s.word(r)
		return words
	}
	share, sure := r.Float64(), places[r.IntN(len(places))]
	for _, i := range places {
		if i == sure || r.Float64() < share {
			words[i] = s.like(r, words, i)
		}
	}
	return words
}

// attempts bounds how many references are looked at for a name or a number.
const attempts = 20

// like is a name of another reference for a name, a number for a number; any word where
// none is found.
func (s source) like(r *rand.Rand, words []string, at int) string {
	for range attempts {
		other := s[r.IntN(len(s))]
		var found []string
		for i, word := range other {
			if word != words[at] && isNumber(word) == isNumber(words[at]) && (isNumber(word) || isName(other, i)) {
				found = append(found, word)
			}
		}
		if len(found) > 0 {
			return found[r.IntN(len(found))]
		}
	}
	return s.word(r)
}

// isNumber tells whether a word has a digit.
func isNumber(word string) bool { return strings.IndexFunc(word, unicode.IsDigit) >= 0 }

// isName tells whether a word within a text begins with a capital.
func isName(words []string, at int) bool {
	first, _ := utf8.DecodeRuneInString(words[at])
	return at > 0 && unicode.IsUpper(first)
}

// Of negations, in English: words that negate, and those behind which one can stand.
var (
	negations = []string{"not", "no", "never", "without", "isn't", "doesn't", "don't", "can't", "cannot"}
	auxiliary = []string{"is", "are", "was", "were", "has", "have", "can", "will", "does", "do", "should", "would"}
)

// negated takes the negations away or, where there is none, puts one behind the first
// auxiliary, or in front of all.
func (s source) negated(_ *rand.Rand, words []string) []string {
	in := func(list []string) func(string) bool {
		return func(word string) bool { return slices.Contains(list, strings.ToLower(word)) }
	}
	if slices.ContainsFunc(words, in(negations)) {
		return slices.DeleteFunc(words, in(negations))
	}
	return slices.Insert(words, slices.IndexFunc(words, in(auxiliary))+1, "not")
}

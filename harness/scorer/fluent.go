package scorer

import (
	"math/rand/v2"
	"slices"
)

// fluentTarget is the target that says whether the hypothesis is written as people write.
const fluentTarget = "fluent"

// fluent is 1 where somebody wrote the hypothesis so, but for its case, and 0 where it was
// changed, by however little.
func fluent(_ *labeller, drafts []draft) ([]float64, error) {
	out := make([]float64, len(drafts))
	for i, d := range drafts {
		if d.genuine || d.adequate {
			out[i] = 1
		}
	}
	return out, nil
}

// maxSlips is how many errors of one sort a text gets at most.
const maxSlips = 3

// fluencyKinds are the further kinds that the target fluent needs: texts with small errors
// of one sort. They are made of the reference, of another reference of the same input, or
// of another example's: by the reference alone an error could be found by comparing,
// without knowing how people write.
func fluencyKinds(from source, same [][]string) []kind {
	others := paraphrases(same)
	kinds := []kind{
		{"misplaced", source.misplaced},
		{"omitted", source.omitted},
		{"doubled", source.doubled},
		{"inserted", source.inserted},
		{"inflected", inflected(from)},
	}
	for i, k := range kinds {
		kinds[i].make = func(s source, r *rand.Rand, words []string) []string {
			switch r.IntN(3) {
			case 0:
				words = others.make(s, r, words)
			case 1:
				words = s.other(r, nil)
			}
			changed := slices.Clone(words)
			for range 1 + r.IntN(maxSlips) {
				changed = k.make(s, r, changed)
			}
			if slices.Equal(changed, words) {
				return s.doubled(r, changed)
			}
			return changed
		}
	}
	return kinds
}

// misplaced exchanges two neighbours.
func (s source) misplaced(r *rand.Rand, words []string) []string {
	if len(words) > 1 {
		i := r.IntN(len(words) - 1)
		words[i], words[i+1] = words[i+1], words[i]
	}
	return words
}

// omitted leaves a word out, where it is not the only one.
func (s source) omitted(r *rand.Rand, words []string) []string {
	if len(words) == 1 {
		return words
	}
	i := r.IntN(len(words))
	return slices.Delete(words, i, i+1)
}

// doubled says a word twice.
func (s source) doubled(r *rand.Rand, words []string) []string {
	i := r.IntN(len(words))
	return slices.Insert(words, i, words[i])
}

// inserted puts a word of the references in, a frequent one most of the time.
func (s source) inserted(r *rand.Rand, words []string) []string {
	return slices.Insert(words, r.IntN(len(words)+1), s.word(r))
}

// stem is how many letters words that begin alike share.
const stem = 4

// inflected puts another word that begins alike into the place of one, such as another
// form of it, where the references have one.
func inflected(from source) func(source, *rand.Rand, []string) []string {
	alike := map[string][]string{}
	seen := map[string]bool{}
	for _, words := range from {
		for _, word := range words {
			if key := beginning(word); key != "" && !seen[word] {
				seen[word] = true
				alike[key] = append(alike[key], word)
			}
		}
	}
	return func(_ source, r *rand.Rand, words []string) []string {
		var places []int
		for i, word := range words {
			if len(alike[beginning(word)]) > 1 {
				places = append(places, i)
			}
		}
		if len(places) == 0 {
			return words
		}
		i := places[r.IntN(len(places))]
		forms := alike[beginning(words[i])]
		at := r.IntN(len(forms))
		if forms[at] == words[i] {
			at = (at + 1) % len(forms)
		}
		words[i] = forms[at]
		return words
	}
}

// beginning is what a word and its other forms begin with, "" for a word that is too
// short to tell.
func beginning(word string) string {
	letters := []rune(word)
	if len(letters) < stem {
		return ""
	}
	return string(letters[:stem])
}

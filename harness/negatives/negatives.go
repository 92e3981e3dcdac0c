// Package negatives makes bad responses out of good ones. They are what the
// reward model learns to put below the ground truth; no human rates anything.
//
// Five kinds are made by default (arXiv 2408.16753): random tokens, another
// example's reference, the truth with its words shuffled, the truth with a
// repetition, and a copy of the input. Each is made with the end token or
// without it. One without is as long as a response can be, because that is
// where decoding cuts: a loop goes on, a shuffle is followed by further
// shuffles, a copy by the rest of the input. Trained without those, a reward
// model tells bad responses only where they end, and scores endless loops high.
//
// Six more are made where a sweep names them. Three are hallucinations, which the
// paper mentions as an extension: the truth with another name, another number, or
// a negation more or less; nothing else in it changes. The others are the truth
// cut short, the truth that does not stop, and the truth of the most similar other
// example. A kind that can make nothing of a truth, as one without a number has
// none to change, leaves its place to the next.
//
// One more, "policy", is what the MLE policy itself wrote. It is given as samples.
//
// The truth itself without its end token is not among the negatives: the
// penalty for a missing end belongs to the reward of the reinforcement learning,
// and a reward model that learned it here would do so by the length.
//
// Every negative has a random stream of its own, named by the seed, the
// example and its place in the group, so that it depends on neither the order
// of the work nor on the other negatives.
package negatives

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"lastmile/harness/data"
	"lastmile/harness/random"
)

// Negative is a bad response to an example's prompt.
type Negative struct {
	// Example is the ID of the example.
	Example string `json:"example"`
	// Kind is the name of the kind.
	Kind string `json:"kind"`
	// Ended tells whether the last of Tokens is the end token. If not, Tokens
	// has the length of the longest response.
	Ended bool `json:"ended"`
	// Tokens is the response as a model would have written it.
	Tokens []int `json:"tokens"`
	// Text is the output in Tokens.
	Text string `json:"text"`
}

// Vocabulary is what is needed of a tokenizer.
type Vocabulary interface {
	VocabSize() int
	IsSpecial(id int) bool
	Decode(ids []int) string
}

// draws is how often a kind may draw again after it hit the truth.
const draws = 12

// Maker makes the negatives of a split. Any number of goroutines may use one.
type Maker struct {
	settings   Settings
	codec      *data.Codec
	vocabulary Vocabulary
	examples   []data.Example
	tokens     []int // of the vocabulary, without special ones
	samples    map[string][]Sample
}

// New returns a maker of negatives for examples, which are also the pool that
// irrelevant responses come from.
func New(settings Settings, codec *data.Codec, vocabulary Vocabulary, examples []data.Example) (*Maker, error) {
	m := &Maker{settings: settings, codec: codec, vocabulary: vocabulary, examples: examples}
	for id := range vocabulary.VocabSize() {
		if !vocabulary.IsSpecial(id) && id != codec.End() {
			m.tokens = append(m.tokens, id)
		}
	}
	if len(m.tokens) == 0 {
		return nil, fmt.Errorf("negatives: a vocabulary of %d tokens has none that is not special", vocabulary.VocabSize())
	}
	if settings.PerExample.PerExample < 1 {
		return nil, fmt.Errorf("negatives.per_example: found %d, expected at least 1", settings.PerExample.PerExample)
	}
	for _, k := range settings.chosen {
		if !(k.Weight >= 0) {
			return nil, fmt.Errorf("negatives.%s.weight: found %g, expected 0 or more", k.name, k.Weight)
		}
	}
	if settings.total() == 0 {
		return nil, fmt.Errorf("negatives: all weights are 0, expected one above it")
	}
	for i, e := range examples {
		if len(e.References) == 0 {
			return nil, fmt.Errorf("negatives: example %d (%q) has no reference", i, e.ID)
		}
	}
	m.settings.chosen = slices.Clone(settings.chosen)
	for i, k := range m.settings.chosen {
		if p, ok := k.kind.(pooled); ok {
			m.settings.chosen[i].kind = p.over(examples)
		}
	}
	return m, nil
}

// UseSamples gives the maker the MLE policy's samples of its examples, from which the
// kind "policy" takes its negatives.
func (m *Maker) UseSamples(samples []Sample) {
	m.samples = make(map[string][]Sample)
	for _, s := range samples {
		m.samples[s.Example] = append(m.samples[s.Example], s)
	}
}

// total is the sum of the kinds' weights.
func (s Settings) total() float64 {
	total := 0.0
	for _, k := range s.chosen {
		total += k.Weight
	}
	return total
}

// Make returns the negatives of example i: PerExample of them, fewer only where
// no kind in use can make one. A kind that cannot (a truth of one letter
// cannot be shuffled) leaves its place to the next.
func (m *Maker) Make(seed, i int) []Negative {
	s := m.source(i)
	kinds := m.settings.chosen
	var made []Negative
	for place, first := range m.assign(random.New(seed, "negatives", s.Example.ID)) {
		r := random.New(seed, "negatives", s.Example.ID, place)
		for step := range kinds {
			k := kinds[(first+step)%len(kinds)]
			if k.Weight == 0 {
				continue
			}
			if n, ok := s.negative(k, r.Float64() >= k.Unended, r); ok {
				made = append(made, n)
				break
			}
		}
	}
	return made
}

// assign returns the kind, by its place among those in use, of each negative of a
// group. It walks the weights in equal steps from a random start (systematic
// sampling), so that a group holds each kind as often as its share says, up to
// one more or less, and over examples the shares are exact in expectation.
func (m *Maker) assign(r *rand.Rand) []int {
	n := m.settings.PerExample.PerExample
	step := m.settings.total() / float64(n)
	next := r.Float64() * step
	var assigned []int
	sum := 0.0
	last := 0
	for i, k := range m.settings.chosen {
		if k.Weight == 0 {
			continue
		}
		last = i
		sum += k.Weight
		for ; next < sum && len(assigned) < n; next += step {
			assigned = append(assigned, i)
		}
	}
	for len(assigned) < n { // rounding at the very end
		assigned = append(assigned, last)
	}
	return assigned
}

// MakeAll returns what accuracies are measured on: for example i one negative
// of each kind that ends, and of each kind that the settings also have without
// end (Unended above 0) one that does not, whatever the weights. A kind that
// can make none of this example is left out.
func (m *Maker) MakeAll(seed, i int) []Negative {
	s := m.source(i)
	var made []Negative
	for _, k := range m.settings.chosen {
		for _, ended := range []bool{true, false} {
			if !ended && k.Unended == 0 {
				continue
			}
			r := random.New(seed, "negatives", "one of each", s.Example.ID, k.name, ended)
			if n, ok := s.negative(k, ended, r); ok {
				made = append(made, n)
			}
		}
	}
	return made
}

// negative draws a response of a kind until it is none of the truths.
func (s *Source) negative(k chosen, ended bool, r *rand.Rand) (Negative, bool) {
	end := s.maker.codec.End()
	for range draws {
		tokens := k.kind.Make(s, ended, r)
		length := len(tokens)
		if ended {
			length-- // the end token is last, and nowhere else
		}
		if length <= 0 || slices.Index(tokens, end) != lastIndex(length, ended) {
			continue
		}
		text := s.maker.codec.Text(tokens)
		if s.isTruth(tokens, text) {
			continue
		}
		return Negative{s.Example.ID, k.name, ended, tokens, text}, true
	}
	return Negative{}, false
}

// lastIndex is where the end token is to be in a response of length tokens.
func lastIndex(length int, ended bool) int {
	if ended {
		return length
	}
	return -1
}

// isTruth tells whether a response is one of the example's references, or
// differs from one in case, space and punctuation around it alone.
func (s *Source) isTruth(tokens []int, text string) bool {
	plain := normal(text)
	for _, reference := range s.Example.References {
		truth, _ := s.maker.codec.Response(reference)
		if slices.Equal(tokens, truth) || plain == normal(reference) || plain == normal(s.maker.codec.Text(truth)) {
			return true
		}
	}
	return false
}

// normal returns text as isTruth compares it.
func normal(text string) string {
	text = strings.TrimFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsPunct(c) })
	return strings.ToLower(strings.Join(strings.Fields(text), " "))
}

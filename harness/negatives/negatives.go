// Package negatives makes bad responses out of good ones. They are what the
// reward model learns to put below the ground truth; no human judges anything.
//
// There are five kinds (arXiv 2408.16753): random tokens, another example's
// reference, the truth with its words shuffled, the truth caught in a
// repetition, and a copy of the input. Each is made with the end token or
// without it. One without is as long as a response can be, because that is
// where decoding cuts: a loop goes on, a shuffle is followed by further
// shuffles, a copy by the rest of the input. Without those a reward model
// judges only what ends, and likes loops that never do.
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

	"lastmile/experiments"
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

// Kind is a way to spoil a response.
type Kind interface {
	// Name is the kind's name in sweep files and reports.
	Name() string
	// Make returns the tokens of a bad response for s, with the end token last
	// if ended is asked for, otherwise without it and s.MaxResponse long. It
	// returns nil where this draw, or s, makes none. It need not look whether
	// it hit the truth.
	Make(s *Source, ended bool, r *rand.Rand) []int
}

// registered lists the kinds, each with its section of the sweep file.
var registered = []struct {
	kind   Kind
	config func(experiments.Negatives) experiments.Negative
}{
	{randomTokens{}, func(c experiments.Negatives) experiments.Negative { return c.Random }},
	{irrelevant{}, func(c experiments.Negatives) experiments.Negative { return c.Irrelevant }},
	{shuffled{}, func(c experiments.Negatives) experiments.Negative { return c.Shuffled }},
	{repetitive{}, func(c experiments.Negatives) experiments.Negative { return c.Repetitive }},
	{copied{}, func(c experiments.Negatives) experiments.Negative { return c.Copy }},
}

// Names returns the names of the kinds, in the order of reports.
func Names() []string {
	var names []string
	for _, k := range registered {
		names = append(names, k.kind.Name())
	}
	return names
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
	config     experiments.Negatives
	codec      *data.Codec
	vocabulary Vocabulary
	examples   []data.Example
	tokens     []int // of the vocabulary, without special ones
}

// New returns a maker of negatives for examples, which are also the pool that
// irrelevant responses come from.
func New(config experiments.Negatives, codec *data.Codec, vocabulary Vocabulary, examples []data.Example) (*Maker, error) {
	m := &Maker{config: config, codec: codec, vocabulary: vocabulary, examples: examples}
	for id := range vocabulary.VocabSize() {
		if !vocabulary.IsSpecial(id) && id != codec.End() {
			m.tokens = append(m.tokens, id)
		}
	}
	if len(m.tokens) == 0 {
		return nil, fmt.Errorf("negatives: a vocabulary of %d tokens has none that is not special", vocabulary.VocabSize())
	}
	if config.PerExample < 1 {
		return nil, fmt.Errorf("negatives.per_example: found %d, expected at least 1", config.PerExample)
	}
	total := 0.0
	for _, k := range registered {
		weight := k.config(config).Weight
		if !(weight >= 0) {
			return nil, fmt.Errorf("negatives.%s.weight: found %g, expected 0 or more", k.kind.Name(), weight)
		}
		total += weight
	}
	if total == 0 {
		return nil, fmt.Errorf("negatives: all weights are 0, expected one above it")
	}
	for i, e := range examples {
		if len(e.References) == 0 {
			return nil, fmt.Errorf("negatives: example %d (%q) has no reference", i, e.ID)
		}
	}
	return m, nil
}

// Make returns the negatives of example i: PerExample of them, fewer only where
// no kind in use can make one. A kind that cannot (a truth of one letter
// cannot be shuffled) leaves its place to the next.
func (m *Maker) Make(seed, i int) []Negative {
	s := m.source(i)
	var made []Negative
	for place, first := range m.assign(random.New(seed, "negatives", s.Example.ID)) {
		r := random.New(seed, "negatives", s.Example.ID, place)
		for step := range registered {
			k := registered[(first+step)%len(registered)]
			c := k.config(m.config)
			if c.Weight == 0 {
				continue
			}
			if n, ok := s.negative(k.kind, r.Float64() >= c.Unended, r); ok {
				made = append(made, n)
				break
			}
		}
	}
	return made
}

// assign returns the kind, by its place in registered, of each negative of a group.
// It walks the weights in equal steps from a random start (systematic
// sampling), so that a group holds each kind as often as its share says, up to
// one more or less, and over examples the shares are exact in expectation.
func (m *Maker) assign(r *rand.Rand) []int {
	total := 0.0
	for _, k := range registered {
		total += k.config(m.config).Weight
	}
	step := total / float64(m.config.PerExample)
	next := r.Float64() * step
	var kinds []int
	sum := 0.0
	last := 0
	for i, k := range registered {
		weight := k.config(m.config).Weight
		if weight == 0 {
			continue
		}
		last = i
		sum += weight
		for ; next < sum && len(kinds) < m.config.PerExample; next += step {
			kinds = append(kinds, i)
		}
	}
	for len(kinds) < m.config.PerExample { // rounding at the very end
		kinds = append(kinds, last)
	}
	return kinds
}

// MakeAll returns what accuracies are measured on: for example i one negative
// of each kind that ends, and of each kind that the configuration also has
// without end (Unended above 0) one that does not, whatever the weights. A
// kind that can make none of this example is left out.
func (m *Maker) MakeAll(seed, i int) []Negative {
	s := m.source(i)
	var made []Negative
	for _, k := range registered {
		for _, ended := range []bool{true, false} {
			if !ended && k.config(m.config).Unended == 0 {
				continue
			}
			r := random.New(seed, "negatives", "one of each", s.Example.ID, k.kind.Name(), ended)
			if n, ok := s.negative(k.kind, ended, r); ok {
				made = append(made, n)
			}
		}
	}
	return made
}

// negative draws a response of a kind until it is none of the truths.
func (s *Source) negative(kind Kind, ended bool, r *rand.Rand) (Negative, bool) {
	end := s.maker.codec.End()
	for range draws {
		tokens := kind.Make(s, ended, r)
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
		return Negative{s.Example.ID, kind.Name(), ended, tokens, text}, true
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

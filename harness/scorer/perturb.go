package scorer

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// kind is a way to make a hypothesis of a reference's words, at least one.
type kind struct {
	name string
	make func(s source, r *rand.Rand, words []string) []string
}

// same is the name of the kind that changes nothing.
const same = "same"

// kinds lists the ways, each as frequent as the others. How much is changed is
// drawn anew for each pair, from one word to all of them, so that targets of
// all sizes come up. A new way is added here. Those of the names in exclude are
// left out, also of what is mixed.
func kinds(exclude []string, more ...kind) []kind {
	excluded := func(k kind) bool { return slices.Contains(exclude, k.name) }
	ways := slices.DeleteFunc(append(distortions(), more...), excluded)
	all := append(slices.Clone(ways), kind{same, func(_ source, _ *rand.Rand, words []string) []string { return words }})
	if len(ways) > 0 {
		all = append(all, kind{"mixed", mixed(ways)})
	}
	return slices.DeleteFunc(all, excluded)
}

// kindNames returns the names of the kinds of distortions, for scorer.exclude.
func kindNames() []string {
	var names []string
	for _, k := range kinds(nil, slices.Concat(adequacyKinds(nil), fluencyKinds(nil, nil), []kind{{name: nearest}})...) {
		if k.name != same {
			names = append(names, k.name)
		}
	}
	return names
}

// distortions are the kinds that can be applied on top of each other.
func distortions() []kind {
	return []kind{
		{"dropped", source.dropped},
		{"swapped", source.swapped},
		{"replaced", source.replaced},
		{"shuffled", source.shuffled},
		{"repeated", source.repeated},
		{"truncated", source.truncated},
		{"other", source.other},
		{"drifted", source.drifted},
		{"looped", source.looped},
		{"case", source.cased},
	}
}

// source is the references that pairs are made of, each as its words.
type source [][]string

// newSource takes the words of the references, those without any left out.
func newSource(references []string) source {
	var s source
	for _, text := range references {
		if words := strings.Fields(text); len(words) > 0 {
			s = append(s, words)
		}
	}
	return s
}

// pair makes a pair of the reference of the given words.
func (s source) pair(k kind, r *rand.Rand, words []string) Pair {
	made := k.make(s, r, slices.Clone(words))
	return Pair{Reference: strings.Join(words, " "), Hypothesis: strings.Join(made, " ")}
}

// draft makes a pair of which it knows whether the hypothesis is as somebody
// wrote it, and says the same.
func (s source) draft(k kind, r *rand.Rand, words []string) draft {
	return draft{
		Pair:     s.pair(k, r, words),
		genuine:  slices.Contains([]string{same, "other", paraphrase}, k.name),
		adequate: slices.Contains(adequateKinds, k.name),
	}
}

// other is another example's reference.
func (s source) other(r *rand.Rand, _ []string) []string {
	return slices.Clone(s[r.IntN(len(s))])
}

// word is a word of the references, as likely as it is frequent there.
func (s source) word(r *rand.Rand) string {
	words := s[r.IntN(len(s))]
	return words[r.IntN(len(words))]
}

// dropped leaves words out, each with the same chance.
func (s source) dropped(r *rand.Rand, words []string) []string {
	share := r.Float64()
	sure := r.IntN(len(words))
	var kept []string
	for i, w := range words {
		if i != sure && r.Float64() >= share {
			kept = append(kept, w)
		}
	}
	return kept
}

// replaced puts words of other references into the place of words.
func (s source) replaced(r *rand.Rand, words []string) []string {
	share := r.Float64()
	sure := r.IntN(len(words))
	for i := range words {
		if i == sure || r.Float64() < share {
			words[i] = s.word(r)
		}
	}
	return words
}

// swapped exchanges neighbours, once or several times.
func (s source) swapped(r *rand.Rand, words []string) []string {
	if len(words) < 2 {
		return words
	}
	for range 1 + r.IntN(1+len(words)/2) {
		words = s.misplaced(r, words)
	}
	return words
}

// shuffled puts the words of a span into a random order.
func (s source) shuffled(r *rand.Rand, words []string) []string {
	if len(words) < 2 {
		return words
	}
	n := 2 + r.IntN(len(words)-1)
	from := r.IntN(len(words) - n + 1)
	span := words[from : from+n]
	r.Shuffle(n, func(i, j int) { span[i], span[j] = span[j], span[i] })
	return words
}

// repeated says a span again, one to three times, on the spot.
func (s source) repeated(r *rand.Rand, words []string) []string {
	n := 1 + r.IntN(len(words))
	from := r.IntN(len(words) - n + 1)
	span := slices.Clone(words[from : from+n])
	return slices.Insert(words, from+n, slices.Repeat(span, 1+r.IntN(3))...)
}

// truncated stops early, before the first word at worst.
func (s source) truncated(r *rand.Rand, words []string) []string {
	return words[:r.IntN(len(words))]
}

// drifted begins like the reference and goes on like another one.
func (s source) drifted(r *rand.Rand, words []string) []string {
	other := s.other(r, nil)
	return append(words[:1+r.IntN(len(words))], other[r.IntN(len(other)):]...)
}

// looped is what a language model does that finds no end: it begins like the
// reference, or like another one, and goes on with its last words in circles.
func (s source) looped(r *rand.Rand, words []string) []string {
	length := len(words) + 1 + r.IntN(2*len(words)+4)
	begin := words
	if r.IntN(4) == 0 {
		begin = s.other(r, nil)
	}
	begin = begin[:1+r.IntN(len(begin))]
	circle := 1 + r.IntN(min(4, len(begin)))
	for len(begin) < length {
		begin = append(begin, begin[len(begin)-circle])
	}
	return begin
}

// cased writes all words, or some, in capitals, in small letters, or with a
// capital.
func (s source) cased(r *rand.Rand, words []string) []string {
	write := []func(string) string{strings.ToUpper, strings.ToLower, capital}[r.IntN(3)]
	share := max(r.Float64(), float64(r.IntN(2)))
	for i, w := range words {
		if r.Float64() < share {
			words[i] = write(w)
		}
	}
	return words
}

func capital(word string) string {
	runes := []rune(strings.ToLower(word))
	return strings.ToUpper(string(runes[:1])) + string(runes[1:])
}

// mixed applies two distortions, one after the other.
func mixed(ways []kind) func(source, *rand.Rand, []string) []string {
	return func(s source, r *rand.Rand, words []string) []string {
		for range 2 {
			if len(words) > 0 {
				words = ways[r.IntN(len(ways))].make(s, r, words)
			}
		}
		return words
	}
}

package negatives

import (
	"math/rand/v2"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/data"
)

// entity is the truth with another name in the place of one of its own, or of
// several: a hallucination that reads as well as the truth. names.go says what a name
// is.
type entity struct {
	nearby float64
	names  *namesOfTruths
}

// entitySettings are those of the truth with other names in the place of its own. A
// name is a word with a capital (that of a first word counts only where the word
// mostly has it elsewhere), with a digit among letters, or what stands between
// quotation marks; neighbours are one name. A truth without any has the rarest words
// that it shares with the input exchanged instead, and where there are none, none is
// made of it.
type entitySettings struct {
	Ended
	// Nearby is how often, where that is possible, the other name comes from the
	// same input, or is one more of the truth's, with which it changes places. All
	// others come from other truths.
	Nearby float64 `toml:"nearby" json:"nearby"`
}

var entityKind = define("entity", false, entitySettings{Ended{Weight: 1}, 0.5}, experiments.Rules{"nearby": experiments.From(0, 1)},
	func(s entitySettings) Kind { return &entity{nearby: s.Nearby} })

func (k *entity) over(examples []data.Example) Kind {
	return &entity{k.nearby, namesOf(examples)}
}

// Make replaces a name wherever it stands, and each further one as often as not.
func (k *entity) Make(s *Source, _ bool, r *rand.Rand) []int {
	own, around := k.names.in(s.Truth), k.names.in(s.Input)
	if len(own) == 0 {
		own, around = k.names.rareIn(s.Truth, s.Input), k.names.rareIn(s.Input, s.Input)
	}
	if len(own) == 0 {
		return nil
	}
	// The names of the truth, each once.
	var distinct []name
	for _, n := range own {
		if !slices.ContainsFunc(distinct, n.same) {
			distinct = append(distinct, n)
		}
	}
	r.Shuffle(len(distinct), func(i, j int) { distinct[i], distinct[j] = distinct[j], distinct[i] })
	other := map[string]string{}
	for i, n := range distinct {
		if _, exchanged := other[n.text]; exchanged || i > 0 && r.IntN(2) == 0 {
			continue
		}
		if r.Float64() < k.nearby {
			if partner, ok := partnerOf(n, distinct, other, r); ok && !merelyJoined(s.Truth, own, n, partner) && r.IntN(2) == 0 {
				other[n.text], other[partner.text] = partner.text, n.text
				continue
			}
			if found := n.draw(ofClass(around, n.class), s.Truth, r); found != "" {
				other[n.text] = found
				continue
			}
		}
		if found := n.draw(k.names.like(n), s.Truth, r); found != "" {
			other[n.text] = found
		}
	}
	var made strings.Builder
	behind := 0
	for _, n := range own {
		if text, ok := other[n.text]; ok {
			made.WriteString(s.Truth[behind:n.start])
			made.WriteString(text)
			behind = n.end
		}
	}
	made.WriteString(s.Truth[behind:])
	return s.response(made.String())
}

// partnerOf draws another name of the truth, of the same class, not replaced yet, and as
// much a place as n.
func partnerOf(n name, distinct []name, other map[string]string, r *rand.Rand) (name, bool) {
	var partners []name
	for _, p := range distinct {
		if _, replaced := other[p.text]; !replaced && p.class == n.class && p.located() == n.located() && !n.same(p) {
			partners = append(partners, p)
		}
	}
	if len(partners) == 0 {
		return name{}, false
	}
	return partners[r.IntN(len(partners))], true
}

// ofClass returns the names of a class.
func ofClass(names []name, class string) []name {
	var found []name
	for _, n := range names {
		if n.class == class {
			found = append(found, n)
		}
	}
	return found
}

// merelyJoined reports whether two names stand in a text once each, with "and" or "or"
// between them: to exchange them would say the same.
func merelyJoined(text string, own []name, a, b name) bool {
	first, second, times := a, b, 0
	if b.start < a.start {
		first, second = b, a
	}
	for _, n := range own {
		if n.same(a) || n.same(b) {
			times++
		}
	}
	switch strings.Trim(text[first.end:second.start], "#\"'”“ ") {
	case "and", "or", "/", "&", ",":
		return times == 2
	}
	return false
}

// draw draws a name to replace n, which is not in the truth, is as much a place as n and
// goes with the article before n; "" where there is none, or none is found in a few draws.
func (n name) draw(from []name, truth string, r *rand.Rand) string {
	if len(from) == 0 {
		return ""
	}
	truth = strings.ToLower(truth)
	article := n.before == "a" || n.before == "an"
	for range draws {
		other := from[r.IntN(len(from))]
		if !strings.Contains(truth, strings.ToLower(other.text)) && other.located() == n.located() && !(article && vowel(other.text) != vowel(n.text)) {
			return other.text
		}
	}
	return ""
}

// located reports whether a name stands where that of a place does, which is no name for
// a person.
func (n name) located() bool {
	switch n.before {
	case "in", "at", "near", "into":
		return true
	}
	return false
}

// vowel reports whether a word begins with a letter for a vowel.
func vowel(word string) bool { return strings.ContainsRune("aeiouAEIOU", rune(word[0])) }

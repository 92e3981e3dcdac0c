package experiments

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Rules say, by key within a section, which values the key may have. Every key
// has a rule.
type Rules map[string]Check

// And returns the rules of both; those given count where both have a key.
func (r Rules) And(more Rules) Rules {
	all := Rules{}
	for _, rules := range []Rules{r, more} {
		for key, check := range rules {
			all[key] = check
		}
	}
	return all
}

// Check is a condition on a single value.
type Check struct {
	// Allowed names the values for people: "at least 1". It is empty where all
	// values pass.
	Allowed string
	// Broken says what is wrong with a value, or "". The value has the type of
	// its field.
	Broken func(value any) string
}

// Anything allows every value.
var Anything = Check{Broken: func(any) string { return "" }}

// Finite allows every number but infinities.
var Finite = ranged("a finite number", func(float64) bool { return true })

// NonEmpty allows every text but the empty one.
var NonEmpty = Check{"not empty", func(value any) string {
	if value == "" {
		return "must not be empty"
	}
	return ""
}}

// Matching allows the texts that a regular expression matches; allowed says in
// words what they are made of.
func Matching(allowed, pattern string) Check {
	compiled := regexp.MustCompile(pattern)
	return Check{allowed, func(value any) string {
		if text, ok := value.(string); ok && !compiled.MatchString(text) {
			return fmt.Sprintf("%s is not made of %s", quoteShort(text), allowed)
		}
		return ""
	}}
}

// Containing allows the texts that have a place holder, such as "{input}",
// exactly once.
func Containing(place string) Check {
	return Check{"contains " + place + " once", func(value any) string {
		text, _ := value.(string)
		if n := strings.Count(text, place); n != 1 {
			return fmt.Sprintf("%s must contain %s once, and has it %d times", quoteShort(text), place, n)
		}
		return ""
	}}
}

// Choice allows the names of a short list. The noun is what a name is one of:
// "estimator".
func Choice(noun string, names ...string) Check {
	return Check{"one of " + strings.Join(names, ", "), func(value any) string {
		return unknownName(noun, value, names)
	}}
}

// OneOf allows the names that are registered somewhere. They are asked for only
// when a value is checked.
func OneOf(noun string, names func() []string) Check {
	return Check{article(noun), func(value any) string { return unknownName(noun, value, names()) }}
}

// mostListed is how many names a message lists where one of them is near.
const mostListed = 12

func unknownName(noun string, value any, names []string) string {
	text, _ := value.(string)
	if slices.Contains(names, text) {
		return ""
	}
	if meant := DidYouMean(text, names); meant != "" && len(names) > mostListed {
		return fmt.Sprintf("unknown %s %s%s", noun, quoteShort(text), meant)
	}
	return fmt.Sprintf("unknown %s %s; one of %s", noun, quoteShort(text), strings.Join(names, ", "))
}

// article puts the indefinite article before a noun.
func article(noun string) string {
	if noun != "" && strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// List allows lists of at least so many different values, each of which passes
// a check.
func List(each Check, least int) Check {
	allowed := "a list"
	if each.Allowed != "" {
		allowed = "each " + each.Allowed
	}
	if least > 0 {
		allowed += fmt.Sprintf("; at least %d", least)
	}
	return Check{allowed, func(value any) string {
		switch elements := value.(type) {
		case []string:
			return brokenList(elements, each, least)
		case []float64:
			return brokenList(elements, each, least)
		case []int:
			return brokenList(elements, each, least)
		}
		return ""
	}}
}

func brokenList[T comparable](elements []T, each Check, least int) string {
	if len(elements) == 0 && least > 0 {
		return "the list is empty"
	}
	if len(elements) < least {
		return fmt.Sprintf("the list has %d, and needs at least %d", len(elements), least)
	}
	seen := map[T]bool{}
	for _, element := range elements {
		if complaint := each.Broken(element); complaint != "" {
			return complaint
		}
		if seen[element] {
			return render(element) + " is listed twice"
		}
		seen[element] = true
	}
	return ""
}

// largest is the most that a whole number without another bound may be: sums and
// products of a few such numbers can be computed.
const largest = 1 << 31

// AtLeast allows the numbers from a whole number on that a computer can count
// with.
func AtLeast(least int) Check {
	return Check{fmt.Sprintf("at least %d", least), func(value any) string {
		if complaint := ranged(fmt.Sprintf("at least %d", least), func(v float64) bool { return v >= float64(least) }).Broken(value); complaint != "" {
			return complaint
		}
		return ranged(fmt.Sprintf("at most %d", largest), func(v float64) bool { return v <= largest }).Broken(value)
	}}
}

// Whole allows the whole numbers from least to most.
func Whole(least, most int) Check { return From(float64(least), float64(most)) }

// Temperature allows the temperatures at which probabilities are still numbers.
var Temperature = From(0.001, 1000)

// NotBelow allows the numbers from a number on.
func NotBelow(low float64) Check {
	return ranged("at least "+render(low), func(v float64) bool { return v >= low })
}

// Above allows the numbers above a number.
func Above(low float64) Check {
	return ranged("above "+render(low), func(v float64) bool { return v > low })
}

// From allows the numbers from low to high, both included.
func From(low, high float64) Check {
	return ranged("from "+render(low)+" to "+render(high), func(v float64) bool { return v >= low && v <= high })
}

// AboveTo allows the numbers above low up to high, which is included.
func AboveTo(low, high float64) Check {
	return ranged("above "+render(low)+", at most "+render(high), func(v float64) bool { return v > low && v <= high })
}

// FromBelow allows the numbers from low, which is included, to below high.
func FromBelow(low, high float64) Check {
	return ranged("at least "+render(low)+", below "+render(high), func(v float64) bool { return v >= low && v < high })
}

// Between allows the numbers above low and below high.
func Between(low, high float64) Check {
	return ranged("above "+render(low)+", below "+render(high), func(v float64) bool { return v > low && v < high })
}

// ranged allows the finite numbers that a function accepts.
func ranged(allowed string, inside func(float64) bool) Check {
	return Check{allowed, func(value any) string {
		var v float64
		switch n := value.(type) {
		case int:
			v = float64(n)
		case float64:
			v = n
		default:
			return ""
		}
		if inside(v) && !math.IsInf(v, 0) {
			return ""
		}
		return fmt.Sprintf("%s is out of range: %s", render(value), allowed)
	}}
}

package negatives

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// number is the truth with another number in the place of one of its own, or of
// several: all else stays, and so does the form of the number.
type number struct{}

// numberSettings are those of the truth with other numbers, in digits or in words, in
// the place of its own. Of a truth without numbers none is made; digits within a name,
// as in MP3, are none.
type numberSettings struct{ Ended }

var numberKind = define("number", false, numberSettings{Ended{Weight: 1}}, nil, func(numberSettings) Kind { return number{} })

// numerals are numbers in digits, such as 3, 2.5, 9:30 and 12,000, with what makes an
// ordinal of one.
var numerals = regexp.MustCompile(`\d+(?:[.,:]\d+)*(?:st|nd|rd|th)?`)

// dimensions matches what has no other number than one more or less.
var dimensions = regexp.MustCompile(`^[23](?:D|d|-D|-d)\b`)

// sides matches what stands before the second number of 16x16, which is one although
// it follows a letter.
var sides = regexp.MustCompile(`\dx$`)

// numeralParts are the digits of a number and the marks between them.
var numeralParts = regexp.MustCompile(`\d+|[.,:]`)

// letters are words in which a number may be.
var letters = regexp.MustCompile(`\p{L}+`)

// numberWords are the numbers that replace each other. One is missing: it is a pronoun
// as often, and what follows is in the singular.
var numberWords = [][]string{
	{"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"},
	{"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"},
	{"first", "second", "third", "fourth", "fifth", "sixth", "seventh"},
	{"hundred", "thousand", "million", "billion"},
	{"single", "double", "triple"},
}

// Make changes a number wherever it stands, and each further one as often as not.
func (number) Make(s *Source, _ bool, r *rand.Rand) []int {
	places := numbers(s.Truth)
	if len(places) == 0 {
		return nil
	}
	sure := places[r.IntN(len(places))]
	other := map[string]string{}
	var made strings.Builder
	behind := 0
	for _, p := range places {
		own := s.Truth[p.start:p.end]
		if _, drawn := other[own]; !drawn {
			other[own] = own
			if s.Truth[sure.start:sure.end] == own || r.IntN(2) == 0 {
				other[own] = otherNumber(own, r)
			}
			if dimensions.MatchString(s.Truth[p.start:]) {
				other[own] = map[string]string{"2": "3", "3": "2"}[own]
			}
		}
		made.WriteString(s.Truth[behind:p.start])
		made.WriteString(other[own])
		behind = p.end
	}
	made.WriteString(s.Truth[behind:])
	return s.response(made.String())
}

// numbers returns the places of the numbers in a text. A single 1 before a word is
// none: what it counts would have to change too.
func numbers(text string) []place {
	var found []place
	for _, m := range numerals.FindAllStringIndex(text, -1) {
		ahead := text[:m[0]]
		if sides.MatchString(ahead) {
			ahead = ""
		}
		before, _ := utf8.DecodeLastRuneInString(ahead)
		after := strings.TrimLeft(text[m[1]:], " -")
		next, _ := utf8.DecodeRuneInString(after)
		if unicode.IsLetter(before) || unicode.IsDigit(before) || strings.ContainsRune("_#", before) ||
			text[m[0]:m[1]] == "1" && unicode.IsLetter(next) {
			continue
		}
		found = append(found, place{m[0], m[1]})
	}
	for _, m := range letters.FindAllStringIndex(text, -1) {
		word := strings.ToLower(text[m[0]:m[1]])
		// A second is a time more often than not, and "at first" no number.
		other := word == "second" || strings.HasSuffix(strings.ToLower(text[:m[0]]), "at ")
		if list, _ := listOf(word); list != nil && !other {
			found = append(found, place{m[0], m[1]})
		}
	}
	slices.SortFunc(found, func(a, b place) int { return a.start - b.start })
	return found
}

// listOf finds a number word.
func listOf(word string) (list []string, at int) {
	for _, list := range numberWords {
		if at := slices.Index(list, word); at >= 0 {
			return list, at
		}
	}
	return nil, -1
}

// otherNumber draws a plausible number in the form of own.
func otherNumber(own string, r *rand.Rand) string {
	if list, at := listOf(strings.ToLower(own)); list != nil {
		word := list[(at+1+r.IntN(len(list)-1))%len(list)]
		switch first, _ := utf8.DecodeRuneInString(own); {
		case strings.ToUpper(own) == own:
			return strings.ToUpper(word)
		case unicode.IsUpper(first):
			return strings.ToUpper(word[:1]) + word[1:]
		}
		return word
	}
	digits := strings.TrimRight(own, "sthndr")
	if digits != own {
		n := otherDigits(digits, r)
		return n + ordinal(n)
	}
	switch parts := strings.Split(own, ":"); {
	case len(parts) == 2 && len(parts[1]) == 2: // a time of day
		if r.IntN(2) == 0 {
			return otherDigits(parts[0], r) + ":" + parts[1]
		}
		return parts[0] + ":" + otherMinutes(parts[1], r)
	}
	// A version or a decimal changes in one of its parts, 12,000 in the first.
	parts := numeralParts.FindAllString(own, -1)
	at := 2 * r.IntN((len(parts)+1)/2)
	if strings.Contains(own, ",") {
		at = 0
	}
	parts[at] = otherDigits(parts[at], r)
	return strings.Join(parts, "")
}

// ordinal is what follows a number in digits: st, nd, rd or th.
func ordinal(digits string) string {
	if n := len(digits); n < 2 || digits[n-2] != '1' {
		switch digits[n-1] {
		case '1':
			return "st"
		case '2':
			return "nd"
		case '3':
			return "rd"
		}
	}
	return "th"
}

// otherMinutes draws another multiple of five minutes.
func otherMinutes(own string, r *rand.Rand) string {
	for {
		if minutes := fmt.Sprintf("%02d", 5*r.IntN(12)); minutes != own {
			return minutes
		}
	}
}

// sizes are numbers of bits and the like, which replace each other.
var sizes = []string{"8", "16", "32", "64", "128", "256", "512", "1024"}

// otherDigits draws another number of as many digits: a size for a size, a year near a
// year, a round number for a round one.
func otherDigits(own string, r *rand.Rand) string {
	if at := slices.Index(sizes, own); at > 0 {
		return sizes[(at+1+r.IntN(len(sizes)-1))%len(sizes)]
	}
	if own[0] == '0' || len(own) > 9 {
		at := r.IntN(len(own))
		return own[:at] + string('0'+(own[at]-'0'+byte(1+r.IntN(9)))%10) + own[at+1:]
	}
	n, err := strconv.Atoi(own)
	if err != nil {
		return own
	}
	least, most := int(math.Pow10(len(own)-1)), int(math.Pow10(len(own)))-1
	if len(own) == 1 {
		least = 2 // what 1 counts is in the singular
	}
	step := 1
	for n%(10*step) == 0 && 10*step < most {
		step *= 10
	}
	for {
		other := int(math.Round(float64(n)*math.Exp(0.4*r.NormFloat64())/float64(step))) * step
		switch {
		case n >= 1900 && n < 2100:
			other = n - 20 + r.IntN(41)
		case len(own) == 1:
			other = 2 + r.IntN(8)
		}
		if other != n && other >= least && other <= most {
			return strconv.Itoa(other)
		}
	}
}

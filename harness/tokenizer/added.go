package tokenizer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedTokens is a set of tokens that are looked for in the text itself.
type addedTokens struct {
	byContent map[string]*addedToken
	lengths   [256][]int // of those with a first byte, in bytes, the longest first
	empty     bool
	only      int // the first byte, where all have the same; else -1
}

// newAddedTokens makes a set; tokens without content are never found.
func newAddedTokens(tokens []*addedToken) addedTokens {
	set := addedTokens{byContent: make(map[string]*addedToken, len(tokens)), only: -1, empty: true}
	firsts := 0
	for _, t := range tokens {
		if t.Content == "" || set.byContent[t.Content] != nil {
			continue
		}
		set.empty = false
		set.byContent[t.Content] = t
		b := t.Content[0]
		if set.lengths[b] == nil {
			firsts++
			set.only = int(b)
		}
		if at, found := slices.BinarySearchFunc(set.lengths[b], len(t.Content), func(a, b int) int { return b - a }); !found {
			set.lengths[b] = slices.Insert(set.lengths[b], at, len(t.Content))
		}
	}
	if firsts != 1 {
		set.only = -1
	}
	return set
}

// match is an added token found in a text.
type match struct {
	token      *addedToken // nil where a token stood within a word, which it must not
	start, end int         // its place, with the spaces that it takes along
	from       int         // where to look for the next
}

// next finds the leftmost added token from position from on, and the longest of
// those. Text before done belongs to the match before.
func (a *addedTokens) next(text string, from, done int) (match, bool) {
	for i := from; i < len(text); i++ {
		if a.only >= 0 {
			n := strings.IndexByte(text[i:], byte(a.only))
			if n < 0 {
				return match{}, false
			}
			i += n
		}
		for _, n := range a.lengths[text[i]] {
			if n > len(text)-i {
				continue
			}
			if t := a.byContent[text[i:i+n]]; t != nil {
				return t.at(text, i, done), true
			}
		}
	}
	return match{}, false
}

// at is the match of t at position start.
func (t *addedToken) at(text string, start, done int) match {
	end := start + len(t.Content)
	m := match{t, start, end, end}
	if t.SingleWord {
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if start > 0 && inWord(before) || end < len(text) && inWord(after) {
			m.token = nil
			return m
		}
	}
	if t.Lstrip {
		if done < start {
			m.start = done + len(strings.TrimRightFunc(text[done:start], unicode.IsSpace))
		}
	}
	if t.Rstrip {
		m.end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
	}
	return m
}

// inWord tells whether c is matched by \w.
func inWord(c rune) bool {
	return unicode.IsLetter(c) || unicode.In(c, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control,
		newLetters, newNumbers)
}

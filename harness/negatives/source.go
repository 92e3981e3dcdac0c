package negatives

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"lastmile/harness/data"
)

// Source is what the negatives of one example are made from.
type Source struct {
	Example data.Example
	// Input is as much of the example's input as its prompt shows.
	Input string
	// Truth is the example's first reference.
	Truth string
	// TruthTokens is its length in tokens, the end token not counted.
	TruthTokens int
	// MaxResponse is the longest response in tokens, the end token included.
	MaxResponse int

	maker *Maker
	index int
	used  map[int]bool // examples whose references are already in the group

	nearest []int // examples with the most similar references, once they are asked for
	misses  int   // those of them that were taken or do not fit

	sampled [][]int // the policy's samples that are left, once they are asked for
}

func (m *Maker) source(i int) *Source {
	e := m.examples[i]
	s := &Source{
		Example:     e,
		Truth:       e.References[0],
		MaxResponse: m.codec.MaxResponse(),
		maker:       m,
		index:       i,
		used:        map[int]bool{i: true},
	}
	truth, ended := m.codec.Response(s.Truth)
	s.TruthTokens = len(truth)
	if ended {
		s.TruthTokens--
	}
	s.Input = m.Input(i)
	return s
}

// Input is as much of example i's input as its prompt shows.
func (m *Maker) Input(i int) string { return m.codec.Shown(m.examples[i]) }

// response returns the tokens of text with the end token, nil where it is too
// long for that.
func (s *Source) response(text string) []int {
	tokens, ended := s.maker.codec.Response(text)
	if !ended {
		return nil
	}
	return tokens
}

// prolonged returns the tokens of text, and of what more gives as long as they
// are fewer than MaxResponse, without an end token. It returns nil where more
// has nothing to give.
func (s *Source) prolonged(text string, more func() string) []int {
	for size := 4 * s.MaxResponse; size <= 1024*s.MaxResponse; size *= 2 {
		for len(text) < size {
			next := more()
			if next == "" {
				return nil
			}
			text += next
		}
		if tokens, ended := s.maker.codec.Response(text); !ended {
			return tokens
		}
	}
	return nil
}

// place is the part of a text from byte start to before end.
type place struct{ start, end int }

// words returns the places of text's words: what white space separates, or, in
// a text of one word, as those of Chinese and Japanese are, its characters.
func words(text string) []place {
	var found []place
	start := -1
	for i, c := range text {
		switch space := unicode.IsSpace(c); {
		case space && start >= 0:
			found = append(found, place{start, i})
			start = -1
		case !space && start < 0:
			start = i
		}
	}
	if start >= 0 {
		found = append(found, place{start, len(text)})
	}
	if len(found) != 1 {
		return found
	}
	word := found[0]
	found = found[:0]
	for i := word.start; i < word.end; {
		_, n := utf8.DecodeRuneInString(text[i:])
		found = append(found, place{i, i + n})
		i += n
	}
	return found
}

// split returns text's words, and what stands between two of them.
func split(text string) (parts []string, between string) {
	places := words(text)
	for i, p := range places {
		parts = append(parts, text[p.start:p.end])
		if i > 0 && places[i-1].end < p.start {
			between = " "
		}
	}
	return parts, between
}

// sentenceStarts returns which of the words parts begin a sentence, the first
// among them.
func sentenceStarts(parts []string) []int {
	starts := []int{0}
	for i, part := range parts[:max(len(parts)-1, 0)] {
		if strings.ContainsAny(part[len(part)-1:], ".!?") || strings.HasSuffix(part, "。") {
			starts = append(starts, i+1)
		}
	}
	return starts
}

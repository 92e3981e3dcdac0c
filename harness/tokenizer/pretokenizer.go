package tokenizer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lastmile/harness/foreign"
)

// preTokenizer is the section pre_tokenizer, as far as it is supported.
type preTokenizer struct {
	Type          string         `json:"type"`
	PreTokenizers []preTokenizer `json:"pretokenizers,omitempty"`
	// AddPrefixSpace and UseRegex are those of ByteLevel; older files have the
	// first in Metaspace too.
	AddPrefixSpace *bool `json:"add_prefix_space"`
	UseRegex       *bool `json:"use_regex,omitempty"`
	// IndividualDigits is that of Digits.
	IndividualDigits bool `json:"individual_digits"`
	// Pattern, Behavior and Invert are those of Split.
	Pattern struct {
		Regex  string `json:"Regex"`
		String string `json:"String"`
	} `json:"pattern"`
	Behavior string `json:"behavior"`
	Invert   bool   `json:"invert"`
	// Replacement, PrependScheme and Split are those of Metaspace.
	Replacement   string `json:"replacement"`
	PrependScheme string `json:"prepend_scheme"`
	Split         *bool  `json:"split"`
}

// cut is one pre-tokenizer: it may write a text anew, and cuts it.
type cut struct {
	// rewrite is nil where the text stays as it is. first tells whether it is
	// the beginning of the whole text.
	rewrite func(text string, first bool) string
	// word returns the length in bytes of the first word of a text that is not
	// empty; nil where it is not cut.
	word func(text string) int
}

// splitPatterns are the patterns of Split that are understood, by what is
// written in the file. Go's regexp has no look-ahead, and a function is some
// fifty times as fast.
var splitPatterns = map[string]func(text string) int{
	`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`:                                          gpt2Word,
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: llama3Word(3),
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:      llama3Word(1),
}

// compilePreTokenizer reads the section pre_tokenizer. bytes tells whether what
// it makes of a text is bytes, spelled as characters.
func compilePreTokenizer(raw json.RawMessage) (cuts []cut, bytes bool, err error) {
	var p preTokenizer
	if len(raw) == 0 || string(raw) == "null" {
		return nil, false, nil
	}
	if err := foreign.Decode(raw, &p); err != nil {
		return nil, false, fmt.Errorf("pre_tokenizer: %w", err)
	}
	parts := []preTokenizer{p}
	if p.Type == "Sequence" {
		parts = p.PreTokenizers
	}
	for i, part := range parts {
		if bytes {
			return nil, false, fmt.Errorf("pre_tokenizer %q after ByteLevel is not supported; expected ByteLevel at the end", part.Type)
		}
		var s cut
		switch part.Type {
		case "Digits":
			s.word = digitsTogether
			if part.IndividualDigits {
				s.word = digitsApart
			}
		case "Split":
			if s.word, err = part.splitter(); err != nil {
				return nil, false, err
			}
		case "ByteLevel":
			bytes = true
			if part.UseRegex == nil || *part.UseRegex {
				s.word = gpt2Word
			}
			if part.AddPrefixSpace == nil || *part.AddPrefixSpace {
				s.rewrite = func(text string, _ bool) string {
					if text == "" || text[0] == ' ' {
						return text
					}
					return " " + text
				}
			}
		case "Metaspace":
			if s, err = part.metaspace(); err != nil {
				return nil, false, err
			}
		default:
			return nil, false, fmt.Errorf("pre_tokenizer %q at place %d of %d is not supported; "+
				"supported are ByteLevel, Split, Digits, Metaspace and a Sequence of them", part.Type, i+1, len(parts))
		}
		cuts = append(cuts, s)
	}
	return cuts, bytes, nil
}

// splitter is what cuts a text in a Split.
func (p preTokenizer) splitter() (func(string) int, error) {
	if literal := p.Pattern.String; literal != "" && p.Behavior == "MergedWithPrevious" && !p.Invert {
		return func(text string) int {
			before, _, found := strings.Cut(text, literal)
			if !found {
				return len(text)
			}
			return len(before) + len(literal)
		}, nil
	}
	word, ok := splitPatterns[p.Pattern.Regex]
	if !ok {
		return nil, fmt.Errorf("pre_tokenizer Split by the pattern %q is not supported; supported are\n  %s",
			p.Pattern.Regex, strings.Join(slices.Sorted(maps.Keys(splitPatterns)), "\n  "))
	}
	// The patterns match everything, so that these two are the same.
	if !(p.Behavior == "Isolated" && !p.Invert || p.Behavior == "Removed" && p.Invert) {
		return nil, fmt.Errorf("pre_tokenizer Split with the behavior %q, invert %v, is not supported; expected Isolated, false", p.Behavior, p.Invert)
	}
	return word, nil
}

// metaspace writes spaces as another character, in front of the text too.
func (p preTokenizer) metaspace() (cut, error) {
	scheme := p.PrependScheme
	if scheme == "" {
		scheme = "always"
	}
	if p.AddPrefixSpace != nil && !*p.AddPrefixSpace {
		scheme = "never"
	}
	if scheme != "always" && scheme != "first" && scheme != "never" {
		return cut{}, fmt.Errorf("pre_tokenizer Metaspace: prepend_scheme %q is not known; expected always, first or never", scheme)
	}
	mark := p.Replacement
	if mark == "" {
		mark = pieceSpace
	}
	s := cut{rewrite: func(text string, first bool) string {
		text = strings.ReplaceAll(text, " ", mark)
		if scheme == "never" || scheme == "first" && !first || strings.HasPrefix(text, mark) {
			return text
		}
		return mark + text
	}}
	if p.Split == nil || *p.Split {
		s.word = func(text string) int {
			if next := strings.Index(text[1:], mark); next >= 0 {
				return next + 1
			}
			return len(text)
		}
	}
	return s, nil
}

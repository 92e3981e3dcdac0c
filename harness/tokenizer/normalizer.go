package tokenizer

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lastmile/harness/foreign"
)

// normalizer is the section normalizer of a tokenizer.json, except for BERT's.
type normalizer struct {
	Type        string            `json:"type"`
	Normalizers []json.RawMessage `json:"normalizers"`
	// Pattern and Content are those of Replace.
	Pattern struct {
		String *string `json:"String"`
		Regex  *string `json:"Regex"`
	} `json:"pattern"`
	Content             string `json:"content"`
	PrecompiledCharsmap []byte `json:"precompiled_charsmap"`
	// Prepend is that of Prepend.
	Prepend string `json:"prepend"`
	// StripLeft and StripRight are those of Strip.
	StripLeft  bool `json:"strip_left"`
	StripRight bool `json:"strip_right"`
}

// compileNormalizer returns what writes a text anew; nothing is done where the
// section is null.
func compileNormalizer(raw json.RawMessage) (func(string) string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return func(text string) string { return text }, nil
	}
	var n normalizer
	if err := foreign.Decode(raw, &n); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	switch n.Type {
	case "Sequence":
		var steps []func(string) string
		for _, part := range n.Normalizers {
			step, err := compileNormalizer(part)
			if err != nil {
				return nil, err
			}
			steps = append(steps, step)
		}
		return func(text string) string {
			for _, step := range steps {
				text = step(text)
			}
			return text
		}, nil
	case "NFC", "NFD", "NFKC", "NFKD":
		form := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}[n.Type]
		return func(text string) string { return inForm(form, text) }, nil
	case "Prepend":
		return func(text string) string {
			if text == "" {
				return text
			}
			return n.Prepend + text
		}, nil
	case "Lowercase":
		return lower, nil
	case "StripAccents":
		return func(text string) string {
			return strings.Map(func(c rune) rune {
				if unicode.Is(unicode.M, c) {
					return -1
				}
				return c
			}, text)
		}, nil
	case "Strip":
		return func(text string) string {
			if n.StripLeft {
				text = strings.TrimLeftFunc(text, unicode.IsSpace)
			}
			if n.StripRight {
				text = strings.TrimRightFunc(text, unicode.IsSpace)
			}
			return text
		}, nil
	case "Replace":
		if n.Pattern.String != nil {
			return func(text string) string { return strings.ReplaceAll(text, *n.Pattern.String, n.Content) }, nil
		}
		if n.Pattern.Regex != nil {
			pattern, err := regexp.Compile(withSpaces(*n.Pattern.Regex))
			if err != nil {
				return nil, fmt.Errorf("normalizer Replace: %w", err)
			}
			return func(text string) string { return pattern.ReplaceAllLiteralString(text, n.Content) }, nil
		}
		return nil, fmt.Errorf("normalizer Replace has neither a String nor a Regex as its pattern")
	case "Precompiled":
		m, err := newCharsmap(n.PrecompiledCharsmap)
		if err != nil {
			return nil, fmt.Errorf("normalizer Precompiled: %w", err)
		}
		return m.byGraphemes, nil
	}
	return nil, fmt.Errorf("normalizer %q is not supported; supported are NFC, NFD, NFKC, NFKD, Prepend, "+
		"Lowercase, StripAccents, Strip, Replace, Precompiled and a Sequence of them", n.Type)
}

// withSpaces writes \s of a pattern as the white space of Unicode that it means to
// Hugging Face's tokenizers; to Go it means that of ASCII.
func withSpaces(pattern string) string {
	var b strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			switch {
			case pattern[i] != 's':
				b.WriteString(pattern[i-1 : i+1])
			case class:
				b.WriteString(unicodeSpaces)
			default:
				b.WriteString("[" + unicodeSpaces + "]")
			}
			continue
		case c == '[':
			class = true
		case c == ']':
			class = false
		}
		b.WriteByte(pattern[i])
	}
	return b.String()
}

// unicodeSpaces is White_Space within a class of a pattern.
const unicodeSpaces = `\t-\r\x{85}\p{Z}`

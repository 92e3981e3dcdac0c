package tokenizer

import (
	"fmt"
	"regexp"

	"lastmile/harness/jsonfile"
)

// growth bounds how long a text becomes that is written anew: so many times its
// bytes, and so many more. A few steps, each of which writes two characters for one,
// would fill all memory.
type growth struct{ times, more float64 }

// same is the growth of what makes no text longer.
var same = growth{1, 0}

// most is more than any normalizer in use comes to.
var most = growth{1000, 1 << 20}

// then is the growth of one step and another.
func (g growth) then(next growth) growth {
	return growth{g.times * next.times, g.more*next.times + next.more}
}

func (g growth) tooMuch() bool { return g.times > most.times || g.more > most.more }

func errGrows(section string) error {
	return fmt.Errorf("%s: what it writes may have more than %g times the text's length", section, most.times)
}

// replacing is the growth of a replacement of each pattern.
func replacing(pattern, content string) growth {
	if pattern == "" {
		return growth{1 + float64(len(content)), float64(len(content))}
	}
	return growth{max(1, float64(len(content))/float64(len(pattern))), 0}
}

// deepest is how deep a Sequence may lie within others.
const deepest = 8

// growth is that of a normalizer.
func (n normalizer) growth(depth int) (growth, error) {
	if depth > deepest {
		return same, fmt.Errorf("normalizer: a Sequence lies more than %d deep within others", deepest)
	}
	switch n.Type {
	case "Sequence":
		all := same
		for _, raw := range n.Normalizers {
			var part normalizer
			if err := jsonfile.Unmarshal(raw, &part); err != nil {
				return same, fmt.Errorf("normalizer: %w", err)
			}
			of, err := part.growth(depth + 1)
			if err != nil {
				return same, err
			}
			all = all.then(of)
		}
		return all, nil
	case "NFC", "NFD":
		return growth{4, 0}, nil
	case "NFKC", "NFKD":
		return growth{11, 0}, nil // U+FDFA
	case "Lowercase":
		return growth{2, 0}, nil
	case "Prepend":
		return growth{1, float64(len(n.Prepend))}, nil
	case "Replace":
		if n.Pattern.String != nil {
			return replacing(*n.Pattern.String, n.Content), nil
		}
		if n.Pattern.Regex == nil {
			break
		}
		pattern, err := regexp.Compile(withSpaces(*n.Pattern.Regex))
		if err != nil {
			break // which is said where it is compiled
		}
		if pattern.MatchString("") {
			return replacing("", n.Content), nil
		}
		return replacing(" ", n.Content), nil
	case "Precompiled":
		m, err := newCharsmap(n.PrecompiledCharsmap)
		if err != nil {
			break
		}
		return growth{max(1, float64(m.longestReplacement())), 0}, nil
	}
	return same, nil
}

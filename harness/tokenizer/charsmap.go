package tokenizer

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// charsmap is SentencePiece's precompiled_charsmap: from strings to what
// replaces them, NFKC and more. It is a double-array trie in the layout of
// darts-clone, preceded by its size in bytes, and behind it the replacements,
// each ended by a zero byte.
type charsmap struct {
	units        []uint32
	replacements string
}

func newCharsmap(blob []byte) (charsmap, error) {
	if len(blob) == 0 {
		return charsmap{}, nil
	}
	if len(blob) < 4 {
		return charsmap{}, fmt.Errorf("precompiled_charsmap has %d bytes", len(blob))
	}
	size := int(binary.LittleEndian.Uint32(blob))
	blob = blob[4:]
	if size > len(blob) || size%4 != 0 {
		return charsmap{}, fmt.Errorf("precompiled_charsmap has a trie of %d bytes in %d", size, len(blob))
	}
	m := charsmap{units: make([]uint32, size/4), replacements: string(blob[size:])}
	for i := range m.units {
		m.units[i] = binary.LittleEndian.Uint32(blob[4*i:])
	}
	return m, nil
}

// prefixes calls found with the length of each key that text begins with, the
// shortest first, and what replaces it.
func (m charsmap) prefixes(text string, found func(n int, replacement string) (more bool)) {
	unit := func(at uint32) uint32 {
		if int(at) < len(m.units) {
			return m.units[at]
		}
		return 0
	}
	offset := func(u uint32) uint32 { return u >> 10 << (u & (1 << 9) >> 6) }
	node := offset(unit(0))
	for i := range len(text) {
		c := uint32(text[i])
		node ^= c
		u := unit(node)
		if c == 0 || u&(1<<31|0xff) != c {
			return
		}
		node ^= offset(u)
		if u>>8&1 == 1 {
			at := int(unit(node) &^ (1 << 31))
			if at >= len(m.replacements) {
				return
			}
			replacement, _, _ := strings.Cut(m.replacements[at:], "\x00")
			if !found(i+1, replacement) {
				return
			}
		}
	}
}

// longestReplacement is the most bytes that a key becomes.
func (m charsmap) longestReplacement() int {
	longest := 0
	for replacement := range strings.SplitSeq(m.replacements, "\x00") {
		longest = max(longest, len(replacement))
	}
	return longest
}

// byGraphemes replaces as Hugging Face's Precompiled does: a grapheme cluster
// of fewer than 6 bytes is replaced as a whole by what its shortest key gives,
// otherwise each of its characters is.
func (m charsmap) byGraphemes(text string) string {
	first := func(part string) (to string, ok bool) {
		m.prefixes(part, func(_ int, replacement string) bool {
			to, ok = replacement, true
			return false
		})
		return to, ok
	}
	var b strings.Builder
	for clusters := graphemes.FromString(text); clusters.Next(); {
		cluster := clusters.Value()
		if len(cluster) < 6 {
			if to, ok := first(cluster); ok {
				b.WriteString(to)
				continue
			}
		}
		for _, c := range cluster {
			if to, ok := first(string(c)); ok {
				b.WriteString(to)
			} else {
				b.WriteRune(c)
			}
		}
	}
	return b.String()
}

// longest returns what replaces the longest key that text, which is not empty,
// begins with, and its length: SentencePiece's way. A character without a key
// stays; a byte that is not UTF-8 becomes U+FFFD.
func (m charsmap) longest(text string) (replacement string, n int) {
	m.prefixes(text, func(length int, to string) bool {
		replacement, n = to, length
		return true
	})
	if n > 0 {
		return replacement, n
	}
	c, size := utf8.DecodeRuneInString(text)
	return string(c), size
}

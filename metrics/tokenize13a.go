package metrics

import (
	"strings"
)

// tokenize13a cuts a text into words as the tokenizer 13a of sacrebleu does,
// which follows mteval-v13a: punctuation and signs are words of their own,
// full stops and commas are where no digit stands on both sides, a hyphen is
// behind a digit.
func tokenize13a(text string) []string {
	text = strings.TrimRightFunc(text, pythonSpace)
	text = strings.ReplaceAll(text, "<skipped>", "")
	text = strings.ReplaceAll(text, "-\n", "")
	text = strings.ReplaceAll(text, "\n", " ")
	if strings.Contains(text, "&") {
		// One after the other: what an ampersand begins may be another's end.
		for _, entity := range [][2]string{{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}} {
			text = strings.ReplaceAll(text, entity[0], entity[1])
		}
	}
	line := []byte(" " + text + " ")
	apart := make([]byte, 0, 2*len(line))
	for _, c := range line {
		if signs13a[c] {
			apart = append(apart, ' ', c, ' ')
		} else {
			apart = append(apart, c)
		}
	}
	// Bytes stand for characters here: what is looked at is ASCII, and in a
	// longer character only the byte beside it counts.
	pairs := func(from []byte, match func(a, b byte) bool, write func(to []byte, a, b byte) []byte) []byte {
		to := make([]byte, 0, 2*len(from))
		for i := 0; i < len(from); i++ {
			if i+1 < len(from) && match(from[i], from[i+1]) {
				to = write(to, from[i], from[i+1])
				i++
			} else {
				to = append(to, from[i])
			}
		}
		return to
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	point := func(c byte) bool { return c == '.' || c == ',' }
	apart = pairs(apart, func(a, b byte) bool { return !digit(a) && point(b) },
		func(to []byte, a, b byte) []byte { return append(to, a, ' ', b, ' ') })
	apart = pairs(apart, func(a, b byte) bool { return point(a) && !digit(b) },
		func(to []byte, a, b byte) []byte { return append(to, ' ', a, ' ', b) })
	apart = pairs(apart, func(a, b byte) bool { return digit(a) && b == '-' },
		func(to []byte, a, b byte) []byte { return append(to, a, ' ', b, ' ') })
	return strings.FieldsFunc(string(apart), pythonSpace)
}

// signs13a are the ASCII characters that are words wherever they stand: all
// punctuation but the apostrophe, comma, hyphen and full stop.
var signs13a = func() (table [256]bool) {
	for _, c := range []byte("!\"#$%&()*+/:;<=>?@[\\]^_`{|}~") {
		table[c] = true
	}
	return table
}()

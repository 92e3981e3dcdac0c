package metrics

import (
	"unicode/utf8"
)

// rougeTokenizer is the tokenizer's name in signatures.
const rougeTokenizer = "rouge-score-0.1.2"

// Tokenize cuts a text into words as rouge-score 0.1.2 does: lower case, runs
// of a to z and 0 to 9, everything else between them; with stemming, words of
// more than three letters go through Porter's stemmer. Bytes that are not
// UTF-8 separate words. Texts in other scripts have no words here.
func Tokenize(text string, stemming bool) []string {
	var words []string
	eachWord(text, nil, func(word []byte) {
		if stemming {
			words = append(words, stemWord(string(word)))
		} else {
			words = append(words, string(word))
		}
	})
	return words
}

// Words returns the length of a text in words of [Tokenize].
func Words(text string) int {
	n := 0
	eachWord(text, nil, func([]byte) { n++ })
	return n
}

// lower maps the bytes that stand in words to lower case, and others to 0.
var lower = func() (table [256]byte) {
	for c := '0'; c <= '9'; c++ {
		table[c] = byte(c)
	}
	for c := 'a'; c <= 'z'; c++ {
		table[c] = byte(c)
		table[c-'a'+'A'] = byte(c)
	}
	return table
}()

// Outside ASCII, Python's str.lower gives a letter from a to z for two
// characters: the Kelvin sign becomes k, and the dotted capital I becomes an i
// with a combining dot, which ends the word.
const (
	kelvinSign = '\u212A'
	dottedI    = '\u0130'
)

// eachWord calls f with each word of the text. The bytes are valid during the
// call. buffer is memory to work in; the grown one is returned.
func eachWord(text string, buffer []byte, f func(word []byte)) []byte {
	word := buffer[:0]
	end := func() {
		if len(word) > 0 {
			f(word)
			word = word[:0]
		}
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			if l := lower[c]; l != 0 {
				word = append(word, l)
			} else {
				end()
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch r {
		case kelvinSign:
			word = append(word, 'k')
		case dottedI:
			word = append(word, 'i')
			end()
		default:
			end()
		}
	}
	end()
	return word
}

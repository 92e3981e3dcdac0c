package postprocess

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// abbreviations are words whose full stop does not end a sentence, in small
// letters and without it.
var abbreviations = map[string]bool{}

func init() {
	for _, a := range strings.Fields("mr mrs ms dr prof sr jr st mt vs inc ltd co corp vol fig ed eds approx dept est resp ca cf incl max min nr pp jan feb apr aug sept oct nov dec col capt lt sgt rev hon gov e.g i.e u.s u.k al") {
		abbreviations[a] = true
	}
}

// Sentences cuts text into its sentences, each with the white space that follows
// it. Joined they are the text. A sentence ends with a full stop, question or
// exclamation mark, with quotes and brackets that close after it, before white
// space or the end; with a full-width mark; or with a line.
func Sentences(text string) []string {
	var found []string
	start := 0
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRuneInString(text[i:])
		end := i + n
		switch {
		case c == '\n':
		case strings.ContainsRune("。！？", c):
			end = closing(text, end)
		case strings.ContainsRune(".!?…", c):
			end = closing(text, end)
			if !endsSentence(c, text[start:i], text[end:]) {
				i += n
				continue
			}
		default:
			i += n
			continue
		}
		for end < len(text) {
			space, n := utf8.DecodeRuneInString(text[end:])
			if !unicode.IsSpace(space) {
				break
			}
			end += n
		}
		found = append(found, text[start:end])
		start, i = end, end
	}
	if start < len(text) {
		found = append(found, text[start:])
	}
	return found
}

// closing returns the end of the marks, quotes and brackets that text goes on
// with from i.
func closing(text string, i int) int {
	for i < len(text) {
		c, n := utf8.DecodeRuneInString(text[i:])
		if !strings.ContainsRune(".!?…。！？\"'”’»)]}", c) {
			break
		}
		i += n
	}
	return i
}

// endsSentence tells whether mark ends a sentence between before and after: not
// within a word, as in "2.10"; not before a small letter, as in "e.g. this"; and a
// full stop not after an abbreviation, an initial or the number of a list.
func endsSentence(mark rune, before, after string) bool {
	if after == "" {
		return true
	}
	if next, _ := utf8.DecodeRuneInString(after); !unicode.IsSpace(next) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(after, unicode.IsSpace))
	if unicode.IsLower(next) {
		return false
	}
	if mark != '.' || strings.TrimSpace(after) == "" {
		return true
	}
	last := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
	last = strings.TrimLeftFunc(last, unicode.IsPunct)
	if abbreviations[strings.ToLower(last)] {
		return false
	}
	only, n := utf8.DecodeRuneInString(last)
	if n > 0 && n == len(last) && unicode.IsUpper(only) && only != 'I' {
		return false // an initial
	}
	return strings.TrimFunc(before, unicode.IsSpace) != last || !number(last)
}

// number tells whether text is digits alone.
func number(text string) bool {
	return text != "" && strings.TrimFunc(text, unicode.IsDigit) == ""
}

// finished tells whether a sentence ends with a mark that ends one.
func finished(sentence string) bool {
	sentence = strings.TrimRightFunc(sentence, unicode.IsSpace)
	sentence = strings.TrimRight(sentence, "\"'”’»)]}")
	last, _ := utf8.DecodeLastRuneInString(sentence)
	return strings.ContainsRune(".!?…。！？", last)
}

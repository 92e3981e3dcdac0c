package postprocess

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// dropUnfinished drops what comes after the last finished sentence of an output
// that never ended. Where no sentence is finished, it drops what comes after
// the last sign between two clauses; where there is none either, it leaves the
// text as it is. What ended stays too: synopses and headlines have no full stop.
type dropUnfinished struct{}

func newDropUnfinished(Settings) (Processor, error) { return dropUnfinished{}, nil }

func (dropUnfinished) Process(t Text) string {
	if t.Ended {
		return t.Text
	}
	text := strings.TrimRightFunc(t.Text, unicode.IsSpace)
	all := Sentences(text)
	for n := len(all); n > 0; n-- {
		if !finished(all[n-1]) {
			continue
		}
		if left := strings.TrimRightFunc(strings.Join(all[:n], ""), unicode.IsSpace); key(strings.TrimSpace(left)) != "" {
			return left
		}
	}
	if end := clauseEnd(text); end > 0 {
		return text[:end]
	}
	return text
}

// clauseEnd returns where the last clause ends that something follows after:
// before a comma, semicolon, colon or dash with a space behind it. It returns 0
// where there is none.
func clauseEnd(text string) int {
	for i := len(text); i > 0; {
		c, n := utf8.DecodeLastRuneInString(text[:i])
		start := i - n
		next, _ := utf8.DecodeRuneInString(text[i:])
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		mark := strings.ContainsRune(",;:", c) || strings.ContainsRune("-–—", c) && unicode.IsSpace(before)
		if mark && unicode.IsSpace(next) || strings.ContainsRune("，；：、", c) {
			head := strings.TrimRightFunc(text[:start], unicode.IsSpace)
			if key(head) != "" {
				return len(head)
			}
		}
		i = start
	}
	return 0
}

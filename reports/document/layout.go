package document

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// oneLine shows line breaks as ⏎ and drops other control characters.
func oneLine(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			return '⏎'
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control):
			return -1
		}
		return r
	}, text)
}

// wrap breaks a text into lines of at most width characters at its spaces,
// each with indent before it. Longer words are broken.
func wrap(text string, width int, indent string) []string {
	var lines []string
	var line string
	var used int
	var empty bool
	start := func() { line, used, empty = indent, columns(indent), true }
	start()
	for word := range strings.FieldsSeq(text) {
		for {
			space := 0
			if !empty {
				space = 1
			}
			if used+space+columns(word) <= width {
				line += strings.Repeat(" ", space) + word
				used += space + columns(word)
				empty = false
				break
			}
			if empty {
				runes := []rune(word)
				n := max(1, width-used)
				line += string(runes[:min(n, len(runes))])
				word = string(runes[min(n, len(runes)):])
			}
			lines = append(lines, line)
			start()
			if word == "" {
				break
			}
		}
	}
	if !empty || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// pad fills a cell up with spaces.
func pad(text string, width int, align Alignment) string {
	space := strings.Repeat(" ", max(0, width-columns(text)))
	if align == Right {
		return space + text
	}
	return text + space
}

// columns is the number of characters of a text on a terminal, near enough:
// combining marks take no place.
func columns(text string) int {
	n := utf8.RuneCountInString(text)
	for _, r := range text {
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			n--
		}
	}
	return n
}

// widths are the widths of a table's columns, each at least that of its
// widest cell.
func widths(rows [][]string, least int) []int {
	result := make([]int, len(rows[0]))
	for _, row := range rows {
		for i := range result {
			if i < len(row) {
				result[i] = max(result[i], least, columns(row[i]))
			}
		}
	}
	return result
}

// Width is the width of the longest line of a text on a terminal.
func Width(text string) int {
	longest := 0
	for line := range strings.Lines(text) {
		longest = max(longest, columns(strings.TrimRight(line, "\n")))
	}
	return longest
}

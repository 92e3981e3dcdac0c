package reports

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// inline escapes a text of somebody else's for a paragraph or a table cell of
// Markdown: none of it is taken for markup, and it stays on one line.
func inline(text string) string {
	var b strings.Builder
	runes := []rune(oneLine(text))
	for i, r := range runes {
		if r == '_' && i > 0 && i+1 < len(runes) && isWord(runes[i-1]) && isWord(runes[i+1]) {
			b.WriteRune(r) // inside a word it is no markup
			continue
		}
		switch r {
		case '\\', '`', '*', '_', '[', ']', '#', '|', '~', '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '@':
			// GitHub would notify somebody of that name.
			b.WriteString("&#64;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// code makes a code span of a text, for a paragraph or a table cell.
func code(text string) string {
	text = oneLine(text)
	if text == "" {
		return ""
	}
	// In a table GitHub splits cells before it looks for code, and takes an
	// escaped pipe inside of code for a pipe.
	quoted := strings.ReplaceAll(text, "|", `\|`)
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		quoted = " " + quoted + " "
	}
	return fence + quoted + fence
}

// block makes a fenced block of lines in which nothing is markup.
func block(lines ...string) string {
	text := strings.Join(lines, "\n")
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + "text\n" + text + "\n" + fence + "\n"
}

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

// grid is a table of Markdown, aligned so that it reads as plain text too.
// Cells hold Markdown.
type grid struct {
	header []string
	right  []bool // columns that are aligned to the right
	rows   [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// String returns the table.
func (g *grid) String() string {
	widths := make([]int, len(g.header))
	for _, row := range append([][]string{g.header}, g.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], 3, columns(cell))
		}
	}
	var b strings.Builder
	write := func(row []string) {
		b.WriteString("|")
		for i, width := range widths {
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			b.WriteString(" " + pad(cell, width, g.alignsRight(i)) + " |")
		}
		b.WriteString("\n")
	}
	write(g.header)
	b.WriteString("|")
	for i, width := range widths {
		rule := strings.Repeat("-", width)
		if g.alignsRight(i) {
			rule = rule[1:] + ":"
		}
		b.WriteString(" " + rule + " |")
	}
	b.WriteString("\n")
	for _, row := range g.rows {
		write(row)
	}
	return b.String()
}

func (g *grid) alignsRight(column int) bool {
	return column < len(g.right) && g.right[column]
}

// pad fills a cell up with spaces.
func pad(text string, width int, right bool) string {
	space := strings.Repeat(" ", max(0, width-columns(text)))
	if right {
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

func longestRun(text string, of rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if r == of {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

package document

import (
	"regexp"
	"strings"
	"unicode"
)

// exampleWidth is the width of the lines of an example, which need no
// scrolling.
const exampleWidth = 100

// Markdown writes a document as GitHub's Markdown, such that it reads as plain
// text too.
func Markdown(d Document) string {
	var w markdown
	w.heading(1, d.Title)
	w.blocks(2, d.Blocks)
	return strings.TrimRight(w.String(), "\n") + "\n"
}

// markdown collects the text. Every block ends with an empty line.
type markdown struct{ strings.Builder }

func (w *markdown) heading(level int, title Spans) {
	w.WriteString(strings.Repeat("#", level) + " " + spansInMarkdown(title, false) + "\n\n")
}

func (w *markdown) blocks(level int, blocks []Block) {
	for _, block := range blocks {
		switch block := block.(type) {
		case Section:
			w.heading(level, block.Title)
			w.blocks(level+1, block.Blocks)
		case Paragraph:
			w.WriteString(line(block.Text) + "\n\n")
		case List:
			w.items("", block.Items)
			w.WriteString("\n")
		case Table:
			w.table(block)
		case Figure:
			w.WriteString("![" + escape(block.Alt) + "](" + address(block.Path) + ")\n\n")
			w.WriteString(line(block.Caption) + "\n\n")
		case CodeBlock:
			w.WriteString(fence(block.Text) + "\n")
		case Example:
			w.example(block)
		}
	}
}

func (w *markdown) items(indent string, items []Item) {
	for _, item := range items {
		w.WriteString(indent + "- " + line(item.Text) + "\n")
		w.items(indent+"  ", item.Items)
	}
}

func (w *markdown) table(t Table) {
	var rows [][]string
	for _, row := range append([][]Spans{t.Header}, t.Rows...) {
		cells := make([]string, len(t.Header))
		for i := range min(len(cells), len(row)) {
			cells[i] = spansInMarkdown(row[i], true)
		}
		rows = append(rows, cells)
	}
	widths := widths(rows, 3)
	for i, row := range rows {
		for k, cell := range row {
			row[k] = pad(cell, widths[k], t.alignment(k))
		}
		w.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i > 0 {
			continue
		}
		for k, width := range widths {
			row[k] = strings.Repeat("-", width)
			if t.alignment(k) == Right {
				row[k] = row[k][1:] + ":"
			}
		}
		w.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	w.WriteString("\n")
}

// example writes an example's texts as a block: the sources on the left, the
// texts beside them, or below a source that is too long for that.
func (w *markdown) example(e Example) {
	w.WriteString("**" + escape(e.Name) + "**")
	if len(e.Note) > 0 {
		w.WriteString(" (" + spansInMarkdown(e.Note, false) + ")")
	}
	w.WriteString("\n\n")
	names := make([]string, len(e.Texts))
	indent := 0
	for i, t := range e.Texts {
		names[i] = oneLine(t.Source)
		if t.Score != "" {
			names[i] += " (" + t.Score + ")"
		}
		indent = max(indent, columns(names[i])+2)
	}
	indent = min(indent, 30)
	margin := strings.Repeat(" ", indent)
	var lines []string
	for i, t := range e.Texts {
		text := oneLine(t.Text)
		if t.Cut {
			text += " […]"
		}
		if strings.TrimSpace(text) == "" {
			text = "(empty)"
		}
		wrapped := wrap(text, exampleWidth, margin)
		if columns(names[i])+2 > indent {
			lines = append(lines, names[i])
		} else {
			wrapped[0] = pad(names[i], indent, Left) + strings.TrimPrefix(wrapped[0], margin)
		}
		lines = append(lines, wrapped...)
	}
	w.WriteString(fence(strings.Join(lines, "\n")) + "\n")
}

// spansInMarkdown writes running text. Code in a table is quoted otherwise
// than elsewhere.
func spansInMarkdown(spans Spans, inTable bool) string {
	var b strings.Builder
	for _, span := range spans {
		switch span := span.(type) {
		case Text:
			b.WriteString(escape(string(span)))
		case Number:
			b.WriteString(escapeNumber(string(span)))
		case Code:
			b.WriteString(code(string(span), inTable))
		case Strong:
			b.WriteString("**" + spansInMarkdown(span.Text, inTable) + "**")
		case Link:
			b.WriteString("[" + escape(span.Text) + "](" + address(span.To) + ")")
		case Reference:
			b.WriteString("[" + escape(span.Text) + "](#" + anchor(span.Section) + ")")
		}
	}
	return b.String()
}

// marker is what makes a list or a rule of the line that begins with it.
var marker = regexp.MustCompile(`^(\d{1,9}[.)]|[-+=])( |$)`)

// line is running text that begins a line.
func line(spans Spans) string {
	text := spansInMarkdown(spans, false)
	if at := marker.FindStringSubmatchIndex(text); at != nil {
		return text[:at[3]-1] + `\` + text[at[3]-1:]
	}
	return text
}

// anchor is the name that GitHub gives a heading.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

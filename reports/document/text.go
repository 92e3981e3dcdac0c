package document

import "strings"

// String is the spans as plain text, without what stresses or links them.
func (s Spans) String() string {
	var b strings.Builder
	for _, span := range s {
		switch span := span.(type) {
		case Text:
			b.WriteString(string(span))
		case Number:
			b.WriteString(string(span))
		case Code:
			b.WriteString(string(span))
		case Strong:
			b.WriteString(span.Text.String())
		case Link:
			b.WriteString(span.Text)
		case Reference:
			b.WriteString(span.Text)
		}
	}
	return b.String()
}

// String is the table as plain text for a terminal, in columns.
func (t Table) String() string {
	rows := make([][]string, 0, len(t.Rows)+1)
	for _, row := range append([][]Spans{t.Header}, t.Rows...) {
		cells := make([]string, len(t.Header))
		for i := range min(len(cells), len(row)) {
			cells[i] = oneLine(row[i].String())
		}
		rows = append(rows, cells)
	}
	widths := widths(rows, 0)
	var b strings.Builder
	for i, row := range rows {
		for k, cell := range row {
			row[k] = pad(cell, widths[k], t.alignment(k))
		}
		b.WriteString(strings.TrimRight(strings.Join(row, "  "), " ") + "\n")
		if i == 0 {
			for k, width := range widths {
				row[k] = strings.Repeat("─", width)
			}
			b.WriteString(strings.Join(row, "  ") + "\n")
		}
	}
	return b.String()
}

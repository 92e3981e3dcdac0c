package reports

import (
	"fmt"
	"strings"

	"lastmile/metrics"
	"lastmile/reports/document"
)

// Text returns the findings, and the table as [Table.Text] does, or one for each data
// set.
func (s Summary) Text(width int) string {
	text := strings.Join(s.Sentences, "\n") + "\n\n"
	if len(s.Data) == 0 {
		return text + s.Table.Text(width)
	}
	for i, d := range s.Data {
		if i > 0 {
			text += "\n"
		}
		text += d.Name + "\n" + d.Table.Text(width)
	}
	return text
}

// Text returns the table for a terminal of so many columns, 0 for any number:
// with the intervals where they fit, and the means alone otherwise.
func (t *Table) Text(width int) string {
	text := t.columns(true).String()
	if width > 0 && document.Width(text) > width {
		text = t.columns(false).String()
	}
	text += fmt.Sprintf("%s (same decoding and form, Holm's p < %g, 3 seeds or more)\n", t.marks(), metrics.Level)
	return text
}

// columns is the table with one line for each system.
func (t *Table) columns(intervals bool) document.Table {
	table := document.Table{Header: document.Row("decode", "form", "system"), Align: make([]document.Alignment, 3)}
	for _, c := range t.Columns {
		table.Header = append(table.Header, document.Format("%s ", c.heading()))
		table.Align = append(table.Align, document.Right)
	}
	decode, form := "", ""
	for _, r := range t.Rows {
		row := document.Row("", "", r.Label)
		if r.Decode != decode {
			row[0], form = document.Format("%s", r.Decode), ""
		}
		if r.Form != form {
			row[1] = document.Format("%s", r.Form)
		}
		decode, form = r.Decode, r.Form
		for _, cell := range r.Cells {
			row = append(row, document.Spans{cell.text(intervals)})
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// text is the cell in a terminal. The last place is that of the mark.
func (c Cell) text(intervals bool) document.Number {
	if c.Score == nil {
		return "– "
	}
	text := number(c.Score.Value)
	if intervals {
		text += " " + interval(c.Score.Low, c.Score.High)
	}
	if mark := c.Versus.mark(); mark != "" {
		return text + document.Number(mark)
	}
	return text + " "
}

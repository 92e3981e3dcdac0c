package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"lastmile/harness/spreadsheet"
)

// writeCSV writes the table with one line for each system and metric.
func (t *Table) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	full := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	some := func(p *float64) string {
		if p == nil {
			return ""
		}
		return full(*p)
	}
	lines := [][]string{{"label", "decode", "form", "seeds", "metric", "summary", "value", "low", "high", "examples",
		"baseline", "compared", "difference", "difference_low", "difference_high", "p", "p_holm", "significant", "published", "optimised"}}
	for _, row := range t.Rows {
		for c, cell := range row.Cells {
			column := t.Columns[c]
			line := make([]string, len(lines[0]))
			label, decode, seeds := spreadsheet.Cell(row.Label), spreadsheet.Cell(row.Decode), strings.Trim(fmt.Sprint(row.Seeds), "[]")
			copy(line, []string{label, decode, row.Form, seeds, column.Metric, column.Summary})
			line[10] = spreadsheet.Cell(row.Baseline)
			if s := cell.Score; s != nil {
				copy(line[6:], []string{full(s.Value), full(s.Low), full(s.High), strconv.Itoa(s.Examples)})
			}
			if v := cell.Versus; v != nil {
				copy(line[11:], []string{column.Compared, full(v.Difference), full(v.Low), full(v.High), some(v.P), some(v.PHolm), strconv.FormatBool(v.Significant)})
			}
			if len(cell.Published) > 0 {
				line[18] = full(cell.Published[0].Value)
			}
			line[19] = cell.Optimised
			lines = append(lines, line)
		}
	}
	return out.WriteAll(lines)
}

package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// writeCSV writes the table with one line for each system and metric.
func (t *Table) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	full := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	lines := [][]string{{"label", "decode", "form", "seeds", "metric", "mean", "low", "high", "examples",
		"baseline", "difference", "difference_low", "difference_high", "p", "p_holm", "published"}}
	for _, row := range t.Rows {
		for c, cell := range row.Cells {
			line := []string{row.Label, row.Decode, row.Form, strings.Trim(fmt.Sprint(row.Seeds), "[]"), t.Columns[c].Metric, "", "", "", "", row.Baseline, "", "", "", "", "", ""}
			if s := cell.Score; s != nil {
				copy(line[5:], []string{full(s.Mean), full(s.Low), full(s.High), strconv.Itoa(s.Examples)})
			}
			if v := cell.Versus; v != nil {
				copy(line[10:], []string{full(v.Difference), full(v.Low), full(v.High), full(v.P), full(v.PHolm)})
			}
			if len(cell.Published) > 0 {
				line[15] = full(cell.Published[0].Value)
			}
			lines = append(lines, line)
		}
	}
	return out.WriteAll(lines)
}

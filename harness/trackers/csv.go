package trackers

import (
	"encoding/csv"
	"io"
	"strconv"

	"lastmile/harness/spreadsheet"
)

// Run is the curves of a run, by a name for it.
type Run struct {
	Name   string
	Curves []Curve
}

// WriteCSV writes the curves of runs as comma-separated values, a point a line.
func WriteCSV(w io.Writer, all []Run) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"run", "curve", "step", "value"}); err != nil {
		return err
	}
	for _, run := range all {
		for _, c := range run.Curves {
			for i, step := range c.Steps {
				value := strconv.FormatFloat(c.Values[i], 'g', -1, 64)
				if err := out.Write([]string{spreadsheet.Cell(run.Name), spreadsheet.Cell(c.Tag), strconv.Itoa(step), value}); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

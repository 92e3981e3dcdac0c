package reports

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"lastmile/metrics"
	"lastmile/runs"
)

// Table is the main table of a report: systems against metrics.
type Table struct {
	Sweep      string   `json:"sweep"`
	Baselines  []string `json:"baselines"`  // the labels that others are compared with
	Confidence float64  `json:"confidence"` // of the intervals
	Columns    []Column `json:"columns"`
	Rows       []Row    `json:"rows"`
}

// Column is a metric.
type Column struct {
	Metric     string   `json:"metric"`
	Better     string   `json:"better"`     // higher, lower, closer to 1 or none
	Signatures []string `json:"signatures"` // more than one where runs differ in how they score
}

// Row is a system: the runs of a label, decoded in one way, before or after
// post-processing.
type Row struct {
	Label    string `json:"label"`
	Decode   string `json:"decode"`
	Form     string `json:"form"` // raw or post
	Seeds    []int  `json:"seeds"`
	Baseline string `json:"baseline"` // the label that it is compared with; empty for a baseline
	Cells    []Cell `json:"cells"`    // one for each column
}

// Cell is what a system scores by a metric.
type Cell struct {
	Score     *Score      `json:"score"`     // nil where there is none
	Versus    *Versus     `json:"versus"`    // the comparison with the baseline's system of the same decoding and form
	Published []Published `json:"published"` // what others report
}

// Score is a mean over examples and seeds.
type Score struct {
	Mean     float64 `json:"mean"`
	Low      float64 `json:"low"` // of the interval
	High     float64 `json:"high"`
	Examples int     `json:"examples"`
	Seeds    int     `json:"seeds"`
}

// Versus compares a system with another.
type Versus struct {
	Difference float64 `json:"difference"` // the system's mean minus the other's
	Low        float64 `json:"low"`        // of its interval
	High       float64 `json:"high"`
	P          float64 `json:"p"`
	PHolm      float64 `json:"p_holm"` // corrected for all comparisons of the table
	Examples   int     `json:"examples"`
	Seeds      int     `json:"seeds"`
}

// mark says whether a system is significantly above or below the baseline.
func (v *Versus) mark() string {
	switch {
	case v == nil || v.PHolm > significant:
		return ""
	case v.Difference > 0:
		return "▲"
	default:
		return "▼"
	}
}

// mainTable is the table and the comparisons behind it.
type mainTable struct {
	Table
	differences map[runs.System]map[string]*difference // by system and metric
}

// buildTable estimates and compares all systems.
func (b *builder) buildTable(ctx context.Context, columns []string, published []publishedValue) (*mainTable, error) {
	t := &mainTable{differences: map[runs.System]map[string]*difference{}}
	t.Sweep, t.Baselines, t.Confidence = b.sweep.Name, b.baselines, b.statistics.resampling.Confidence
	for _, metric := range columns {
		column := Column{Metric: metric, Better: direction(metric).String()}
		for _, m := range b.scores.Metrics {
			if m.Name == metric {
				column.Signatures = append(column.Signatures, m.Signature)
			}
		}
		t.Columns = append(t.Columns, column)
	}
	var family []*difference
	for _, d := range b.decodings {
		for _, form := range []string{"raw", "post"} {
			for _, l := range b.labels {
				system := runs.System{Label: l.name, Decode: d.name, Form: form}
				scores := b.system(system)
				if scores == nil {
					continue
				}
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				row := Row{Label: l.name, Decode: d.name, Form: form, Seeds: scores.Seeds}
				against := b.baselineOf(l.name)
				if against != l.name {
					row.Baseline = against
				}
				t.differences[system] = map[string]*difference{}
				for _, metric := range columns {
					estimate, err := b.statistics.mean(scores, metric)
					if err != nil {
						return nil, err
					}
					row.Cells = append(row.Cells, Cell{Score: asScore(estimate), Published: matching(published, system, metric)})
					if row.Baseline == "" {
						continue
					}
					other := b.system(runs.System{Label: against, Decode: d.name, Form: form})
					diff, err := b.statistics.compare(scores, other, metric)
					if err != nil {
						return nil, err
					}
					if diff != nil {
						family = append(family, diff)
						t.differences[system][metric] = diff
					}
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	for system, byMetric := range t.differences {
		other := runs.System{Label: b.baselineOf(system.Label), Decode: system.Decode, Form: system.Form}
		for metric, d := range byMetric {
			level := markedLevel
			if b.speaksOf(system, metric) {
				level = saidLevel
			}
			if err := b.statistics.sharpen(d, b.system(system), b.system(other), metric, len(family), level); err != nil {
				return nil, err
			}
		}
	}
	correct(family)
	for i := range t.Rows {
		row := &t.Rows[i]
		for c, metric := range columns {
			row.Cells[c].Versus = asVersus(t.differences[row.system()][metric])
		}
	}
	return t, nil
}

// speaksOf tells whether the sentences compare a system by a metric.
func (b *builder) speaksOf(system runs.System, metric string) bool {
	return system.Form == "raw" && slices.Contains(b.treatments, system.Label) &&
		(metric == b.headline || slices.Contains(behaviours, metric))
}

func (r Row) system() runs.System {
	return runs.System{Label: r.Label, Decode: r.Decode, Form: r.Form}
}

func asScore(e *metrics.Estimate) *Score {
	if e == nil {
		return nil
	}
	return &Score{Mean: e.Mean, Low: e.Low, High: e.High, Examples: e.Examples, Seeds: e.Seeds}
}

func asVersus(d *difference) *Versus {
	if d == nil {
		return nil
	}
	return &Versus{Difference: d.Difference, Low: d.Low, High: d.High, P: d.P, PHolm: d.holm, Examples: d.Examples, Seeds: len(d.seeds)}
}

// cell returns a system's cell, or nil.
func (t *Table) cell(system runs.System, metric string) *Cell {
	for i := range t.Rows {
		if t.Rows[i].system() != system {
			continue
		}
		for c := range t.Columns {
			if t.Columns[c].Metric == metric {
				return &t.Rows[i].Cells[c]
			}
		}
	}
	return nil
}

// WriteCSV writes the table with one line for each system and metric.
func (t *Table) WriteCSV(w io.Writer) error {
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

// Text returns the table for a terminal of so many columns, 0 for any number:
// with the intervals where they fit, and the means alone otherwise.
func (t *Table) Text(width int) string {
	text := t.text(true)
	if width > 0 && longestLine(text) > width {
		text = t.text(false)
	}
	text += fmt.Sprintf("▲ ▼ significantly above, below %s (same decoding and form, p ≤ %g after Holm's correction)\n", enumerate(t.Baselines), significant)
	return text
}

func (t *Table) text(intervals bool) string {
	rows := [][]string{{"decode", "form", "system"}}
	for _, c := range t.Columns {
		rows[0] = append(rows[0], c.Metric+" ")
	}
	decode, form := "", ""
	for _, r := range t.Rows {
		row := []string{"", "", oneLine(r.Label)}
		if r.Decode != decode {
			row[0], form = oneLine(r.Decode), ""
		}
		if r.Form != form {
			row[1] = r.Form
		}
		decode, form = r.Decode, r.Form
		for _, cell := range r.Cells {
			row = append(row, cell.text(intervals))
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	var b strings.Builder
	for i, row := range rows {
		var cells []string
		for k, cell := range row {
			cells = append(cells, pad(cell, widths[k], k > 2))
		}
		b.WriteString(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
		if i == 0 {
			for k, width := range widths {
				cells[k] = strings.Repeat("─", width)
			}
			b.WriteString(strings.Join(cells, "  ") + "\n")
		}
	}
	return b.String()
}

// text is the cell in a terminal. The last place is that of the mark.
func (c Cell) text(intervals bool) string {
	if c.Score == nil {
		return "– "
	}
	text := number(c.Score.Mean)
	if intervals {
		text += " " + interval(c.Score.Low, c.Score.High)
	}
	if mark := c.Versus.mark(); mark != "" {
		return text + mark
	}
	return text + " "
}

func longestLine(text string) int {
	longest := 0
	for line := range strings.Lines(text) {
		longest = max(longest, columns(strings.TrimRight(line, "\n")))
	}
	return longest
}

package reports

import (
	"slices"

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
	Summary    string   `json:"summary"`    // what a system's value is: mean, share or median
	Compared   string   `json:"compared"`   // what systems are compared by: mean, share or mean |ln ratio|
	Signatures []string `json:"signatures"` // more than one where runs differ in how they score
}

// heading is the metric, and what of it is shown where that is no mean.
func (c Column) heading() string {
	if c.Summary == metrics.Ratio.Summary() {
		return c.Metric + " (median)"
	}
	return c.Metric
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
	// Optimised says what the metric has to do with what the system learned from: it is
	// contained in its rewards, related to one of them, with a factor that is one
	// (factor), known to its reward model (trained), itself trained to see the overlap
	// that a reward counts (overlap), or "".
	Optimised string `json:"optimised,omitempty"`

	bond bond // the same
}

// Score is the mean over examples and seeds or, of ratios, the median.
type Score struct {
	Value    float64 `json:"value"`
	Low      float64 `json:"low"` // of the interval
	High     float64 `json:"high"`
	Examples int     `json:"examples"`
	Seeds    int     `json:"seeds"`
}

// Versus compares a system with another.
type Versus struct {
	Difference float64 `json:"difference"` // the system's value minus the other's, as Column.Compared has it
	Low        float64 `json:"low"`        // of its interval
	High       float64 `json:"high"`
	// P is nil with fewer than three seeds: the interval is then for these two
	// models, over examples.
	P           *float64 `json:"p"`
	PHolm       *float64 `json:"p_holm"` // corrected for all comparisons of the report
	Significant bool     `json:"significant"`
	Better      int      `json:"better"` // 1 where the difference is for the better, -1 for the worse, 0 where neither is
	Examples    int      `json:"examples"`
	Seeds       int      `json:"seeds"`
}

// mark says whether a system is significantly better or worse than the baseline
// or, where neither is better, above or below it.
func (v *Versus) mark() string {
	switch {
	case v == nil || !v.Significant:
		return ""
	case v.Better > 0:
		return "▲"
	case v.Better < 0:
		return "▼"
	case v.Difference > 0:
		return "△"
	default:
		return "▽"
	}
}

// medians says which columns are no means, where there are any.
func (t *Table) medians() string {
	var names []string
	for _, c := range t.Columns {
		if c.Summary == metrics.Ratio.Summary() {
			names = append(names, title(c.Metric))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", of " + enumerate(names) + " medians,"
}

// scope says what intervals cover where there are too few seeds for a test.
func (t *Table) scope() string {
	for _, row := range t.Rows {
		if len(row.Seeds) < metrics.FewestSeeds {
			return " (with one or two seeds for these models, over examples)"
		}
	}
	return ""
}

// marks says what the marks mean, of which the last two are said where a column
// has them.
func (t *Table) marks() string {
	text := "▲ ▼ significantly better, worse than " + enumerate(t.Baselines)
	if slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Better == metrics.Neutral.String() }) {
		text += "; △ ▽ significantly above, below it, where neither is better"
	}
	return text
}

func (r Row) system() runs.System {
	return runs.System{Label: r.Label, Decode: r.Decode, Form: r.Form}
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

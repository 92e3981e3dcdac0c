package reports

import "lastmile/runs"

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

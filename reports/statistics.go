package reports

import (
	"fmt"
	"math"
	"slices"

	"lastmile/metrics"
	"lastmile/runs"
)

// difference is a comparison of two systems by one metric.
type difference struct {
	metrics.Comparison
	seeds []int // those that both systems have
}

// isSignificant asks the one rule there is.
func (d *difference) isSignificant() bool { return d.Significant(metrics.Level) }

// statistics asks the package metrics, and collects its warnings.
type statistics struct {
	cells    int
	warnings []string
	warned   map[string]int
}

// mean estimates what a system scores, on the examples that have a score by every
// seed. It returns nil where there are none.
func (st *statistics) mean(system *runs.SystemScores, metric string) (*metrics.Estimate, error) {
	if system == nil {
		return nil, nil
	}
	scores := complete(system.Values[metric])
	if len(scores) == 0 || len(scores[0]) == 0 {
		return nil, nil
	}
	estimate, err := metrics.Mean(scores, metrics.ScaleOf(metric))
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", metric, describe(system.System), err)
	}
	st.warn(estimate.Warnings)
	return &estimate, nil
}

// compare compares two systems on the seeds and examples that both have. It
// returns nil where there are none.
func (st *statistics) compare(a, b *runs.SystemScores, metric string) (*difference, error) {
	if a == nil || b == nil {
		return nil, nil
	}
	var seeds []int
	var rows [][]float64 // those of a, then those of b
	for i, seed := range a.Seeds {
		if slices.Contains(b.Seeds, seed) && i < len(a.Values[metric]) {
			seeds = append(seeds, seed)
			rows = append(rows, a.Values[metric][i])
		}
	}
	for _, seed := range seeds {
		if k := slices.Index(b.Seeds, seed); k < len(b.Values[metric]) {
			rows = append(rows, b.Values[metric][k])
		}
	}
	rows = complete(rows)
	if len(seeds) == 0 || len(rows) != 2*len(seeds) || len(rows[0]) == 0 {
		return nil, nil
	}
	comparison, err := metrics.Compare(rows[:len(seeds)], rows[len(seeds):], metrics.ScaleOf(metric))
	if err != nil {
		return nil, fmt.Errorf("%s of %s and %s: %w", metric, describe(a.System), describe(b.System), err)
	}
	st.warn(comparison.Warnings)
	return &difference{Comparison: comparison, seeds: seeds}, nil
}

// correct gives comparisons their corrected p values. All of them are one
// family.
func correct(family []*difference) {
	comparisons := make([]*metrics.Comparison, len(family))
	for i, d := range family {
		comparisons[i] = &d.Comparison
	}
	metrics.Correct(comparisons)
}

// complete drops the examples (columns) that lack a score in some row.
func complete(rows [][]float64) [][]float64 {
	if len(rows) == 0 {
		return nil
	}
	var columns []int
	for i := range rows[0] {
		if !slices.ContainsFunc(rows, func(row []float64) bool { return math.IsNaN(row[i]) }) {
			columns = append(columns, i)
		}
	}
	if len(columns) == len(rows[0]) {
		return rows
	}
	kept := make([][]float64, len(rows))
	for r, row := range rows {
		for _, i := range columns {
			kept[r] = append(kept[r], row[i])
		}
	}
	return kept
}

// warn notes warnings, each once, and how often it came.
func (st *statistics) warn(warnings []string) {
	st.cells++
	for _, w := range warnings {
		if st.warned == nil {
			st.warned = map[string]int{}
		}
		if st.warned[w] == 0 {
			st.warnings = append(st.warnings, w)
		}
		st.warned[w]++
	}
}

// notes says the warnings, and how many numbers each is about.
func (st *statistics) notes() []string {
	var notes []string
	for _, w := range st.warnings {
		if n := st.warned[w]; n < st.cells {
			w += fmt.Sprintf(" (%d of %s)", n, counted(st.cells, "estimate"))
		}
		notes = append(notes, capitalize(w)+".")
	}
	return notes
}

// describe names a system in errors.
func describe(s runs.System) string {
	return fmt.Sprintf("%s, %s, %s", s.Label, s.Decode, s.Form)
}

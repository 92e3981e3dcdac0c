package reports

import (
	"fmt"
	"math"
	"slices"

	"lastmile/metrics"
	"lastmile/runs"
)

// significant is the largest corrected p value that is called significant.
const significant = 0.05

// The levels below which p values can be told: those that sentences say, and
// those that only decide on a mark in the table.
const (
	saidLevel   = 0.001
	markedLevel = 0.02
)

// difference is a comparison of two systems by one metric.
type difference struct {
	metrics.Comparison
	seeds []int // those that both systems have
	holm  float64
}

// isSignificant tells whether the corrected p value says so.
func (d difference) isSignificant() bool { return d.holm <= significant }

// statistics asks the package metrics, and collects its warnings.
type statistics struct {
	resampling metrics.Resampling
	cells      int
	warnings   []string
	warned     map[string]int
}

// mean estimates a system's mean, on the examples that have a score by every
// seed. It returns nil where there are none.
func (st *statistics) mean(system *runs.SystemScores, metric string) (*metrics.Estimate, error) {
	if system == nil {
		return nil, nil
	}
	scores := complete(system.Values[metric])
	if len(scores) == 0 || len(scores[0]) == 0 {
		return nil, nil
	}
	estimate, err := metrics.Mean(scores, st.resampling)
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
	comparison, err := metrics.Compare(rows[:len(seeds)], rows[len(seeds):], st.resampling)
	if err != nil {
		return nil, fmt.Errorf("%s of %s and %s: %w", metric, describe(a.System), describe(b.System), err)
	}
	st.warn(comparison.Warnings)
	return &difference{Comparison: comparison, seeds: seeds}, nil
}

// sharpen repeats the test of a comparison whose p value is the smallest that
// the number of resamples can show, with more of them: enough that it can stay
// below a level when it is corrected for so many comparisons.
func (st *statistics) sharpen(d *difference, a, b *runs.SystemScores, metric string, comparisons int, below float64) error {
	resamples := st.resampling.Resamples
	wanted := min(int(2*float64(comparisons)/below), 1_000_000)
	if d == nil || wanted <= resamples || d.P > 1.5/float64(resamples+1) {
		return nil
	}
	var rows [][]float64
	for _, of := range []*runs.SystemScores{a, b} {
		for _, seed := range d.seeds {
			rows = append(rows, of.Values[metric][slices.Index(of.Seeds, seed)])
		}
	}
	rows = complete(rows)
	differences := make([]float64, len(rows[0]))
	for i := range differences {
		for k, row := range rows {
			sign := 1.0
			if k >= len(d.seeds) {
				sign = -1
			}
			differences[i] += sign * row[i] / float64(len(d.seeds))
		}
	}
	more := st.resampling
	more.Resamples = wanted
	p, err := metrics.Permutation(differences, more)
	if err != nil {
		return fmt.Errorf("%s of %s and %s: %w", metric, describe(a.System), describe(b.System), err)
	}
	d.P = p
	return nil
}

// correct gives comparisons their corrected p values. All of them are one
// family.
func correct(family []*difference) {
	p := make([]float64, len(family))
	for i, d := range family {
		p[i] = d.P
	}
	for i, corrected := range metrics.Holm(p) {
		family[i].holm = corrected
	}
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

package scoring

import (
	"fmt"
	"slices"
	"strings"

	"lastmile/metrics"
)

// ComparedMetric is how two systems differ by a metric.
type ComparedMetric struct {
	Metric string `json:"metric"`
	// Level is "corpus" where the values are those of all texts together, and
	// empty where they are means over texts.
	Level string  `json:"level,omitempty"`
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	// Difference is A's minus B's, and Low and High bound its 95 % interval.
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	// P is that of approximate randomisation, and Holm the same corrected for
	// all metrics that are compared.
	P    float64 `json:"p"`
	Holm float64 `json:"p_holm"`
	// Significant says that Holm is at most the level and that the interval
	// leaves out 0: with several seeds it speaks of seeds as well, which p does
	// not.
	Significant bool `json:"significant"`
	// Verdict says in words what that means.
	Verdict string `json:"verdict"`
	// Counts are nil where no example has a score that is better than another.
	Counts    *Counts `json:"counts,omitempty"`
	Signature string  `json:"signature"`
}

// Counts are numbers of examples by which system has the better score, the
// mean over its seeds.
type Counts struct {
	Wins   int `json:"wins"` // A's
	Ties   int `json:"ties"`
	Losses int `json:"losses"`
}

// compare compares the systems by each metric, and by its value for all texts
// together where it has one.
func (r *Compared) compare(all []scored, a, b *texts, o *measuring) error {
	warned := map[string][]string{} // a warning to the rows that it is about
	var warnings []string
	add := func(m scored, level, signature string, c metrics.Comparison, counts *Counts) {
		row := ComparedMetric{Metric: m.name, Level: level, Signature: signature, Counts: counts,
			A: c.MeanA, B: c.MeanB, Difference: c.Difference, Low: c.Low, High: c.High, P: c.P}
		r.Metrics = append(r.Metrics, row)
		for _, w := range c.Warnings {
			if warned[w] == nil {
				warnings = append(warnings, w)
			}
			warned[w] = append(warned[w], named(m.name, level))
		}
	}
	for _, m := range all {
		c, err := metrics.Compare(m.values[0], m.values[1], resampling)
		if err != nil {
			return fmt.Errorf("comparing by %s: %w", m.name, err)
		}
		add(m, "", m.signature, c, countBetter(m))
		if m.pooled == nil {
			o.step("compared by " + m.name)
			continue
		}
		ofA, err := m.statistics(a)
		if err != nil {
			return err
		}
		ofB, err := m.statistics(b)
		if err != nil {
			return err
		}
		if c, err = metrics.PoolCompare(m.pooled, ofA, ofB, resampling); err != nil {
			return err
		}
		if max(len(a.inputs), len(b.inputs)) > 1 {
			c.Warnings = append(c.Warnings, "the value of all seeds' texts together; the interval speaks of other examples, not of other seeds")
		}
		add(m, corpusLevel, m.pooled.PooledSignature(), c, nil)
		o.step("compared by " + m.name)
	}
	var p []float64
	for _, row := range r.Metrics {
		p = append(p, row.P)
	}
	for i, corrected := range metrics.Holm(p) {
		row := &r.Metrics[i]
		row.Holm, row.Significant = corrected, corrected <= r.Level && (row.Low > 0 || row.High < 0)
	}
	for i := range r.Metrics {
		row := &r.Metrics[i]
		k := slices.IndexFunc(all, func(m scored) bool { return m.name == row.Metric })
		row.Verdict = verdict(*row, all[k].direction)
	}
	for _, w := range warnings {
		if rows := warned[w]; len(rows) < len(r.Metrics) {
			w += " (" + strings.Join(rows, ", ") + ")"
		}
		r.note("%s", w)
	}
	return nil
}

// verdict says in words what a row shows.
func verdict(row ComparedMetric, direction metrics.Direction) string {
	above := row.Difference > 0
	switch {
	case !row.Significant:
		return "not significantly different"
	case direction == metrics.Higher && above, direction == metrics.Lower && !above:
		return "A is better"
	case direction == metrics.Higher, direction == metrics.Lower:
		return "B is better"
	case above:
		return "A is higher"
	}
	return "B is higher"
}

// countBetter counts examples by which system has the better score.
func countBetter(m scored) *Counts {
	if m.direction == metrics.Neutral {
		return nil
	}
	a, b := averages(m.values[0]), averages(m.values[1])
	counts := new(Counts)
	for i := range a {
		better := m.direction.Compare(a[i], b[i])
		switch {
		case better == 0, equal(a[i], b[i]):
			counts.Ties++
		case better > 0:
			counts.Wins++
		default:
			counts.Losses++
		}
	}
	return counts
}

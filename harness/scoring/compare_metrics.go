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
	// Level is "corpus" where the values are those of all texts together, "|ln|"
	// where they are means of |ln ratio|, and empty where they are means over
	// texts.
	Level string  `json:"level,omitempty"`
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	// Difference is A's minus B's, and Low and High bound its 95 % interval.
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	// P is that of no difference, and Holm the same corrected for all metrics
	// that are compared. Both are nil with fewer than three seeds: the interval
	// is then for these two models, over examples.
	P    *float64 `json:"p"`
	Holm *float64 `json:"p_holm"`
	// Significant says that Holm is below the level.
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
	var comparisons []*metrics.Comparison // by row
	add := func(m scored, level, signature string, a, b [][]float64, scale metrics.Scale, counts *Counts) error {
		c, err := metrics.Compare(a, b, scale)
		if err != nil {
			return fmt.Errorf("comparing by %s: %w", named(m.name, level), err)
		}
		r.Metrics = append(r.Metrics, ComparedMetric{Metric: m.name, Level: level, Signature: signature, Counts: counts,
			A: c.MeanA, B: c.MeanB, Difference: c.Difference, Low: c.Low, High: c.High})
		comparisons = append(comparisons, &c)
		for _, w := range c.Warnings {
			if warned[w] == nil {
				warnings = append(warnings, w)
			}
			warned[w] = append(warned[w], named(m.name, level))
		}
		return nil
	}
	for _, m := range all {
		scale, level := metrics.ScaleOf(m.name), ""
		if scale == metrics.Ratio {
			level = ratioLevel
		}
		if err := add(m, level, m.signature, m.values[0], m.values[1], scale, countBetter(m)); err != nil {
			return err
		}
		if m.pooled != nil {
			ofA, err := m.poolScores(a)
			if err != nil {
				return err
			}
			ofB, err := m.poolScores(b)
			if err != nil {
				return err
			}
			if err := add(m, corpusLevel, m.pooled.PooledSignature(), ofA, ofB, metrics.Amount, nil); err != nil {
				return err
			}
		}
		o.step("compared by " + m.name)
	}
	metrics.Correct(comparisons)
	for i, c := range comparisons {
		row := &r.Metrics[i]
		if c.Tested {
			row.P, row.Holm = &c.P, &c.Corrected
		}
		row.Significant = c.Significant(r.Level)
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
	better := direction.Better(row.Difference)
	switch {
	case row.P == nil:
		return "not tested"
	case !row.Significant:
		return "not significantly different"
	case better > 0:
		return "A is better"
	case better < 0:
		return "B is better"
	case row.Difference > 0:
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

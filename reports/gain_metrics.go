package reports

import (
	"slices"

	"lastmile/metrics"
	"lastmile/reports/document"
)

// metricGain is the primary treatment beside the control that is best by a metric, which
// need not be the best by another.
type metricGain struct {
	metric string
	control
	bestOf int  // of how many it is the best: the baseline and the controls with scores
	bond   bond // what the metric has to do with the treatment's rewards
}

// MetricGain is what the primary treatment has, by a metric, over the control that is best
// by it.
type MetricGain struct {
	Metric      string  `json:"metric"`
	Mean        float64 `json:"mean"`         // the treatment's
	ControlMean float64 `json:"control_mean"` // the control's
	Control     System  `json:"control"`
	Kind        string  `json:"kind"` // which control it is
	BestOf      int     `json:"best_of"`
	Versus      *Versus `json:"versus"`              // the treatment less the control
	Optimised   string  `json:"optimised,omitempty"` // as in [Cell]
}

// isOfQuality tells whether a metric says how good outputs are, so that the best control by
// it is one to beat. Behaviours do not: whatever is short enough repeats nothing.
func (b *builder) isOfQuality(metric string) bool {
	return b.direction(metric) == metrics.Higher && !slices.Contains(behaviours, metric)
}

// gainsByMetric compares the treatment with the best of its controls by each metric but
// the headline.
func (b *builder) gainsByMetric(candidates []control) ([]metricGain, error) {
	var all []metricGain
	for _, metric := range b.columns {
		if metric == b.headline || !b.isOfQuality(metric) {
			continue
		}
		var compared []control
		var quiet statistics // the report has the estimates of the best alone
		for _, c := range candidates {
			var err error
			if c.difference, err = quiet.compare(b.system(c.treatment), b.system(c.other), metric); err != nil {
				return nil, err
			}
			if c.difference != nil {
				compared = append(compared, c)
			}
		}
		if len(compared) == 0 {
			continue
		}
		best := b.best(compared, metric)
		b.statistics.warn(best.difference.Warnings)
		all = append(all, b.metricGain(metric, best, len(compared)))
	}
	return all, nil
}

// metricGain is the comparison with the best of so many controls by a metric.
func (b *builder) metricGain(metric string, best control, of int) metricGain {
	bond, _ := b.bondOf(best.treatment, metric)
	return metricGain{metric, best, of, bond}
}

// everyMetric has the headline first.
func (b *builder) everyMetric() []metricGain {
	return append([]metricGain{b.metricGain(b.headline, b.gain.best, b.gain.count)}, b.gain.byMetric...)
}

// result is the comparison for a script.
func (m metricGain) result(of metrics.Direction) MetricGain {
	return MetricGain{
		Metric: m.metric, Mean: m.difference.MeanA, ControlMean: m.difference.MeanB, Control: System(m.other), Kind: m.kind, BestOf: m.bestOf,
		Versus: asVersus(m.difference, of), Optimised: m.bond.String(),
	}
}

// metricsSaid says how the treatment compares by the other metrics: first by those that
// its rewards do not know, and of each sort the least flattering first.
func (b *builder) metricsSaid() []document.Spans {
	var known, unknown []metricGain
	for _, m := range b.gain.byMetric {
		if m.bond != apart {
			known = append(known, m)
		} else {
			unknown = append(unknown, m)
		}
	}
	var said []document.Spans
	add := func(of []metricGain, format string) {
		if len(of) > 0 {
			said = append(said, document.Format(format, b.verdicts(of)))
		}
	}
	if !b.knowsMetrics() {
		add(unknown, "By other metrics, beside the best control by each: %s.")
		return said
	}
	add(unknown, "By metrics that its rewards neither contain nor were taught by, beside the best control by each: %s.")
	if len(unknown) == 0 && len(b.gain.byMetric) > 0 {
		said = append(said, document.Format("No metric of the table that says how good outputs are is without its rewards."))
	}
	add(known, "By others that they know: %s.")
	return said
}

// verdicts are what is said of comparisons: losses first, then what is not shown, then
// gains.
func (b *builder) verdicts(of []metricGain) document.Spans {
	ordered := slices.Clone(of)
	rank := func(m metricGain) int {
		if !m.difference.isSignificant() && m.difference.Tested {
			return 0
		}
		return b.direction(m.metric).Better(m.difference.Difference)
	}
	slices.SortStableFunc(ordered, func(x, y metricGain) int { return rank(x) - rank(y) })
	var said []document.Spans
	for _, m := range ordered {
		d := m.difference
		verdict, p := "not significantly different from", document.Format("; %s", probability(d.Corrected))
		switch {
		case !d.Tested:
			verdict, p = above(d), nil
		case d.isSignificant():
			verdict = comparative(b.direction(m.metric), d) + " than"
		}
		said = append(said, document.Format("in %s %s %s (%s, %s%s)", measure(m.metric), verdict, b.shortName(measured{control: m.control}), means(d), sized(d), p))
	}
	return document.Join(said, "; ")
}

// knowsMetrics tells whether the treatment's rewards have to do with a metric of quality.
func (b *builder) knowsMetrics() bool {
	return slices.ContainsFunc(b.everyMetric(), func(m metricGain) bool { return m.bond != apart })
}

// metricTable has a row for each metric that says how good outputs are.
func (b *builder) metricTable() document.Table {
	g := b.gain
	table := document.Table{
		Header: document.Row("metric", "of "+g.treatment.Label, "best control by it", "decoding", "of the control", "treatment − control", "p"),
		Align:  []document.Alignment{1: document.Right, 4: document.Right, 5: document.Right, 6: document.Right},
	}
	for _, m := range b.everyMetric() {
		name := document.Number(m.metric)
		if mark := m.bond.mark(); mark != "" {
			name += document.Number(" " + mark)
		}
		d := m.difference
		table.Add(name, number(d.MeanA), m.other.Label+", "+m.kind, b.decodedAs(m.other), number(d.MeanB), sized(d), tested(d))
	}
	return table
}

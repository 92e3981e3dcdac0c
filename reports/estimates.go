package reports

import (
	"context"

	"lastmile/metrics"
	"lastmile/runs"
)

// mainTable is the table and the comparisons behind it.
type mainTable struct {
	Table
	differences map[runs.System]map[string]*difference // by system and metric
}

// buildTable estimates and compares all systems.
func (b *builder) buildTable(ctx context.Context, columns []string, published []publishedValue) (*mainTable, error) {
	t := &mainTable{differences: map[runs.System]map[string]*difference{}}
	t.Sweep, t.Baselines, t.Confidence = b.sweep.Name, b.baselines, metrics.Confidence
	for _, metric := range columns {
		scale := metrics.ScaleOf(metric)
		column := Column{Metric: metric, Better: b.direction(metric).String(), Summary: scale.Summary(), Compared: scale.Compared()}
		for _, m := range b.metrics {
			if m.Name == metric {
				column.Signatures = append(column.Signatures, m.Signature)
			}
		}
		t.Columns = append(t.Columns, column)
	}
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
				if against != l.name && !d.isMatched() { // which is the MLE policy on both sides
					row.Baseline = against
				}
				t.differences[system] = map[string]*difference{}
				for _, metric := range columns {
					estimate, err := b.statistics.mean(scores, metric)
					if err != nil {
						return nil, err
					}
					bond, _ := b.bondOf(system, metric)
					row.Cells = append(row.Cells, Cell{Score: asScore(estimate), Published: publishedFor(published, system, metric), Optimised: bond.String(), bond: bond})
					if row.Baseline == "" {
						continue
					}
					other := b.system(runs.System{Label: against, Decode: d.name, Form: form})
					diff, err := b.statistics.compare(scores, other, metric)
					if err != nil {
						return nil, err
					}
					if diff != nil {
						t.differences[system][metric] = diff
					}
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t, nil
}

// correctAll corrects the p values of the table, of the controls and of the split of
// the gain, which are one family but for the primary comparison, and puts the
// comparisons into the table's cells.
func (b *builder) correctAll() {
	var family []*difference
	seen := map[*difference]bool{}
	if b.primary != nil {
		seen[b.primary.difference] = true
	}
	add := func(d *difference) {
		if d != nil && d.Tested && !seen[d] {
			seen[d] = true
			family = append(family, d)
		}
	}
	for i := range b.table.Rows {
		for _, metric := range b.columns {
			add(b.table.differences[b.table.Rows[i].system()][metric])
		}
	}
	for _, c := range b.controls {
		add(c.difference)
	}
	for _, d := range b.gain.differences() {
		add(d)
	}
	if b.primary != nil {
		b.primary.correct(b.direction(b.headline))
	}
	b.family = len(family)
	correct(family)
	if b.gain != nil {
		for _, m := range b.gain.byMetric {
			m.difference.payForChoice(b.direction(m.metric), m.bestOf)
		}
	}
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		for c, metric := range b.columns {
			row.Cells[c].Versus = asVersus(b.table.differences[row.system()][metric], b.direction(metric))
		}
	}
}

func asScore(e *metrics.Estimate) *Score {
	if e == nil {
		return nil
	}
	return &Score{Value: e.Value, Low: e.Low, High: e.High, Examples: e.Examples, Seeds: e.Seeds}
}

func asVersus(d *difference, of metrics.Direction) *Versus {
	if d == nil {
		return nil
	}
	v := &Versus{
		Difference: d.Difference, Low: d.Low, High: d.High, Examples: d.Examples, Seeds: len(d.seeds),
		Significant: d.isSignificant(), Better: of.Better(d.Difference),
	}
	if d.Tested {
		v.P, v.PHolm = &d.P, &d.Corrected
	}
	return v
}

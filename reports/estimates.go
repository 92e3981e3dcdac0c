package reports

import (
	"context"
	"slices"

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
	t.Sweep, t.Baselines, t.Confidence = b.sweep.Name, b.baselines, b.statistics.resampling.Confidence
	for _, metric := range columns {
		column := Column{Metric: metric, Better: direction(metric).String()}
		for _, m := range b.metrics {
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

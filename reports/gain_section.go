package reports

import (
	"fmt"
	"strings"

	"lastmile/reports/document"
	"lastmile/runs"
)

// gainTitle is the title of the section on what the gain is made of.
const gainTitle = "What the gain is made of"

// gainSection splits the gain of the primary treatment into what its controls have.
func (b *builder) gainSection() []document.Block {
	g := b.gain
	if g == nil {
		return nil
	}
	blocks := []document.Block{
		paragraph("%s %s", b.remainderSaid(), b.partsSaid()),
		paragraph("%s of %s over %s, part by part: of the controls that have a part alone, the best. Parts overlap and do not add up.",
			capitalize(title(b.headline)), b.systemName(g.treatment), b.systemName(g.baseline)),
		b.gainTable(),
	}
	if len(g.byMetric) > 0 {
		marks := ""
		if b.knowsMetrics() {
			marks = " " + optimisedMark + " " + nearMark + ": what its rewards know, as in the scores below."
		}
		blocks = append(blocks, paragraph("%s beside the best of its controls, metric by metric: the one that is best by one need not be by another.%s", capitalize(b.systemName(g.treatment)), marks), b.metricTable())
	}
	return blocks
}

// gainTable has a row for each part of the gain.
func (b *builder) gainTable() document.Table {
	g := b.gain
	table := document.Table{
		Header: document.Row("part", "control that has it", "decoding", "control − baseline", "p", "treatment − control", "p"),
		Align:  []document.Alignment{3: document.Right, 4: document.Right, 5: document.Right, 6: document.Right},
	}
	add := func(part, name, decode string, over, treatment *difference) {
		row := document.Row(part, name, decode)
		for _, d := range []*difference{over, treatment} {
			if d == nil {
				row = append(row, document.Row("–", "–")...)
				continue
			}
			row = append(row, document.Spans{sized(d)}, document.Spans{tested(d)})
		}
		table.Rows = append(table.Rows, row)
	}
	addControl := func(part string, m measured) {
		add(part, m.other.Label+", "+m.kind, b.decodedAs(m.other), m.overBaseline, m.difference)
	}
	add("the whole gain", g.baseline.Label+", "+theBaseline, b.decodedAs(g.baseline), nil, g.whole)
	for _, p := range g.parts {
		switch {
		case len(p.controls) > 0:
			addControl(p.name, p.controls[0])
		case p.inBaseline:
			add(p.name, "the baseline, tuned on dev too", "–", nil, nil)
		default:
			add(p.name, "not measured", "–", nil, nil)
		}
	}
	best := measured{control: g.best}
	for _, m := range g.controls() {
		if m.other == g.best.other {
			best.overBaseline = m.overBaseline
		}
	}
	addControl("what remains", best)
	for _, m := range g.ceilings {
		addControl("a ceiling, no control", m)
	}
	return table
}

// gainSaid says what the gain is made of, the least flattering first. It leaves out what
// the primary comparison says.
func (b *builder) gainSaid() document.Spans {
	if b.primary != nil && b.primary.other == b.gain.best.other {
		return b.partsSaid()
	}
	return document.Format("%s %s", b.remainderSaid(), b.partsSaid())
}

// partsSaid says what the treatment and each of its controls have over the baseline, the
// best first.
func (b *builder) partsSaid() document.Spans {
	g := b.gain
	said := document.Format("Over %s, %s has %s %s", b.name(g.baseline.Label), b.name(g.treatment.Label), sized(g.whole), measure(b.headline))
	var has []document.Spans
	for _, m := range byGain(g.controls(), b.direction(b.headline)) {
		has = append(has, document.Format("%s (%s) has %s", b.partOf(m), b.shortName(m), sized(m.overBaseline)))
	}
	if len(has) > 0 {
		said = document.Format("%s; without it, %s", said, document.Join(has, ", "))
	}
	said = document.Format("%s.", said)
	if names := g.unmeasured(); len(names) > 0 {
		said = document.Format("%s Not measured: %s.", said, strings.Join(names, ", "))
	}
	return said
}

// remainderSaid says what remains of the gain beyond the best control.
func (b *builder) remainderSaid() document.Spans {
	g := b.gain
	d := g.best.difference
	beyond := document.Format("Beyond the best of %s, %s, %s has %s %s",
		counted(g.count, "control"), b.controlName(g.best), b.systemName(g.treatment), sized(d), measure(b.headline))
	switch better := b.direction(b.headline).Better(d.Difference); {
	case !d.Tested:
		return document.Format("%s, %s.", beyond, these)
	case !d.isSignificant():
		return document.Format("%s (%s): no gain of its own is shown.", beyond, probability(d.Corrected))
	case better < 0:
		return document.Format("%s (%s): it has less than that control.", beyond, probability(d.Corrected))
	}
	return document.Format("%s (%s), a gain that no control has.", beyond, probability(d.Corrected))
}

// partOf is the part that a control has.
func (b *builder) partOf(m measured) string {
	for _, p := range b.gain.parts {
		for _, c := range p.controls {
			if c.other == m.other {
				return p.name
			}
		}
	}
	return m.kind
}

// systemName is how sentences call a system.
func (b *builder) systemName(of runs.System) string {
	return fmt.Sprintf("%s %s", b.name(of.Label), b.manner(of.Label, b.decoding(of.Decode)))
}

// shortName is how a control is called where its part is said.
func (b *builder) shortName(m measured) string {
	switch m.kind {
	case bestTemperature, bestDecoding, minimumRisk, bestByReward:
		return b.name(m.other.Label) + ", " + m.kind
	case entropyMatched:
		return m.kind
	}
	return b.name(m.other.Label)
}

// sized is a difference with its interval.
func sized(d *difference) document.Number {
	return signed(d.Difference) + " " + interval(d.Low, d.High)
}
